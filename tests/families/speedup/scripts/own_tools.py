"""What ``beside.py`` imports."""


def square(x):
    return x * x
