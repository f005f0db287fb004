"""Grids split into pieces: connected objects, colours, regions, holes, panels, rows and columns, equal parts."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Piece
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.panels import panel_spans
from medalist.families.arc.operators.pieces import MOST_PIECES, background, box, cut


@operator(tags=("object detection",), diagonal=(True, False), by_colour=(True, False), cost=0.9)
def objects(grid: Grid, *, diagonal: bool, by_colour: bool) -> tuple[Piece, ...]:
    """Connected things on the background, in reading order.

    ``diagonal``: cells that touch at a corner belong together; ``by_colour``: only cells of one colour do.

    >>> [each.cells.tolist() for each in objects(np.array([[4, 0, 5]], np.int8), diagonal=True, by_colour=True)]
    [[[4]], [[5]]]
    """
    return cut(grid, components(grid, background(grid), diagonal, by_colour))


@operator(tags=("object detection", "colour fill"), cost=0.8)
def colour_layers(grid: Grid) -> tuple[Piece, ...]:
    """All cells of a colour as one piece, for each colour but the background; the most frequent colour first.

    >>> [each.cells.tolist() for each in colour_layers(np.array([[4, 0, 5, 4]], np.int8))]
    [[[4, -1, -1, 4]], [[5]]]
    """
    return _layers(grid, background(grid))


@operator(tags=("object detection", "colour fill", "grid partition"))
def every_colour(grid: Grid) -> tuple[Piece, ...]:
    """All cells of a colour as one piece, for each colour of a grid without 0; the most frequent colour first.

    >>> [each.cells.tolist() for each in every_colour(np.array([[4, 4, 5]], np.int8))]
    [[[4, 4]], [[5]]]
    """
    if not grid.all():
        raise NoValue("there is a background")
    return _layers(grid, 0)


def _layers(grid: Grid, empty: int) -> tuple[Piece, ...]:
    counts = np.bincount(grid.ravel(), minlength=10)
    counts[empty] = 0
    colours = [colour for colour in np.argsort(-counts, kind="stable").tolist() if counts[colour]]
    if not colours:
        raise NoValue("nothing but background")
    return tuple(_layer(grid, colour) for colour in colours)


def _layer(grid: Grid, colour: int) -> Piece:
    shown = grid == colour
    top, bottom, left, right = box(shown)
    return Piece(
        np.where(shown[top:bottom, left:right], np.int8(colour), np.int8(CLEAR)),
        top,
        left,
    )


@operator(tags=("object detection", "grid partition"))
def regions(grid: Grid) -> tuple[Piece, ...]:
    """Connected areas of one colour, those of the background too, in reading order; corners do not connect.

    >>> [each.cells.tolist() for each in regions(np.array([[4, 0, 0]], np.int8))]
    [[[4]], [[0, 0]]]
    """
    return cut(grid, components(grid, -1, False, True))


@operator(tags=("object detection", "grid partition"))
def background_regions(grid: Grid) -> tuple[Piece, ...]:
    """Connected areas of background, in reading order; corners do not connect.

    >>> [each.cells.tolist() for each in background_regions(np.array([[0, 0, 7, 0]], np.int8))]
    [[[0, 0]], [[0]]]
    """
    others = (grid != background(grid)).view(np.int8)
    return cut(grid, components(others, 1, False, True))


@operator(tags=("object detection", "grid partition"))
def holes(grid: Grid) -> tuple[Piece, ...]:
    """Connected areas of background that do not reach the grid's edge, in reading order; there may be none.

    >>> holes(np.array([[7, 7, 7], [7, 0, 7], [7, 7, 7]], np.int8))
    (Piece(cells=array([[0]], dtype=int8), row=1, column=1),)
    """
    return tuple(each for each in background_regions(grid) if not touches(grid, each))


def touches(grid: Grid, piece: Piece) -> bool:
    """Whether the piece's rectangle reaches the grid's edge."""
    (height, width), (tall, wide) = grid.shape, piece.cells.shape
    return min(piece.row, piece.column) <= 0 or piece.row + tall >= height or piece.column + wide >= width


@operator(tags=("grid partition",), cost=0.8)
def panels(grid: Grid) -> tuple[Piece, ...]:
    """The panels between lines of one colour that divide the grid, in reading order.

    >>> [each.cells.tolist() for each in panels(np.array([[1, 0, 5, 2, 2]], np.int8))]
    [[[1, 0]], [[2, 2]]]
    """
    rows, columns = panel_spans(grid)
    if len(rows) * len(columns) > MOST_PIECES:
        raise NoValue("too many panels")
    return tuple(Piece(grid[a:b, c:d].copy(), a, c) for a, b in rows for c, d in columns)


@operator(tags=("grid partition",), down=(1, 2, 3), across=(1, 2, 3), cost=1.2)
def equal_parts(grid: Grid, *, down: int, across: int) -> tuple[Piece, ...]:
    """The grid cut into equal rectangles. Raises NoValue where its sides do not divide so.

    >>> [each.cells.tolist() for each in equal_parts(np.array([[1, 2, 3, 4]], np.int8), down=1, across=2)]
    [[[1, 2]], [[3, 4]]]
    """
    height, width = grid.shape
    if height % down or width % across or down * across == 1:
        raise NoValue("no equal parts")
    tall, wide = height // down, width // across
    return tuple(
        Piece(grid[row : row + tall, column : column + wide].copy(), row, column)
        for row in range(0, height, tall)
        for column in range(0, width, wide)
    )


@operator(tags=("grid partition",))
def square_parts(grid: Grid) -> tuple[Piece, ...]:
    """A long grid cut into squares along its longer side.

    >>> [each.cells.tolist() for each in square_parts(np.array([[1, 2, 3]], np.int8))]
    [[[1]], [[2]], [[3]]]
    """
    height, width = grid.shape
    short, long = min(height, width), max(height, width)
    if long % short or long == short:
        raise NoValue("not a row of squares")
    return equal_parts(grid, down=height // short, across=width // short)


@operator(tags=("grid partition",), across=(True, False), cost=1.8)
def lines(grid: Grid, *, across: bool) -> tuple[Piece, ...]:
    """Each row as a piece, or each column where not ``across``.

    >>> [each.cells.tolist() for each in lines(np.array([[1], [2]], np.int8), across=True)]
    [[[1]], [[2]]]
    """
    if across:
        return tuple(Piece(grid[row : row + 1].copy(), row, 0) for row in range(grid.shape[0]))
    return tuple(Piece(grid[:, column : column + 1].copy(), 0, column) for column in range(grid.shape[1]))


@operator(tags=("object detection", "grid partition"), cost=1.4)
def solid_rectangles(grid: Grid) -> tuple[Piece, ...]:
    """Connected areas of one colour, background too, that fill their rectangle and are of four cells or more.

    >>> [each.cells.tolist() for each in solid_rectangles(np.array([[4, 4, 0], [4, 4, 0]], np.int8))]
    [[[4, 4], [4, 4]]]
    """
    found = tuple(each for each in regions(grid) if min(each.cells.shape) > 1 and each.cells.min() != CLEAR)
    if not found:
        raise NoValue("no rectangles")
    return found


@operator(tags=("object detection",), diagonal=(True, False), cost=1.4)
def connected_parts(pieces: tuple[Piece, ...], *, diagonal: bool) -> tuple[Piece, ...]:
    """Each piece cut into its connected parts; ``diagonal``: corners connect.

    >>> len(connected_parts((Piece(np.array([[3, -1, 3]], np.int8), 0, 0),), diagonal=True))
    2
    """
    return _within(pieces, diagonal, False)


@operator(tags=("object detection",), cost=1.4)
def colour_parts(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Each piece cut into areas of one colour, corners connecting, its cells of 0 too.

    >>> [each.cells.tolist() for each in colour_parts((Piece(np.array([[3, 4]], np.int8), 0, 0),))]
    [[[3]], [[4]]]
    """
    return _within(pieces, True, True)


