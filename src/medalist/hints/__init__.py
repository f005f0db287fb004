"""The knowledge base of training mistakes: entries as data, detectors, matchers, learned entries."""
