"""Transformations for programs over texts, lists and dictionaries: look up and count once instead of searching anew."""

TRANSFORMATIONS = ()
"""What the search may try, in no order."""
