"""Engineers: the policies at work in an attempt, and the session that stands between them and the machine."""
