"""Every piece of several changed alone, and one piece by itself: filled, hollowed, boxed, recoloured, mirrored.

Cells of 0 in a piece count as nothing, as clear ones do, so that a panel's content is changed as an object is.
"""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask, Piece
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.colours import COLOUR
from medalist.families.arc.operators.cropping import reaches_edge
from medalist.families.arc.operators.geometry import SIDES, upwards
from medalist.families.arc.operators.lines import around
from medalist.families.arc.operators.pieces import box, main_colour

FILLS = ("holes", "box", "around", "corners")
PARTS = ("outline", "inside", "main colour", "other colours", "content", "gaps")


@operator(tags=("colour fill", "object detection"), colour=COLOUR)
def recolour_each(pieces: tuple[Piece, ...], *, colour: int) -> tuple[Piece, ...]:
    """Each piece in one colour.

    >>> recolour_each((Piece(np.array([[3, -1]], np.int8), 0, 0),), colour=5)[0].cells.tolist()
    [[5, -1]]
    """
    return tuple(recolour_piece(each, colour=colour) for each in pieces)


@operator(tags=("colour fill", "object detection"), colour=COLOUR, cost=1.4)
def recolour_piece(piece: Piece, *, colour: int) -> Piece:
    """The piece in one colour.

    >>> recolour_piece(Piece(np.array([[3, -1]], np.int8), 0, 0), colour=5).cells.tolist()
    [[5, -1]]
    """
    return Piece(np.where(piece.cells == CLEAR, piece.cells, np.int8(colour)), piece.row, piece.column)


@operator(tags=("colour fill", "object detection", "counting"), most=(True, False), cost=1.8)
def unify_each(pieces: tuple[Piece, ...], *, most: bool) -> tuple[Piece, ...]:
    """Each piece in its most frequent colour, or its rarest.

    >>> unify_each((Piece(np.array([[3, 3, 4]], np.int8), 0, 0),), most=False)[0].cells.tolist()
    [[4, 4, 4]]
    """
    return tuple(recolour_piece(each, colour=_usual_colour(each.cells, most)) for each in pieces)


def _usual_colour(cells: Grid, most: bool) -> int:
    if most:
        return main_colour(cells)
    counts = np.bincount(cells.ravel() + 1, minlength=11)[2:]
    counts[counts == 0] = cells.size + 1
    if counts.min() > cells.size:
        raise NoValue("nothing but background")
    return int(counts.argmin()) + 1


def filled(piece: Piece, what: str) -> Piece:
    """The piece with nothings in its main colour: enclosed ones, all in its rectangle, or those around it.

    "around" is a line of one cell beside the piece's cells, "corners" one at their corners too.

    >>> filled(Piece(np.array([[3, -1]], np.int8), 0, 0), "box").cells.tolist()
    [[3, 3]]
    """
    cells, row, column = piece
    colour = np.int8(main_colour(cells))
    if what == "box":
        return Piece(np.where(cells <= 0, colour, cells), row, column)
    if what == "holes":
        empty = cells <= 0
        return Piece(np.where(empty & ~reaches_edge(empty, False), colour, cells), row, column)
    wide = np.full((cells.shape[0] + 2, cells.shape[1] + 2), CLEAR, np.int8)
    wide[1:-1, 1:-1] = cells
    shown = wide > 0
    beside = around(shown, what == "corners") & ~shown
    return Piece(np.where(beside, colour, wide), row - 1, column - 1)


@operator(tags=("object detection", "colour fill"), what=FILLS)
def fill_each(pieces: tuple[Piece, ...], *, what: str) -> tuple[Piece, ...]:
    """Each piece with its holes, its rectangle, or the cells around it in its main colour.

    >>> fill_each((Piece(np.array([[3, -1]], np.int8), 0, 0),), what="box")[0].cells.tolist()
    [[3, 3]]
    """
    return tuple(filled(each, what) for each in pieces)


@operator(tags=("object detection", "colour fill"), what=FILLS, cost=1.4)
def fill_piece(piece: Piece, *, what: str) -> Piece:
    """The piece with its holes, its rectangle, or the cells around it in its main colour.

    >>> fill_piece(Piece(np.array([[3, -1]], np.int8), 0, 0), what="box").cells.tolist()
    [[3, 3]]
    """
    return filled(piece, what)


def part_of(piece: Piece, what: str) -> Piece:
    """A part of the piece's cells, the rest clear; "gaps" are what is clear in its rectangle, in its main colour.

    >>> part_of(Piece(np.array([[3, -1]], np.int8), 0, 0), "gaps")
    Piece(cells=array([[3]], dtype=int8), row=0, column=1)
    """
    cells, row, column = piece
    kept = _kept(cells, what)
    top, bottom, left, right = box(kept)
    if what == "gaps":
        cells = np.full(cells.shape, main_colour(cells), np.int8)
    part = np.where(kept, cells, np.int8(CLEAR))[top:bottom, left:right]
    return Piece(part, row + top, column + left)


