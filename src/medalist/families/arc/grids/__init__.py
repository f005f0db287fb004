"""What everything in ``arc`` is made of: grids, pieces of them, a puzzle's pairs, and the few fast kernels."""
