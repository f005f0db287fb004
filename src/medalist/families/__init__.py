"""The kinds of task Medalist solves, a folder each."""