def _kept(cells: Grid, what: str) -> Mask:
    shown = cells > 0
    if what == "content":
        return shown
    if what == "gaps":
        return ~shown
    if what == "main colour":
        return cells == main_colour(cells)
    if what == "other colours":
        return shown & (cells != main_colour(cells))
    wide = np.ones((cells.shape[0] + 2, cells.shape[1] + 2), np.bool_)
    wide[1:-1, 1:-1] = ~shown
    beside = around(wide, True)[1:-1, 1:-1]
    return shown & (beside if what == "outline" else ~beside)


@operator(tags=("object detection",), what=PARTS)
def part_of_each(pieces: tuple[Piece, ...], *, what: str) -> tuple[Piece, ...]:
    """A part of each piece: outline, inside, cells of its main colour or others, content, gaps; where it has one.

    >>> part_of_each((Piece(np.array([[3, 0]], np.int8), 0, 0),), what="content")[0].cells.tolist()
    [[3]]
    """
    parts = []
    for each in pieces:
        try:
            parts.append(part_of(each, what))
        except NoValue:
            continue
    if not parts:
        raise NoValue("no piece has such a part")
    return tuple(parts)


@operator(tags=("object detection",), what=PARTS, cost=1.4)
def part_of_piece(piece: Piece, *, what: str) -> Piece:
    """A part of the piece: outline, inside, cells of its main colour or others, content, gaps.

    >>> part_of_piece(Piece(np.array([[3, 0]], np.int8), 0, 0), what="content").cells.tolist()
    [[3]]
    """
    return part_of(piece, what)


def united_with_mirror(piece: Piece, way: str) -> Piece:
    """The piece with its mirror image where it is clear: "up-down", "left-right", "both", or also "diagonal".

    >>> united_with_mirror(Piece(np.array([[3, 0]], np.int8), 0, 0), "left-right").cells.tolist()
    [[3, 3]]
    """
    cells = piece.cells
    if way == "diagonal":
        if cells.shape[0] != cells.shape[1]:
            raise NoValue("not square")
        cells = np.where(cells > 0, cells, cells.T)
    if way != "left-right":
        cells = np.where(cells > 0, cells, cells[::-1])
    if way != "up-down":
        cells = np.where(cells > 0, cells, cells[:, ::-1])
    return Piece(cells, piece.row, piece.column)


@operator(tags=("symmetry", "flip"), way=("up-down", "left-right", "both", "diagonal"), cost=1.8)
def mirror_each(pieces: tuple[Piece, ...], *, way: str) -> tuple[Piece, ...]:
    """Each piece made symmetric: its mirror images fill in where it shows nothing.

    >>> mirror_each((Piece(np.array([[3, 0]], np.int8), 0, 0),), way="left-right")[0].cells.tolist()
    [[3, 3]]
    """
    return tuple(united_with_mirror(each, way) for each in pieces)


@operator(tags=("array manipulation",), side=SIDES, cost=1.4)
def half_of_each(pieces: tuple[Piece, ...], *, side: str) -> tuple[Piece, ...]:
    """The half of each piece on one side, without the middle line of an odd number.

    >>> half_of_each((Piece(np.array([[3, 4]], np.int8), 0, 0),), side="right")
    (Piece(cells=array([[4]], dtype=int8), row=0, column=1),)
    """
    return tuple(_half_of(each, side) for each in pieces)


def _half_of(piece: Piece, side: str) -> Piece:
    cells, row, column = piece
    seen = upwards(cells, side)
    if seen.shape[0] < 2:
        raise NoValue("nothing to halve")
    part = upwards(seen[: seen.shape[0] // 2], side).copy()
    row += cells.shape[0] - part.shape[0] if side == "down" else 0
    column += cells.shape[1] - part.shape[1] if side == "right" else 0
    return Piece(part, row, column)


@operator(tags=("object detection",), cost=1.4)
def middle_of_each(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The middle cell (or two or four cells) of each piece's rectangle, in its main colour.

    >>> middle_of_each((Piece(np.array([[3, 3, 3]], np.int8), 0, 0),))
    (Piece(cells=array([[3]], dtype=int8), row=0, column=1),)
    """
    middles = []
    for cells, row, column in pieces:
        (height, width), colour = cells.shape, main_colour(cells)
        middle = np.full((2 - height % 2, 2 - width % 2), colour, np.int8)
        middles.append(Piece(middle, row + (height - 1) // 2, column + (width - 1) // 2))
    return tuple(middles)


@operator(tags=("colour fill", "object detection"), cost=1.8)
def swap_each(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """In each piece of two colours the one in the other's place; others stay. NoValue where no piece has two.

    >>> swap_each((Piece(np.array([[3, 4, 4]], np.int8), 0, 0),))[0].cells.tolist()
    [[4, 3, 3]]
    """
    swapped, two = [], False
    for cells, row, column in pieces:
        colours = np.flatnonzero(np.bincount(cells.ravel() + 1, minlength=11)[2:]) + 1
        if colours.size == 2:
            table = np.arange(-1, 10, dtype=np.int8)
            table[colours + 1] = colours[::-1]
            cells, two = table[cells + 1], True
        swapped.append(Piece(cells, row, column))
    if not two:
        raise NoValue("no piece of two colours")
    return tuple(swapped)
