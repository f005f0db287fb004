"""Imports a module of the user's own that lies beside it."""

import numpy as np
from own_tools import square


def total(values):
    out = 0.0
    for value in values:
        for other in values:
            out += square(value - other)
    return out


if __name__ == "__main__":
    print(f"{total(np.linspace(0, 1, 500) ** 2):.6f}")
