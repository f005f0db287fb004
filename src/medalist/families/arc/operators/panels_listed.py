"""Grids that tell of another: parts in order as a list, a count as filled places, a property as one of few grids."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.geometry import fits
from medalist.families.arc.operators.panels_combined import arrangement
from medalist.families.arc.operators.panels_parts import ground, measures, parts_of
from medalist.families.arc.operators.tiling import amount


@operator(tags=("counting", "object detection"))
def listed(
    grid: Grid, *, parts: str, measure: str, least_first: bool, show: str, across: bool, background: int = -1
) -> Grid:
    """The parts in order of a measure, one below the other, or beside it with ``across``; equals by place.

    ``show`` "colours" is a cell of its main colour for each; "bars" as many cells as it measures, the rest of the
    row background; "pieces" each part itself, which must be equally wide (or high).

    >>> listed(np.array([[1, 0, 2, 2]], np.int8), parts="colours", measure="cells", least_first=False, show="bars",
    ...     across=False, background=0).tolist()
    [[2, 2], [1, 0]]
    """
    base = ground(grid, background)
    pieces = parts_of(grid, parts, background, 1)
    table = measures(pieces, grid, background)
    values = table[measure]
    order = sorted(range(len(pieces)), key=lambda place: values[place] if least_first else -values[place])
    if show == "pieces":
        shown = [np.where(pieces[at].cells == CLEAR, base, pieces[at].cells) for at in order]
        shown = [each.T for each in shown] if across else shown
        if len({each.shape[1] for each in shown}) > 1:
            raise NoValue("parts of different sizes")
        out = np.concatenate(shown)
    else:
        lengths = [1 if show == "colours" else values[at] for at in order]
        fits(len(order), max(lengths))
        out = np.full((len(order), max(lengths)), base, np.int8)
        for line, (at, length) in enumerate(zip(order, lengths, strict=True)):
            out[line, :length] = table["colour"][at]
    fits(*out.shape)
    return np.ascontiguousarray(out.T if across else out).astype(np.int8)


def counted_of(grid: Grid, what: str, background: int) -> int:
    """An amount of the whole grid, or "WHAT of N" of the cells of one colour alone.

    >>> counted_of(np.array([[1, 0, 1]], np.int8), "objects of 1", 0)
    2
    """
    what, _, colour = what.partition(" of ")
    if colour.isdecimal():
        base = ground(grid, background)
        grid = np.where(grid == int(colour), grid, base).astype(np.int8)
    elif colour:
        what = f"{what} of {colour}"
    return amount(grid, what, background)


@operator(tags=("counting",))
def counted(grid: Grid, *, what: str, places: tuple, shape: tuple, paint: int, background: int = -1) -> Grid:
    """A grid of ``shape`` whose first ``places`` (row, column), as many as are counted, have the colour ``paint``.

    Paint -1 is the most frequent colour that is not the background. Raises NoValue for more than there are places.

    >>> counted(np.array([[1, 0, 1]], np.int8), what="objects", places=((0, 0), (0, 1), (0, 2)), shape=(1, 3), paint=4,
    ...     background=0).tolist()
    [[4, 4, 0]]
    """
    base = ground(grid, background)
    count = counted_of(grid, what, background)
    if count > len(places):
        raise NoValue("more than there are places")
    counts = np.bincount(grid.ravel(), minlength=10)
    counts[base] = 0
    out = np.full(shape, base, np.int8)
    for row, column in places[:count]:
        out[row, column] = counts.argmax() if paint < 0 else paint
    return out


FORMS = ("row", "column", "square", "diagonal", "antidiagonal", "panels")


@operator(tags=("counting",))
def as_large_as(grid: Grid, *, what: str, form: str, paint: int, background: int = -1) -> Grid:
    """A grid as large as something counts: one of ``FORMS``, "panels" with a cell for each panel between lines.

    ``paint`` -1 is the most frequent colour that is not the background, -2 the background.

    >>> as_large_as(np.array([[1, 0, 1]], np.int8), what="objects", form="diagonal", paint=5, background=0).tolist()
    [[5, 0], [0, 5]]
    """
    base = ground(grid, background)
    counts = np.bincount(grid.ravel(), minlength=10)
    counts[base] = 0
    colour = paint if paint >= 0 else base if paint == -2 else int(counts.argmax())
    if form == "panels":
        return np.full(arrangement(grid, "panels"), colour, np.int8)
    count = counted_of(grid, what, background)
    fits(count, count)
    if form in ("diagonal", "antidiagonal"):
        line = np.eye(count, dtype=bool)
        return np.where(line if form == "diagonal" else line[::-1], colour, base).astype(np.int8)
    return np.full((count if form != "row" else 1, count if form != "column" else 1), colour, np.int8)


TRAITS = (
    "left-right symmetric",
    "top-bottom symmetric",
    "diagonal symmetric",
    "main colour",
    "least colour",
    "filled",
)


def trait(grid: Grid, what: str, background: int) -> int:
    """What is told of a whole grid: one of ``TRAITS`` or what ``counted_of`` counts.

    >>> trait(np.array([[1, 0, 1]], np.int8), "left-right symmetric", 0)
    1
    """
    base = ground(grid, background)
    if what == "left-right symmetric":
        return int((grid == grid[:, ::-1]).all())
    if what == "top-bottom symmetric":
        return int((grid == grid[::-1]).all())
    if what == "diagonal symmetric":
        square = grid.shape[0] == grid.shape[1]
        return int(square and ((grid == grid.T).all() or (grid == grid[::-1, ::-1].T).all()))
    if what == "filled":
        return int("".join(str(int(cell != base)) for cell in grid.ravel()[:40]), 2)
    if what in ("main colour", "least colour"):
        counts = np.bincount(grid.ravel(), minlength=10)
        counts[base] = 0
        if not counts.any():
            raise NoValue("nothing drawn")
        return int(counts.argmax()) if what == "main colour" else int(np.where(counts, counts, 999).argmin())
    return counted_of(grid, what, background)


@operator(tags=("conditional logic", "counting"))
def decided(grid: Grid, *, what: str, table: tuple, background: int = -1) -> Grid:
    """The grid that ``table`` holds for what is told of the input: ((value, rows), ...).

    >>> decided(np.array([[1, 0, 1]], np.int8), what="objects", table=((2, ((7,),)),), background=0).tolist()
    [[7]]
    """
    answers = dict(table)
    value = trait(grid, what, background)
    if value not in answers:
        raise NoValue("a value that the table does not know")
    return np.array(answers[value], np.int8)
