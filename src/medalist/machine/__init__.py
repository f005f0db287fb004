"""What the hardware is, what it is doing, and who may use which part of it."""
