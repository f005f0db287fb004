"""What an engineer may do, one tool a file; the checks stand inside the tools, not in a prompt."""
