"""The nouns everything else is said in; imports nothing of ours and nothing heavy."""
