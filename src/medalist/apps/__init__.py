"""The command line and other doors: they parse, call and print."""
