"""Outputs that are a table of two states of their size: a cell's colours in both say its colour in the output.

What two panels are combined to, what is painted where a filled or grown or mirrored copy differs from the input: all
are such tables. One that some pair needs an entry for which no other pair has is believed little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import Program, call
from medalist.families.arc.solving.states import State

MOST_STATES = 90
_MOST_ENTRIES = 16


@dataclass(frozen=True)
class Table:
    """A program, the share of pairs whose entries other pairs have too, and how long it is."""

    program: Program
    borne: float
    cost: float


def tables(puzzle: Puzzle, states: Sequence[State]) -> Iterator[Table]:
    """Tables of two of the ``states``, all of output size, that give every training output; tests need no new entry."""
    pairs = len(puzzle.train)
    target = np.concatenate([output.ravel() for output in puzzle.outputs]).astype(np.int16)
    owner = np.repeat(np.arange(pairs), [output.size for output in puzzle.outputs])
    cells = [np.concatenate([v.ravel() for v in state.values[:pairs]]).astype(np.int16) for state in states]
    for number, one in enumerate(states):
        for place in range(number + 1, len(states)):
            keys = cells[number] * 10 + cells[place]
            if not _decides(keys, target):
                continue
            found = _table(keys, target, owner, one, states[place], pairs)
            if found is not None:
                yield found


def _decides(keys: npt.NDArray[np.int16], target: npt.NDArray[np.int16]) -> bool:
    """Whether cells with one key always have one colour."""
    colours = np.zeros(100, np.int16)
    colours[keys] = target
    return bool((colours[keys] == target).all())


def _table(
    keys: npt.NDArray[np.int16],
    target: npt.NDArray[np.int16],
    owner: npt.NDArray[np.intp],
    one: State,
    other: State,
    pairs: int,
) -> Table | None:
    present, firsts = np.unique(keys, return_index=True)
    if len(present) > _MOST_ENTRIES + 8:
        return None
    known = set(present.tolist())
    for first, second in zip(one.values[pairs:], other.values[pairs:], strict=True):
        if first.shape != second.shape or not set(np.unique(first * 10 + second).tolist()) <= known:
            return None
    entries = tuple(
        (key // 10, key % 10, int(target[place]))
        for key, place in zip(present.tolist(), firsts.tolist(), strict=True)
        if key // 10 != target[place]
    )
    if not 1 <= len(entries) <= _MOST_ENTRIES:
        return None
    owners = [set(owner[keys == key].tolist()) for key in present.tolist()]
    alone = set().union(*(each for each in owners if len(each) == 1))
    program = call("looked_up", one.program, other.program, table=entries)
    return Table(program, 1 - len(alone) / pairs, one.cost + other.cost + 1 + 0.15 * len(entries))
