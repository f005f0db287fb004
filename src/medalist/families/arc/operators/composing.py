"""Layers: pictures laid over one another, and the plain canvases they are laid on."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid, Mask, Piece
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.pieces import painted


@operator(tags=("pattern copy",), clear=(0,))
def over(top: Grid, below: Grid, *, clear: int) -> Grid:
    """``top`` over ``below``, which shows where ``top`` is of the colour ``clear``. Both are of one size.

    >>> over(np.array([[0, 3]], np.int8), np.array([[1, 1]], np.int8), clear=0).tolist()
    [[1, 3]]
    """
    if top.shape != below.shape:
        raise NoValue("of different sizes")
    return np.where(top == clear, below, top)


@operator(tags=("pattern copy", "object detection"))
def lay(piece: Piece, below: Grid) -> Grid:
    """A piece where it lies, over ``below``; what reaches beyond the edge is cut off.

    >>> lay(Piece(np.array([[-1, 3]], np.int8), 0, 1), np.array([[1, 1, 1]], np.int8)).tolist()
    [[1, 1, 3]]
    """
    return painted(below, (piece,))


@operator(tags=("pattern copy", "object detection"))
def lay_all(pieces: tuple[Piece, ...], below: Grid) -> Grid:
    """All pieces where they lie, over ``below``; later ones over earlier ones.

    >>> spot = np.array([[7]], np.int8)
    >>> lay_all((Piece(spot, 0, 0), Piece(spot, 0, 2)), np.array([[1, 1, 1]], np.int8)).tolist()
    [[7, 1, 7]]
    """
    return painted(below, pieces)


@operator(tags=("pattern copy", "grid partition"))
def lay_part(top: Grid, below: Grid, *, row: int, column: int, clear: int) -> Grid:
    """``top`` as one of the equal parts of ``below``, in the given row and column of parts; ``clear`` shows through.

    >>> lay_part(np.array([[3]], np.int8), np.array([[1, 1]], np.int8), row=0, column=1, clear=0).tolist()
    [[1, 3]]
    """
    height, width = top.shape
    window = below[row * height : (row + 1) * height, column * width : (column + 1) * width]
    if window.shape != top.shape or below.shape[0] % height or below.shape[1] % width:
        raise NoValue("not one of equal parts")
    result = below.copy()
    result[row * height : (row + 1) * height, column * width : (column + 1) * width] = np.where(
        top == clear, window, top
    )
    return result


@operator(tags=("colour fill",))
def tint(mask: Mask, below: Grid, *, colour: int) -> Grid:
    """``below`` with the cells of ``mask`` in one colour.

    >>> tint(np.array([[True, False]]), np.array([[1, 1]], np.int8), colour=4).tolist()
    [[4, 1]]
    """
    if mask.shape != below.shape:
        raise NoValue("of different sizes")
    return np.where(mask, np.int8(colour), below)


@operator(tags=("array manipulation",), cost=0.3)
def blank(grid: Grid, *, colour: int) -> Grid:
    """A grid of the same size, all of one colour.

    >>> blank(np.array([[1, 2]], np.int8), colour=4).tolist()
    [[4, 4]]
    """
    return np.full_like(grid, colour)


@operator(tags=("colour fill", "conditional logic"))
def recoloured_over(top: Grid, below: Grid, *, table: tuple) -> Grid:
    """``top`` over ``below``, each of its ten colours as ``table`` has it; where that is -1, ``below`` shows.

    >>> colours = (-1, 4, -1, -1, -1, -1, -1, -1, -1, -1)
    >>> recoloured_over(np.array([[0, 1]], np.int8), np.array([[3, 3]], np.int8), table=colours).tolist()
    [[3, 4]]
    """
    if top.shape != below.shape:
        raise NoValue("of different sizes")
    shown = np.array(table, np.int8)[top]
    return np.where(shown < 0, below, shown)


@operator(tags=("conditional logic",))
def looked_up(one: Grid, other: Grid, *, table: tuple) -> Grid:
    """Each cell by the colours that two grids of one size have there: ``table`` holds (one, other, result) rows.

    A pair of colours that the table does not have stays as it is in ``one``.

    >>> looked_up(np.array([[0, 1]], np.int8), np.array([[3, 3]], np.int8), table=((1, 3, 8),)).tolist()
    [[0, 8]]
    """
    if one.shape != other.shape:
        raise NoValue("of different sizes")
    result = one.copy()
    for first, second, colour in table:
        result[(one == first) & (other == second)] = colour
    return result
