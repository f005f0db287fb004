"""What a small slow program is, for tests: its text, and arguments to run it on."""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Slow:
    """A program whose ``run`` takes what ``make`` makes of a random generator."""

    name: str
    text: str
    make: Callable[[np.random.Generator], tuple[Any, ...]]


def slow(name: str, text: str, make: Callable[[np.random.Generator], tuple[Any, ...]]) -> Slow:
    """A program of its indented text."""
    return Slow(name, dedent(text).lstrip("\n"), make)
