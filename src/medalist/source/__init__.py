"""Reading and editing Python as a syntax tree."""
