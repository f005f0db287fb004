"""What becomes of a program that a language model wrote when it is run on a puzzle's inputs, and how that travels.

Outcomes cross from a sandbox as JSON and plain bytes; nothing in them is run or believed: a grid is a grid only once
its shape, its length and its colours were checked on this side.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import LARGEST_SIDE, Grid, is_grid

LENGTH = struct.Struct(">I")
MOST_BYTES = 1 << 22
"""Of one message from a worker."""

_LONGEST_TEXT = 2_000


class Trouble(StrEnum):
    """Why there is no answer."""

    NOT_PYTHON = "not Python"
    NO_SOLVE = "no function solve"
    IMPORTS = "imports"
    RAISED = "raised"
    TOO_SLOW = "too slow"
    TOO_MUCH_MEMORY = "too much memory"
    PRINTS = "prints too much"
    EXITED = "ended its process"
    PROCESSES = "started processes"
    NOT_A_GRID = "no grid"
    TAMPERED = "changed what others use"


@dataclass(frozen=True)
class Fault:
    """Why there is no answer to an input: the kind, and a sentence or a few lines for who wrote the program."""

    trouble: Trouble
    text: str


@dataclass(frozen=True, eq=False)
class Outcome:
    """For each input a grid or why there is none; ``remark`` on what was let pass all the same."""

    answers: tuple[Grid | None, ...]
    faults: tuple[Fault | None, ...]
    remark: str = ""

    @property
    def trouble(self) -> Trouble | None:
        """The first one; None when every input is answered."""
        return next((fault.trouble for fault in self.faults if fault is not None), None)

    @property
    def texts(self) -> tuple[str, ...]:
        """For each input why there is no answer; "" where there is one."""
        return tuple(fault.text if fault is not None else "" for fault in self.faults)


def failed(trouble: Trouble, text: str, inputs: int) -> Outcome:
    """The outcome of a program that answers nothing."""
    return Outcome((None,) * inputs, (Fault(trouble, text[:_LONGEST_TEXT]),) * inputs)


def message(body: bytes) -> bytes:
    """``body`` with its length before it: how everything travels."""
    return LENGTH.pack(len(body)) + body


def pack_grids(grids: Sequence[Grid | None], **more: Any) -> bytes:
    """Grids as bytes, with ``more`` in JSON."""
    shapes = [None if grid is None else grid.shape for grid in grids]
    head = json.dumps({"shapes": shapes, **more}).encode()
    cells = b"".join(grid.astype(np.int8, copy=False).tobytes() for grid in grids if grid is not None)
    return LENGTH.pack(len(head)) + head + cells


def unpack_grids(data: bytes) -> tuple[list[Grid | None], dict[str, Any]]:
    """What ``pack_grids`` packed. Raises ValueError for anything else."""
    try:
        (length,) = LENGTH.unpack_from(data)
        begin = LENGTH.size + length
        head = json.loads(data[LENGTH.size : begin])
        grids: list[Grid | None] = []
        for shape in head.pop("shapes"):
            if shape is None:
                grids.append(None)
                continue
            rows, columns = shape
            if not (1 <= rows <= LARGEST_SIDE and 1 <= columns <= LARGEST_SIDE):
                raise ValueError(f"a grid of {rows} x {columns}")
            grid = np.frombuffer(data, np.int8, rows * columns, begin).reshape(rows, columns).copy()
            if not is_grid(grid):
                raise ValueError("cells that are no colours")
            grids.append(grid)
            begin += rows * columns
    except (struct.error, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"these are no grids: {error}") from error
    return grids, head


def pack_outcome(outcome: Outcome, *, spent: bool = False) -> bytes:
    """``spent`` says that the worker is to be replaced."""
    faults = [None if fault is None else [fault.trouble, fault.text] for fault in outcome.faults]
    return pack_grids(outcome.answers, faults=faults, remark=outcome.remark, spent=spent)


def unpack_outcome(data: bytes, inputs: int) -> tuple[Outcome, bool]:
    """The outcome for so many inputs, and whether the worker is spent. Raises ValueError for anything else."""
    answers, head = unpack_grids(data)
    try:
        faults = [
            None if each is None else Fault(Trouble(each[0]), _text(each[1])) for each in head["faults"]
        ]
        remark, spent = _text(head["remark"]), head["spent"] is True
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"this is no outcome: {error}") from error
    if len(answers) != inputs or len(faults) != inputs:
        raise ValueError(f"{len(answers)} answers for {inputs} inputs")
    if any((fault is None) != (answer is not None) for fault, answer in zip(faults, answers, strict=True)):
        raise ValueError("answers and faults do not go together")
    return Outcome(tuple(answers), tuple(faults), remark), spent


def _text(said: object) -> str:
    """What a program may have a hand in, cut short, of characters that can be written anywhere."""
    return str(said)[:_LONGEST_TEXT].encode(errors="replace").decode()
