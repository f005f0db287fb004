"""The stages of a search, one folder or file each: from closed-form detectors to learned rules and evolution."""
