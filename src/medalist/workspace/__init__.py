"""Where an engineer's code runs: the folder, the sandbox around it, and its background jobs."""
