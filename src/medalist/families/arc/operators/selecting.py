"""Picking one piece, or keeping some: by extremes of a measure, as the odd one out, by a trait, by place."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Piece
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.splitting import touches

MEASURES = (
    "cells",
    "area",
    "height",
    "width",
    "row",
    "column",
    "colours",
    "holes",
    "symmetry",
    "fullness",
    "copies",
    "others",
)


def looks(cells: Grid) -> tuple[tuple[int, ...], bytes]:
    """What two pieces with the same cells share."""
    return cells.shape, cells.tobytes()


def shape_key(cells: Grid) -> bytes:
    """What shapes share that are equal after turning and flipping, whatever their colours."""
    shape = (cells != CLEAR).view(np.int8)
    ways = [np.rot90(each, turn) for each in (shape, shape.T) for turn in range(4)]
    return min(bytes(way.shape) + way.tobytes() for way in ways)


def symmetry(cells: Grid) -> int:
    """How many of its own mirror images it equals: 0 to 4.

    >>> symmetry(np.array([[1, 2], [2, 1]], np.int8)), symmetry(np.array([[1, 2, 1]], np.int8))
    (2, 2)
    """
    count = int((cells == cells[::-1]).all()) + int((cells == cells[:, ::-1]).all())
    if cells.shape[0] == cells.shape[1]:
        count += int((cells == cells.T).all()) + int((cells == cells[::-1, ::-1].T).all())
    return count


def hole_count(cells: Grid) -> int:
    """How many areas of ``CLEAR`` or 0 cells do not reach the edge of the piece's rectangle.

    >>> hole_count(np.array([[3, 3, 3], [3, -1, 3], [3, 3, 3]], np.int8))
    1
    """
    labels = components((cells > 0).view(np.int8), 1, False, True)
    edge = {0, *labels[0].tolist(), *labels[-1].tolist(), *labels[:, 0].tolist(), *labels[:, -1].tolist()}
    return int(labels.max()) + 1 - len(edge)


def colour_set(cells: Grid) -> int:
    """Which colours but 0 and ``CLEAR`` it has, one bit each."""
    return sum(
        1 << int(colour) for colour in np.flatnonzero(np.bincount(cells.ravel() + 1, minlength=11)[2:])
    )


def measured(pieces: tuple[Piece, ...], by: str) -> list[float]:
    """One number for each piece. Cells of 0 are no content: a panel's are counted without them.

    "fullness" is the share of its rectangle that it fills, "copies" how many look as it does, "others" its cells that
    are not of its main colour; "row" and "column" are twice its middle.

    >>> measured((Piece(np.array([[3, 0]], np.int8), 0, 0),), "cells")
    [1]
    """
    if by == "cells":
        return [int(np.count_nonzero(each.cells > 0)) for each in pieces]
    if by == "area":
        return [each.cells.size for each in pieces]
    if by == "height":
        return [each.cells.shape[0] for each in pieces]
    if by == "width":
        return [each.cells.shape[1] for each in pieces]
    if by == "row":
        return [2 * each.row + each.cells.shape[0] for each in pieces]
    if by == "column":
        return [2 * each.column + each.cells.shape[1] for each in pieces]
    if by == "colours":
        return [colour_set(each.cells).bit_count() for each in pieces]
    if by == "holes":
        return [hole_count(each.cells) for each in pieces]
    if by == "symmetry":
        return [symmetry(each.cells) for each in pieces]
    if by == "fullness":
        return [int(np.count_nonzero(each.cells > 0)) / each.cells.size for each in pieces]
    if by == "copies":
        keys = [looks(each.cells) for each in pieces]
        return [keys.count(key) for key in keys]
    if by == "others":
        counts = [np.bincount(each.cells.ravel() + 1, minlength=11)[2:] for each in pieces]
        return [int(count.sum() - count.max()) for count in counts]
    raise NoValue(f"no measure {by}")


def described(pieces: tuple[Piece, ...], by: str) -> list[object]:
    """One value for each piece that may equal those of others: what the odd one out differs in."""
    if by == "looks":
        return [looks(each.cells) for each in pieces]
    if by == "shape":
        return [(each.cells.shape, (each.cells > 0).tobytes()) for each in pieces]
    if by == "turned shape":
        return [shape_key(each.cells) for each in pieces]
    if by == "colours":
        return [colour_set(each.cells) for each in pieces]
    if by == "size":
        return [each.cells.shape for each in pieces]
    if by == "symmetric":
        return [symmetry(each.cells) > 0 for each in pieces]
    return list(measured(pieces, by))


@operator(tags=("object detection", "conditional logic"), by=MEASURES, least=(False, True), cost=0.8)
def pick(pieces: tuple[Piece, ...], *, by: str, least: bool) -> Piece:
    """The piece with the largest (or least) measure. Raises NoValue for a tie between pieces that look different.

    >>> two = Piece(np.array([[3]], np.int8), 0, 0), Piece(np.array([[4, 4]], np.int8), 2, 0)
    >>> pick(two, by="cells", least=False).cells.tolist()
    [[4, 4]]
    """
    best = keep(pieces, by=by, least=least)
    if len({looks(each.cells) for each in best}) > 1:
        raise NoValue("several are the same in this")
    return best[0]


@operator(
    tags=("object detection", "conditional logic"),
    by=("cells", "area", "colours", "holes", "symmetry", "copies"),
    cost=1.8,
)
def pick_second(pieces: tuple[Piece, ...], *, by: str) -> Piece:
    """The piece that comes next after the one with the largest measure, both without ties.

    >>> three = tuple(Piece(np.full((1, n), 3, np.int8), 0, 0) for n in (1, 4, 2))
    >>> pick_second(three, by="cells").cells.tolist()
    [[3, 3]]
    """
    values = measured(pieces, by)
    order = sorted(values, reverse=True)
    if len(order) < 2 or values.count(order[1]) > 1:
        raise NoValue("no second")
    return pieces[values.index(order[1])]


@operator(
    tags=("object detection", "conditional logic"),
    by=("looks", "shape", "turned shape", "colours", "size", "symmetric", "cells", "holes"),
    cost=0.8,
)
def pick_odd(pieces: tuple[Piece, ...], *, by: str) -> Piece:
    """The only piece that shares its value with no other. Raises NoValue where there are several, or none.

    >>> three = tuple(Piece(np.full((1, n), 3, np.int8), 0, 0) for n in (2, 1, 2))
    >>> pick_odd(three, by="size").cells.tolist()
    [[3]]
    """
    values = described(pieces, by)
    alone = [place for place, value in enumerate(values) if values.count(value) == 1]
    if len(alone) != 1 or len(pieces) < 3:
        raise NoValue("nothing stands out")
    return pieces[alone[0]]


@operator(tags=("object detection",), place=("first", "last", "middle"), cost=1.4)
def pick_place(pieces: tuple[Piece, ...], *, place: str) -> Piece:
    """The first, last or middle piece in their order.

    >>> pick_place((Piece(np.array([[3]], np.int8), 0, 0),), place="last").cells.tolist()
    [[3]]
    """
    if not pieces or (place == "middle" and len(pieces) % 2 == 0):
        raise NoValue("nothing there")
    return pieces[{"first": 0, "last": -1, "middle": len(pieces) // 2}[place]]


@operator(
    tags=("object detection", "conditional logic"),
    by=("cells", "area", "height", "width", "colours", "holes", "symmetry", "copies"),
    least=(False, True),
)
def keep(pieces: tuple[Piece, ...], *, by: str, least: bool) -> tuple[Piece, ...]:
    """The pieces with the largest (or least) measure. Raises NoValue where all are the same in it.

    >>> three = tuple(Piece(np.full((1, n), 3, np.int8), 0, 0) for n in (2, 1, 2))
    >>> len(keep(three, by="cells", least=False))
    2
    """
    values = measured(pieces, by)
    if not values:
        raise NoValue("no pieces")
    wanted = min(values) if least else max(values)
    kept = tuple(each for each, value in zip(pieces, values, strict=True) if value == wanted)
    if len(kept) == len(pieces) > 1:
        raise NoValue("all are the same in this")
    return kept


TRAITS = ("single", "square", "full", "flat", "framed", "symmetric", "holed", "coloured", "alone")


@operator(tags=("object detection", "conditional logic"), trait=TRAITS, without=(False, True))
def keep_with(pieces: tuple[Piece, ...], *, trait: str, without: bool) -> tuple[Piece, ...]:
    """The pieces that have a trait, or all others; there may be none.

    Traits: of a single cell, a full square, filling its rectangle, one cell thick, filling the edge of its rectangle,
    symmetric, with a hole, of several colours, looking like no other.

    >>> two = Piece(np.array([[3]], np.int8), 0, 0), Piece(np.array([[4, 4]], np.int8), 2, 0)
    >>> [each.cells.tolist() for each in keep_with(two, trait="single", without=True)]
    [[[4, 4]]]
    """
    return tuple(each for each, has in zip(pieces, _have(pieces, trait), strict=True) if has != without)


def _have(pieces: tuple[Piece, ...], trait: str) -> list[bool]:
    if trait == "single":
        return [each.cells.size == 1 for each in pieces]
    if trait == "square":
        return [
            each.cells.shape[0] == each.cells.shape[1] and int(each.cells.min()) != CLEAR for each in pieces
        ]
    if trait == "full":
        return [int(each.cells.min()) != CLEAR for each in pieces]
    if trait == "flat":
        return [min(each.cells.shape) == 1 for each in pieces]
    if trait == "framed":
        return [all(int(e.min()) > 0 for e in (c[0], c[-1], c[:, 0], c[:, -1])) for c, _, _ in pieces]
    if trait == "symmetric":
        return [symmetry(each.cells) > 0 for each in pieces]
    if trait == "holed":
        return [hole_count(each.cells) > 0 for each in pieces]
    if trait == "coloured":
        return [count > 1 for count in measured(pieces, "colours")]
    if trait == "alone":
        return [count == 1 for count in measured(pieces, "copies")]
    raise NoValue(f"no trait {trait}")


@operator(tags=("object detection", "conditional logic"), inside=(True, False), cost=1.4)
def keep_at_edge(grid: Grid, pieces: tuple[Piece, ...], *, inside: bool) -> tuple[Piece, ...]:
    """The pieces that touch the grid's edge, or those ``inside``; there may be none.

    >>> len(keep_at_edge(np.zeros((3, 3), np.int8), (Piece(np.array([[3]], np.int8), 1, 1),), inside=True))
    1
    """
    return tuple(each for each in pieces if touches(grid, each) != inside)


@operator(
    tags=("object detection", "conditional logic"), colour=tuple(range(10)), without=(False, True), cost=1.4
)
def keep_coloured(pieces: tuple[Piece, ...], *, colour: int, without: bool) -> tuple[Piece, ...]:
    """The pieces that have a cell of the colour, or all others; there may be none.

    >>> len(keep_coloured((Piece(np.array([[3, 4]], np.int8), 1, 1),), colour=4, without=False))
    1
    """
    return tuple(each for each in pieces if bool((each.cells == colour).any()) != without)


@operator(
    tags=("object detection", "conditional logic", "neighbourhood analysis"),
    colour=tuple(range(1, 10)),
    cost=1.8,
)
def keep_beside(grid: Grid, pieces: tuple[Piece, ...], *, colour: int) -> tuple[Piece, ...]:
    """The pieces in whose rectangle, or one cell around it, the grid has a cell of the colour; there may be none.

    >>> len(keep_beside(np.array([[3, 4]], np.int8), (Piece(np.array([[3]], np.int8), 0, 0),), colour=4))
    1
    """
    kept = []
    for each in pieces:
        (tall, wide), top, left = each.cells.shape, max(each.row - 1, 0), max(each.column - 1, 0)
        if (grid[top : max(each.row + tall + 1, 0), left : max(each.column + wide + 1, 0)] == colour).any():
            kept.append(each)
    return tuple(kept)


@operator(
    tags=("object detection", "conditional logic"), colour=tuple(range(1, 10)), least=(False, True), cost=1.4
)
def pick_by_colour(pieces: tuple[Piece, ...], *, colour: int, least: bool) -> Piece:
    """The piece with the most (or least) cells of a colour. NoValue for a tie of pieces that look different.

    >>> two = Piece(np.array([[3, 4]], np.int8), 0, 0), Piece(np.array([[4, 4]], np.int8), 2, 0)
    >>> pick_by_colour(two, colour=4, least=False).cells.tolist()
    [[4, 4]]
    """
    counts = [int(np.count_nonzero(each.cells == colour)) for each in pieces]
    if not counts or max(counts) == 0:
        raise NoValue("none has the colour")
    wanted = min(counts) if least else max(counts)
    best = [each for each, count in zip(pieces, counts, strict=True) if count == wanted]
    if len({looks(each.cells) for each in best}) > 1:
        raise NoValue("several have as many")
    return best[0]


@operator(
    tags=("object detection", "conditional logic"),
    by=("cells", "area", "colours", "copies"),
    least=(False, True),
    cost=1.8,
)
def leave_out(pieces: tuple[Piece, ...], *, by: str, least: bool) -> tuple[Piece, ...]:
    """The pieces but those with the largest (or least) measure. Raises NoValue where all are the same in it.

    >>> three = tuple(Piece(np.full((1, n), 3, np.int8), 0, 0) for n in (2, 1, 2))
    >>> len(leave_out(three, by="cells", least=False))
    1
    """
    values = measured(pieces, by)
    if len(set(values)) < 2:
        raise NoValue("all are the same in this")
    unwanted = min(values) if least else max(values)
    return tuple(each for each, value in zip(pieces, values, strict=True) if value != unwanted)
