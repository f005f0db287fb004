"""Runs: from a request to attempts, their files, grades and reports."""
