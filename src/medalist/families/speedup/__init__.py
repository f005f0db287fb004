"""Speed-up: a slow training program made fast, by a judge that cannot be fooled."""
