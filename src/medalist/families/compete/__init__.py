"""Competitions: from a Kaggle-style folder to a graded submission. The entry point names ``family.family``."""
