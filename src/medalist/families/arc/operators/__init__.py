"""Operators by group, one file a group; ``language.operator`` finds every file here by itself."""
