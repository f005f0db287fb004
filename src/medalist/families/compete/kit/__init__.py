"""The kit: what turns facts and a recipe into stand-alone ``train.py`` and ``predict.py``."""
