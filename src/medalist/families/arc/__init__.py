"""ARC-AGI tasks: programs over small coloured grids, searched, learned and evolved, two attempts a test input."""
