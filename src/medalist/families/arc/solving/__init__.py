"""How a puzzle is solved: stages propose programs, the solver checks, ranks and chooses two attempts a test input."""
