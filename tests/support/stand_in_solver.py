"""A solver to order: the first cell of a puzzle's first input says what it does. Named in settings as ``solver``."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import INPUT, Program
from medalist.families.arc.solving.solve import Believed, Solution

NAME = "stand_in_solver:solve"
SOLVES, BURNS, HOARDS, RAISES, DIES, PRINTS, DRAWS, DAWDLES, LIES = range(1, 10)


def solve(
    puzzle: Puzzle,
    *,
    seed: int,
    seconds: float,
    library: Sequence[Program] = (),
    population: int | None = None,
    generations: int | None = None,
) -> Solution:
    """Turned round, as far as anybody would know; what else it does depends on the puzzle."""
    wish = int(puzzle.train[0].input[0, 0])
    if wish == BURNS:
        while True:
            sum(range(1000))
    if wish == HOARDS:
        held = [np.ones(1 << 22, np.int8)]
        while True:
            held.append(np.ones(1 << 24, np.int8))
            time.sleep(0.01)
    if wish == RAISES:
        raise KeyError("broken on purpose")
    if wish == DIES:
        os.kill(os.getpid(), signal.SIGKILL)
    if wish == PRINTS:
        print("a solver's own words\n" * 1000)
    if wish == DAWDLES:
        time.sleep(0.5)
    marked = [random.randrange(10), int(np.random.randint(10))] if wish == DRAWS else [0, 0]
    if wish == LIES:
        marked = [77]
    answers = tuple(np.fliplr(grid) for grid in puzzle.tests)
    second = np.array([marked], np.int8)
    believed = Believed(INPUT, "stand-in", 0.75, f"seed {seed}, {len(library)} kept", True, (1, 1.0), answers)
    return Solution(tuple((answer, second) for answer in answers), (believed,), 7, {"stand-in": 0.01})


def task(wish: int, mark: int = 0) -> dict[str, Any]:
    """A task whose rows are turned round, solved as ``wish`` says; ``mark`` tells it from others."""
    grid = [[wish, mark % 10, mark // 10 % 10]]
    pair = {"input": grid, "output": [grid[0][::-1]]}
    return {"train": [pair], "test": [pair]}
