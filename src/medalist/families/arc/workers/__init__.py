"""Programs that a language model wrote, run in persistent sandboxed worker processes."""
