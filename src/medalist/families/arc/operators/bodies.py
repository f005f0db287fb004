"""Operators that run a whole program of their own: on every piece apart, or one of two by what the grid is like.

Such a program is a literal, its ``body``: what ``Program.as_json`` gives, as tuples. In a stand-alone file it is a
function.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from medalist.families.arc.grids.cells import Grid, Piece
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue, find_operator, operator
from medalist.families.arc.language.program import INPUT, Program

Body: TypeAlias = Any
"""A program as nested tuples. Whoever names a literal so has it written out as a function."""


def body_of(program: Program) -> Body:
    return _tuples(program.as_json())


def program_of(body: Body) -> Program:
    """Raises ValueError for what is no body."""
    return _program(body)


def bodies_of(part: Program) -> dict[str, Program]:
    """Those literals of a program's outermost operator that are programs themselves, by name."""
    if part == INPUT:
        return {}
    names = _body_names(part.operator)
    return {name: program_of(value) for name, value in part.parameters if name in names}


def all_parts(program: Program) -> Iterator[Program]:
    """Every part of a program, those of the programs within it too."""
    for part in program.parts():
        yield part
        for body in bodies_of(part).values():
            yield from all_parts(body)


@cache
def _body_names(name: str) -> frozenset[str]:
    parameters = inspect.signature(find_operator(name).function).parameters
    return frozenset(key for key, each in parameters.items() if each.annotation == "Body")


def result_of(body: Body, grid: Grid) -> Grid:
    """What a body gives for a grid. Raises NoValue where it gives none.

    >>> result_of(("input", (), ()), np.array([[1]], np.int8)).tolist()
    [[1]]
    """
    answer = _program(body).answer(grid)
    if answer is None:
        raise NoValue("the program within gives no grid")
    return answer


@cache
def _program(body: Body) -> Program:
    return Program.from_json(body)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


@operator(tags=("object detection", "array manipulation"), cost=1.5)
def each_apart(pieces: tuple[Piece, ...], grid: Grid, *, body: Body) -> Grid:
    """In the box of every piece what a program of its own makes of that box, as if there were nothing else.

    >>> left = Piece(np.array([[1, 2]], np.int8), 0, 0)
    >>> flip = ("turn", (("input", (), ()),), (("way", "left-right"),))
    >>> each_apart((left,), np.array([[1, 2, 3]], np.int8), body=flip).tolist()
    [[2, 1, 3]]
    """
    answer = grid.copy()
    for piece in pieces:
        height, width = piece.cells.shape
        box = (slice(piece.row, piece.row + height), slice(piece.column, piece.column + width))
        made = result_of(body, np.ascontiguousarray(grid[box]))
        if made.shape != grid[box].shape:
            raise NoValue("the result is not as large as its box")
        answer[box] = made
    return answer


def grid_trait(grid: Grid, trait: str) -> int:
    """A number that tells grids apart: a size, how many colours, objects, or cells of a colour; symmetry as 0 or 1.

    >>> grid_trait(np.array([[0, 5, 5]], np.int8), "colours"), grid_trait(np.array([[0, 5, 5]], np.int8), "cells of 5")
    (2, 2)
    """
    height, width = grid.shape
    if trait.startswith("cells of "):
        return int((grid == int(trait[9:])).sum())
    if trait == "height":
        return height
    if trait == "width":
        return width
    if trait == "taller than wide":
        return int(height > width)
    if trait == "colours":
        return len(np.unique(grid))
    if trait == "mirrored left-right":
        return int((grid == grid[:, ::-1]).all())
    if trait == "mirrored up-down":
        return int((grid == grid[::-1]).all())
    background = int(np.bincount(grid.ravel()).argmax())
    if trait == "objects":
        return int(components(grid, background, True, True).max())
    if trait == "background":
        return background
    if trait == "coloured cells":
        return int((grid != background).sum())
    raise NoValue(f"no trait is called {trait}")


TRAITS = (
    "objects",
    "colours",
    "height",
    "width",
    "taller than wide",
    "mirrored left-right",
    "mirrored up-down",
    "background",
    "coloured cells",
    *(f"cells of {colour}" for colour in range(10)),
)
"""The simplest first: of several that tell grids apart the first is taken."""


@operator(tags=("conditional logic",), cost=1.5)
def decide(grid: Grid, *, trait: str, bound: int, high: Body, low: Body) -> Grid:
    """What one program makes of the grid where a trait of it is at least ``bound``, else what another makes of it.

    >>> same, flip = ("input", (), ()), ("turn", (("input", (), ()),), (("way", "left-right"),))
    >>> decide(np.array([[1, 2]], np.int8), trait="width", bound=3, high=same, low=flip).tolist()
    [[2, 1]]
    """
    return result_of(high if grid_trait(grid, trait) >= bound else low, grid)
