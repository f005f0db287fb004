"""Grids made smaller or larger at their edges, and what lies within things: crops, borders, holes, hulls."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask, Piece
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.colours import COLOUR, ranked
from medalist.families.arc.operators.geometry import SIDES, fits, upwards
from medalist.families.arc.operators.pieces import background, box, main_colour


@operator(tags=("array manipulation",), cost=0.8)
def crop(grid: Grid) -> Grid:
    """The smallest rectangle with everything on the background.

    >>> crop(np.array([[0, 0, 0], [0, 3, 0]], np.int8)).tolist()
    [[3]]
    """
    top, bottom, left, right = box(grid != background(grid))
    return grid[top:bottom, left:right].copy()


@operator(tags=("array manipulation",), colour=COLOUR)
def crop_colour(grid: Grid, *, colour: int) -> Piece:
    """The smallest rectangle with all cells of a colour, and all that is in it.

    >>> crop_colour(np.array([[0, 3, 1, 3]], np.int8), colour=3).cells.tolist()
    [[3, 1, 3]]
    """
    top, bottom, left, right = box(grid == colour)
    return Piece(grid[top:bottom, left:right].copy(), top, left)


@operator(tags=("array manipulation", "counting"), rank=(0, -1), cost=0.8)
def crop_rank(grid: Grid, *, rank: int) -> Piece:
    """The smallest rectangle with all cells of the most frequent (0) or rarest (-1) colour on the background.

    >>> crop_rank(np.array([[0, 0, 3, 1, 3]], np.int8), rank=0).cells.tolist()
    [[3, 1, 3]]
    """
    return crop_colour(grid, colour=ranked(grid, rank))


@operator(tags=("array manipulation",))
def trim(grid: Grid) -> Grid:
    """The grid without its outermost cells.

    >>> trim(np.array([[5, 5, 5], [5, 3, 5], [5, 5, 5]], np.int8)).tolist()
    [[3]]
    """
    return _trimmed(grid).copy()


@operator(tags=("array manipulation",), cost=1.4)
def trim_piece(piece: Piece) -> Piece:
    """The piece without the outermost cells of its rectangle.

    >>> trim_piece(Piece(np.array([[5, 5, 5], [5, 3, 5], [5, 5, 5]], np.int8), 0, 0))
    Piece(cells=array([[3]], dtype=int8), row=1, column=1)
    """
    return Piece(_trimmed(piece.cells).copy(), piece.row + 1, piece.column + 1)


def _trimmed(cells: Grid) -> Grid:
    if min(cells.shape) < 3:
        raise NoValue("nothing within")
    return cells[1:-1, 1:-1]


@operator(tags=("array manipulation",), colour=COLOUR, cost=1.2)
def frame(grid: Grid, *, colour: int) -> Grid:
    """The grid with one line of a colour around it.

    >>> frame(np.array([[3]], np.int8), colour=5).tolist()
    [[5, 5, 5], [5, 3, 5], [5, 5, 5]]
    """
    fits(grid.shape[0] + 2, grid.shape[1] + 2)
    out = np.full((grid.shape[0] + 2, grid.shape[1] + 2), colour, np.int8)
    out[1:-1, 1:-1] = grid
    return out


@operator(tags=("array manipulation",), colour=COLOUR, cost=1.4)
def edge(grid: Grid, *, colour: int) -> Grid:
    """The grid with its outermost cells in one colour.

    >>> edge(np.array([[0, 0, 0], [0, 3, 0], [0, 0, 0]], np.int8), colour=5).tolist()
    [[5, 5, 5], [5, 3, 5], [5, 5, 5]]
    """
    out = np.full(grid.shape, colour, np.int8)
    out[1:-1, 1:-1] = grid[1:-1, 1:-1]
    return out


@operator(tags=("array manipulation",), cost=0.9)
def drop_repeated_lines(grid: Grid) -> Grid:
    """The grid without rows and columns that equal the one before them.

    >>> drop_repeated_lines(np.array([[1, 1, 2], [1, 1, 2]], np.int8)).tolist()
    [[1, 2]]
    """
    rows, columns = np.ones(grid.shape[0], np.bool_), np.ones(grid.shape[1], np.bool_)
    rows[1:] = (grid[1:] != grid[:-1]).any(axis=1)
    columns[1:] = (grid[:, 1:] != grid[:, :-1]).any(axis=0)
    return grid[rows][:, columns]


@operator(tags=("array manipulation",))
def drop_empty_lines(grid: Grid) -> Grid:
    """The grid without rows and columns that are all background.

    >>> drop_empty_lines(np.array([[0, 0, 0], [1, 0, 2]], np.int8)).tolist()
    [[1, 2]]
    """
    shown = grid != background(grid)
    kept = grid[shown.any(axis=1)][:, shown.any(axis=0)]
    if not kept.size:
        raise NoValue("all is background")
    return kept


@operator(tags=("array manipulation",), cost=1.1)
def drop_plain_lines(grid: Grid) -> Grid:
    """The grid without rows and columns that are all of one colour.

    >>> drop_plain_lines(np.array([[5, 5, 5], [1, 5, 2], [2, 5, 1]], np.int8)).tolist()
    [[1, 2], [2, 1]]
    """
    rows = (grid != grid[:, :1]).any(axis=1)
    columns = (grid != grid[:1]).any(axis=0)
    kept = grid[rows][:, columns]
    if not kept.size:
        raise NoValue("nothing is left")
    return kept


def reaches_edge(open_cells: Mask, diagonal: bool) -> Mask:
    """Which of the ``open_cells`` are connected with the edge of the grid.

    >>> reaches_edge(np.array([[False, False, False], [False, True, False], [False, False, True]]), False).tolist()
    [[False, False, False], [False, False, False], [False, False, True]]
    """
    labels = components(open_cells.view(np.int8), 0, diagonal, False)
    reached = np.zeros(int(labels.max()) + 1, np.bool_)
    for line in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        reached[line] = True
    reached[0] = False
    return reached[labels]


@operator(tags=("object detection", "colour fill"), colour=COLOUR)
def fill_holes(grid: Grid, *, colour: int) -> Grid:
    """Background that does not reach the grid's edge in a colour; corners do not connect it.

    >>> fill_holes(np.array([[7, 7, 7], [7, 0, 7], [7, 7, 7]], np.int8), colour=4).tolist()
    [[7, 7, 7], [7, 4, 7], [7, 7, 7]]
    """
    empty = grid == background(grid)
    return np.where(empty & ~reaches_edge(empty, False), np.int8(colour), grid)


@operator(tags=("object detection", "colour fill"), cost=1.8)
def fill_outside(grid: Grid) -> Piece:
    """The background that does not reach the grid's edge, and all else but the background, as a piece.

    >>> fill_outside(np.array([[7, 7, 7, 0], [7, 0, 7, 0], [7, 7, 7, 0]], np.int8)).cells.tolist()
    [[7, 7, 7], [7, 0, 7], [7, 7, 7]]
    """
    empty = grid == background(grid)
    outside = reaches_edge(empty, False)
    top, bottom, left, right = box(~outside)
    return Piece(
        np.where(outside, np.int8(CLEAR), grid)[top:bottom, left:right],
        top,
        left,
    )


@operator(tags=("object detection", "colour fill"), cost=1.1)
def plug(grid: Grid) -> Grid:
    """Holes in the colour of the things around them: each takes the colour to its left.

    >>> plug(np.array([[7, 7, 7], [7, 0, 7], [7, 7, 7]], np.int8)).tolist()
    [[7, 7, 7], [7, 7, 7], [7, 7, 7]]
    """
    empty = grid == background(grid)
    inside = empty & ~reaches_edge(empty, False)
    if not inside.any():
        raise NoValue("no holes")
    places = np.where(inside, 0, np.arange(grid.shape[1]))
    nearest = np.maximum.accumulate(places, axis=1)
    return np.take_along_axis(grid, nearest, axis=1)


@operator(tags=("object detection", "neighbourhood analysis"), diagonal=(True, False), cost=1.1)
def inner_cells(grid: Grid, *, diagonal: bool) -> Grid:
    """Only the cells whose four (or eight, ``diagonal``) neighbours are all off the background; the edge is on it.

    >>> inner_cells(np.array([[7, 7, 7, 0], [7, 4, 7, 0], [7, 7, 7, 0]], np.int8), diagonal=True).tolist()
    [[0, 0, 0, 0], [0, 4, 0, 0], [0, 0, 0, 0]]
    """
    return np.where(_inner(grid, diagonal), grid, np.int8(background(grid)))


@operator(tags=("object detection", "neighbourhood analysis"), diagonal=(True, False), cost=1.1)
def outer_cells(grid: Grid, *, diagonal: bool) -> Grid:
    """Things without their inner cells: the outline of everything, see ``inner_cells``.

    >>> outer_cells(np.array([[7, 7, 7, 0], [7, 4, 7, 0], [7, 7, 7, 0]], np.int8), diagonal=True).tolist()
    [[7, 7, 7, 0], [7, 0, 7, 0], [7, 7, 7, 0]]
    """
    return np.where(_inner(grid, diagonal), np.int8(background(grid)), grid)


def _inner(grid: Grid, diagonal: bool) -> Mask:
    height, width = grid.shape
    shown = np.zeros((height + 2, width + 2), np.bool_)
    shown[1:-1, 1:-1] = grid != background(grid)
    inner = shown[1:-1, 1:-1] & shown[:-2, 1:-1] & shown[2:, 1:-1] & shown[1:-1, :-2] & shown[1:-1, 2:]
    if diagonal:
        inner = inner & shown[:-2, :-2] & shown[:-2, 2:] & shown[2:, :-2] & shown[2:, 2:]
    if not inner.any():
        raise NoValue("nothing has all its neighbours")
    return inner


@operator(tags=("array manipulation",), side=SIDES, cost=1.4)
def squared(grid: Grid, *, side: str) -> Grid:
    """The largest square of the grid at one side of its longer direction.

    >>> squared(np.array([[1, 2, 3]], np.int8), side="right").tolist()
    [[3]]
    """
    seen = upwards(grid, side)
    short = min(seen.shape)
    if seen.shape[0] == short:
        raise NoValue("not longer in this direction")
    return upwards(seen[:short], side).copy()


@operator(tags=("object detection", "colour fill"), cost=2.0)
def halo_of_main(piece: Piece) -> Piece:
    """The piece with a line of its main colour around its rectangle.

    >>> halo_of_main(Piece(np.array([[3]], np.int8), 4, 4)).cells.tolist()
    [[3, 3, 3], [3, 3, 3], [3, 3, 3]]
    """
    cells = frame(piece.cells, colour=main_colour(piece.cells))
    return Piece(cells, piece.row - 1, piece.column - 1)


@operator(tags=("object detection", "colour fill"), enclosed=(True, False))
def fill_by_seed(grid: Grid, *, enclosed: bool) -> Grid:
    """Areas between walls in the colour of the only other colour in them; walls are of the most frequent colour.

    Corners do not connect an area. With ``enclosed`` areas that reach the grid's edge stay.

    >>> fill_by_seed(np.array([[5, 5, 5, 5], [5, 0, 3, 5], [5, 5, 5, 5]], np.int8), enclosed=True).tolist()
    [[5, 5, 5, 5], [5, 3, 3, 5], [5, 5, 5, 5]]
    """
    empty, walls = background(grid), grid == ranked(grid, 0)
    labels = components(walls.view(np.int8), 1, False, False)
    held = np.zeros((int(labels.max()) + 1, 10), np.bool_)
    held[labels, grid] = True
    held[:, empty] = False
    seeded = held.sum(axis=1) == 1
    seeded[0] = False
    if enclosed:
        seeded &= ~np.isin(np.arange(held.shape[0]), labels[reaches_edge(~walls, False)])
    if not seeded.any():
        raise NoValue("no area with one seed")
    return np.where(seeded[labels], held.argmax(axis=1).astype(np.int8)[labels], grid)
