"""The language solutions are written in: typed operators, programs of them, and their text."""
