"""The playbook's optimiser: a search over program transformations that are verified before they are kept (SPEC S7)."""
