"""What language models are asked for on a puzzle: analyst, programmer, refiner, tagger, crossover."""
