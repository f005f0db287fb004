"""What detectors share: an idea with its prior, whether it fits, and which background a puzzle has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from medalist.families.arc.grids.cells import Grid, same
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import Program, call
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


def finished(puzzle: Puzzle, idea: Idea) -> Idea | None:
    """The idea, or what it takes to make it right: a table of colours at the end, or two colours exchanged.

    None where neither gives every training output.
    """
    table: dict[int, int] = {}
    exact = swapped = True
    for pair in puzzle.train:
        answer = idea.program.answer(pair.input)
        if answer is None or answer.shape != pair.output.shape:
            return None
        if same(answer, pair.output):
            swapped = False
        else:
            exact = False
            swapped = swapped and _is_swap(answer, pair.output)
        for old, new in zip(answer.ravel().tolist(), pair.output.ravel().tolist(), strict=True):
            if table.setdefault(old, new) != new:
                if not swapped:
                    return None
                table[old] = -1
    if exact:
        return idea
    if swapped:
        return Idea(call("swap_two", idea.program), idea.prior * 0.8, f"{idea.why}, two colours exchanged")
    if min(table.values()) < 0 or len(set(table.values())) < 2:
        return None
    prior = idea.prior * (0.8 if sum(out.size for out in puzzle.outputs) >= 12 else 0.3)
    changes = tuple(sorted((old, new) for old, new in table.items() if old != new))
    return Idea(call("exchanged", idea.program, table=changes), prior, f"{idea.why}, recoloured")


def _is_swap(answer: Grid, output: Grid) -> bool:
    """Whether two grids differ by two colours that changed places."""
    pairs = {(old, new) for old, new in zip(answer.ravel().tolist(), output.ravel().tolist(), strict=True)}
    moved = [(old, new) for old, new in pairs if old != new]
    return len(moved) == 2 and moved[0] == moved[1][::-1] and len(pairs) == len({old for old, _ in pairs})


def progress(puzzle: Puzzle, program: Program) -> int:
    """How many cells it sets right over all pairs of one shape; 0 where it sets one wrong or does nothing to a pair."""
    total = 0
    for pair in puzzle.train:
        answer = program.answer(pair.input)
        if answer is None or answer.shape != pair.output.shape:
            return 0
        changed = answer != pair.input
        if not changed.any() or (answer != pair.output)[changed].any():
            return 0
        total += int(changed.sum())
    return total if all(program.answer(test) is not None for test in puzzle.tests) else 0
