"""Engineers: the policies at work in an attempt."""