def _within(pieces: tuple[Piece, ...], diagonal: bool, by_colour: bool) -> tuple[Piece, ...]:
    parts = []
    for cells, row, column in pieces:
        found = cut(cells, components(cells, CLEAR, diagonal, by_colour))
        parts += [Piece(part.cells, part.row + row, part.column + column) for part in found]
    if not 1 <= len(parts) <= MOST_PIECES:
        raise NoValue("no parts, or too many")
    return tuple(parts)


@operator(tags=("object detection",), cost=2.0)
def largest_empty_rectangle(grid: Grid) -> Piece:
    """The largest rectangle of background, at least two cells wide and high. NoValue where two are as large.

    >>> largest_empty_rectangle(np.array([[0, 0, 5], [0, 0, 0]], np.int8))
    Piece(cells=array([[0, 0],
           [0, 0]], dtype=int8), row=0, column=0)
    """
    empty = background(grid)
    heights = [0] * (grid.shape[1] + 1)
    best, found = 1, set()
    for row, line in enumerate((grid == empty).tolist()):
        heights = [height + 1 if free else 0 for height, free in zip(heights, line, strict=False)] + [0]
        open_at: list[tuple[int, int]] = []
        for column, height in enumerate(heights):
            start = column
            while open_at and open_at[-1][1] >= height:
                start, tall = open_at.pop()
                area = tall * (column - start)
                if min(tall, column - start) > 1 and area > best:
                    best, found = area, set()
                if min(tall, column - start) > 1 and area == best:
                    found.add((row + 1 - tall, start, tall, column - start))
            open_at.append((start, height))
    if best == 1 or len(found) != 1:
        raise NoValue("none is the largest")
    top, left, tall, wide = found.pop()
    return Piece(np.full((tall, wide), empty, np.int8), top, left)
