"""Where a language model is called: names, one door, usage and limits, cache, oracle, local server."""
