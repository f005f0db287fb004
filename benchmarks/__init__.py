"""What Medalist claims about speed and scores, reproducible: ``make bench`` or ``python -m benchmarks NAME``."""
