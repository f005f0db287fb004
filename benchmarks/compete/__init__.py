"""Medalist beside AutoGluon, FLAML and a default LightGBM: same folders, same cores, same budget, interleaved."""
