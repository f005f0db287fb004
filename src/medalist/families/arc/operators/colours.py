"""What happens to colours while every cell stays: keeping, dropping, swapping, filling, by colour or by frequency."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.pieces import background

COLOUR = tuple(range(10))


def by_frequency(grid: Grid) -> list[int]:
    """The colours that are there but the background, the most frequent first, then by number.

    >>> by_frequency(np.array([[0, 0, 0, 4, 3, 4]], np.int8))
    [4, 3]
    """
    counts = np.bincount(grid.ravel(), minlength=10)
    counts[background(grid)] = 0
    return [colour for colour in np.argsort(-counts, kind="stable").tolist() if counts[colour]]


def ranked(grid: Grid, rank: int) -> int:
    """The colour of a place in ``by_frequency``, from the end where it is negative. NoValue where there is none.

    The rarest may not be as frequent as another, nor the most frequent: which of two equals is meant nobody knows.
    """
    colours = by_frequency(grid)
    if not -len(colours) <= rank < len(colours):
        raise NoValue("not so many colours")
    colour = colours[rank]
    counts = np.bincount(grid.ravel(), minlength=10)
    if sum(int(counts[other]) == int(counts[colour]) for other in colours) > 1:
        raise NoValue("two are as frequent")
    return colour


@operator(tags=("colour fill",), colour=COLOUR, cost=0.9)
def keep_colour(grid: Grid, *, colour: int) -> Grid:
    """Background wherever the grid is not of the colour. Raises NoValue where the colour is not there.

    >>> keep_colour(np.array([[0, 0, 3, 4]], np.int8), colour=3).tolist()
    [[0, 0, 3, 0]]
    """
    kept = grid == colour
    if not kept.any():
        raise NoValue("the colour is not there")
    return np.where(kept, grid, np.int8(background(grid)))


@operator(tags=("colour fill",), colour=COLOUR)
def drop_colour(grid: Grid, *, colour: int) -> Grid:
    """Background in place of a colour. Raises NoValue where the colour is not there.

    >>> drop_colour(np.array([[0, 0, 3, 4]], np.int8), colour=3).tolist()
    [[0, 0, 0, 4]]
    """
    dropped = grid == colour
    if not dropped.any():
        raise NoValue("the colour is not there")
    return np.where(dropped, np.int8(background(grid)), grid)


@operator(tags=("colour fill", "counting"), rank=(0, 1, -1), cost=0.8)
def keep_rank(grid: Grid, *, rank: int) -> Grid:
    """Background wherever the grid is not of the most frequent (0), next (1) or rarest (-1) colour on it.

    >>> keep_rank(np.array([[0, 0, 0, 0, 3, 4, 4]], np.int8), rank=0).tolist()
    [[0, 0, 0, 0, 0, 4, 4]]
    """
    return keep_colour(grid, colour=ranked(grid, rank))


@operator(tags=("colour fill", "counting"), rank=(0, -1))
def drop_rank(grid: Grid, *, rank: int) -> Grid:
    """Background in place of the most frequent (0) or the rarest (-1) colour on it.

    >>> drop_rank(np.array([[0, 0, 0, 0, 3, 4, 4]], np.int8), rank=0).tolist()
    [[0, 0, 0, 0, 3, 0, 0]]
    """
    return drop_colour(grid, colour=ranked(grid, rank))


@operator(tags=("colour fill",), colour=COLOUR, cost=0.9)
def paint_all(grid: Grid, *, colour: int) -> Grid:
    """Everything on the background in one colour.

    >>> paint_all(np.array([[0, 0, 3, 4]], np.int8), colour=2).tolist()
    [[0, 0, 2, 2]]
    """
    return np.where(grid == background(grid), grid, np.int8(colour))


@operator(tags=("colour fill",), colour=COLOUR[1:], cost=1.1)
def paint_background(grid: Grid, *, colour: int) -> Grid:
    """The background in another colour.

    >>> paint_background(np.array([[0, 0, 3, 4]], np.int8), colour=2).tolist()
    [[2, 2, 3, 4]]
    """
    return np.where(grid == background(grid), np.int8(colour), grid)


@operator(tags=("colour fill", "counting"), rank=(0, -1), cost=0.9)
def paint_by_rank(grid: Grid, *, rank: int) -> Grid:
    """Everything on the background in its most frequent (0) or rarest (-1) colour.

    >>> paint_by_rank(np.array([[0, 0, 0, 0, 3, 4, 4]], np.int8), rank=-1).tolist()
    [[0, 0, 0, 0, 3, 3, 3]]
    """
    return paint_all(grid, colour=ranked(grid, rank))


@operator(tags=("colour fill",), cost=1.2)
def swap_two(grid: Grid) -> Grid:
    """The two colours that are on the background in each other's place.

    >>> swap_two(np.array([[0, 0, 0, 3, 4, 4]], np.int8)).tolist()
    [[0, 0, 0, 4, 3, 3]]
    """
    colours = by_frequency(grid)
    if len(colours) != 2:
        raise NoValue("not two colours")
    return _swapped(grid, colours[0], colours[1])


@operator(tags=("colour fill",), cost=1.2)
def negative(grid: Grid) -> Grid:
    """Background and the only colour on it in each other's place.

    >>> negative(np.array([[0, 0, 3]], np.int8)).tolist()
    [[3, 3, 0]]
    """
    colours = by_frequency(grid)
    if len(colours) != 1:
        raise NoValue("not one colour")
    return _swapped(grid, background(grid), colours[0])


def _swapped(grid: Grid, one: int, other: int) -> Grid:
    table = np.arange(10, dtype=np.int8)
    table[one], table[other] = other, one
    return table[grid]


@operator(tags=("colour fill",))
def recolour(grid: Grid, *, old: int, new: int) -> Grid:
    """One colour in place of another.

    >>> recolour(np.array([[0, 3]], np.int8), old=3, new=7).tolist()
    [[0, 7]]
    """
    return np.where(grid == old, np.int8(new), grid)


@operator(tags=("colour fill", "counting"), rank=(0, -1), cost=1.4)
def flood_by_rank(grid: Grid, *, rank: int) -> Grid:
    """A grid of the same shape, all of the most frequent (0) or rarest (-1) colour on the background.

    >>> flood_by_rank(np.array([[0, 0, 0, 3, 4, 4]], np.int8), rank=0).tolist()
    [[4, 4, 4, 4, 4, 4]]
    """
    return np.full(grid.shape, ranked(grid, rank), np.int8)


@operator(tags=("colour fill", "counting"), which=("most", "rarest", "other"), cost=1.2)
def painted_like(grid: Grid, model: Grid, *, which: str) -> Grid:
    """Everything on the background in the most frequent or rarest colour of another grid, or in the one it has not.

    >>> painted_like(np.array([[0, 4]], np.int8), np.array([[0, 3, 4, 4]], np.int8), which="other").tolist()
    [[0, 3]]
    """
    if which != "other":
        return paint_all(grid, colour=ranked(model, 0 if which == "most" else -1))
    others = [colour for colour in by_frequency(model) if not (grid == colour).any()]
    if len(others) != 1:
        raise NoValue("not one other colour")
    return paint_all(grid, colour=others[0])
