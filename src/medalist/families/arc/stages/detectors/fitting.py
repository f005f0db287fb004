"""What detectors share: an idea with its prior, whether it fits, and which background a puzzle has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from medalist.families.arc.grids.cells import Grid, same
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import Program
from medalist.families.arc.solving.stage import Meter


@dataclass(frozen=True)
class Idea:
    """A program that a detector worked out, and how often such a one is right where it fits every pair (0 to 1)."""

    program: Program
    prior: float
    why: str


T = TypeVar("T")

Detector = Callable[[Puzzle, Meter], Iterator[Idea]]


def fits(puzzle: Puzzle, program: Program) -> bool:
    """Whether it gives every training output."""
    for pair in puzzle.train:
        answer = program.answer(pair.input)
        if answer is None or not same(answer, pair.output):
            return False
    return True


def test_answers(puzzle: Puzzle, program: Program) -> tuple[Grid, ...] | None:
    """Its answers to the test inputs; None where it has none for one of them."""
    answers = [program.answer(test) for test in puzzle.tests]
    found = tuple(answer for answer in answers if answer is not None)
    return found if len(found) == len(answers) else None


def backgrounds(puzzle: Puzzle) -> list[int]:
    """The likely background first: the colour with the largest share of all inputs, the runner-up where it is in
    every input and close, and -1 (each grid's most frequent) where grids differ."""
    shares = np.zeros(10)
    everywhere = np.ones(10, bool)
    usual = set()
    for grid in puzzle.inputs:
        counts = np.bincount(grid.ravel(), minlength=10)
        shares += counts / grid.size
        everywhere &= counts > 0
        usual.add(int(counts.argmax()))
    order = [int(colour) for colour in np.argsort(-shares, kind="stable")]
    found = [order[0]] if everywhere[order[0]] or not everywhere.any() else []
    found += [colour for colour in order if everywhere[colour] and shares[colour] * 2 > shares[order[0]]]
    if everywhere[0]:
        found.append(0)
    if len(usual) > 1:
        found.append(-1)
    return list(dict.fromkeys(found))[:3] or [-1]


def tilings(puzzle: Puzzle) -> Iterator[str]:
    """Equal divisions of the inputs into tiles that are as large as the outputs."""
    shares = {
        (pair.input.shape[0] / pair.output.shape[0], pair.input.shape[1] / pair.output.shape[1])
        for pair in puzzle.train
    }
    if len(shares) == 1:
        down, across = shares.pop()
        if down == int(down) and across == int(across) and down * across > 1:
            yield f"tiles {int(down)} {int(across)}"


def colours_of(grids: Iterable[Grid]) -> set[int]:
    """Every colour that one of the grids holds."""
    return {int(colour) for grid in grids for colour in np.unique(grid)}


def pruned(parts: tuple[T, ...], enough: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """``parts`` less each that is not needed, the last ones tried first: what says least is believed most."""
    for place in reversed(range(len(parts))):
        fewer = parts[:place] + parts[place + 1 :]
        if fewer and enough(fewer):
            parts = fewer
    return parts
