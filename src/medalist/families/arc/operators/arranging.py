"""Several pieces made one grid by themselves: piled up, lined up, packed, one cell each, one bar each, one cell a count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medalist.families.arc.grids.cells import CLEAR, Grid, Piece
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.geometry import fits
from medalist.families.arc.operators.pieces import main_colour
from medalist.families.arc.operators.selecting import measured


def stacked(pieces: tuple[Piece, ...]) -> npt.NDArray[np.int8]:
    """Pieces of one shape as an array of shape (pieces, rows, columns). NoValue for other pieces, or fewer than two."""
    if len({each.cells.shape for each in pieces}) != 1 or len(pieces) < 2:
        raise NoValue("not several of one shape")
    return np.stack([each.cells for each in pieces])


@operator(tags=("array manipulation", "pattern copy"), first=(True, False), cost=0.8)
def pile(pieces: tuple[Piece, ...], *, first: bool) -> Grid:
    """Pieces of one shape on top of each other, the first (or the last) uppermost; 0 and clear cells are seen through.

    >>> pile((Piece(np.array([[3, 0]], np.int8), 0, 0), Piece(np.array([[4, 4]], np.int8), 0, 9)), first=True).tolist()
    [[3, 4]]
    """
    layers = stacked(pieces)
    if not first:
        layers = layers[::-1]
    upper = np.argmax(layers > 0, axis=0)
    return np.maximum(np.take_along_axis(layers, upper[None], axis=0)[0], 0)


@operator(tags=("array manipulation", "conditional logic"), how=("all", "one", "none", "most"), cost=0.8)
def agree(pieces: tuple[Piece, ...], *, how: str) -> Grid:
    """Pieces of one shape: the cells that all of them show, that exactly one or none does, or most in one colour.

    Of cells that several show, the first piece's colour is taken; those of none are in the first's main colour.

    >>> agree((Piece(np.array([[3, 0]], np.int8), 0, 0), Piece(np.array([[4, 4]], np.int8), 0, 9)), how="one").tolist()
    [[0, 4]]
    """
    layers = stacked(pieces)
    shown = layers > 0
    if how == "most":
        counts = (layers[None] == np.arange(1, 10, dtype=np.int8)[:, None, None, None]).sum(axis=1)
        nothing = len(pieces) - counts.sum(axis=0)
        best = counts.argmax(axis=0)
        return np.where(counts.max(axis=0) > nothing, best + 1, 0).astype(np.int8)
    if how == "none":
        return np.where(shown.any(axis=0), np.int8(0), np.int8(main_colour(layers[0])))
    kept = shown.all(axis=0) if how == "all" else shown.sum(axis=0) == 1
    upper = np.take_along_axis(layers, np.argmax(shown, axis=0)[None], axis=0)[0]
    return np.where(kept, upper, np.int8(0))


@operator(tags=("array manipulation",), across=(True, False))
def in_line(pieces: tuple[Piece, ...], *, across: bool) -> Grid:
    """The pieces in a row (or a column) in their order, without gaps, at the top (or left); clear cells are 0.

    >>> in_line((Piece(np.array([[3]], np.int8), 0, 0), Piece(np.array([[4]], np.int8), 5, 5)), across=True).tolist()
    [[3, 4]]
    """
    if len(pieces) < 2:
        raise NoValue("not several")
    shapes = [each.cells.shape if across else each.cells.shape[::-1] for each in pieces]
    height, width = max(tall for tall, _ in shapes), sum(wide for _, wide in shapes)
    fits(height, width)
    out = np.zeros((height, width), np.int8)
    place = 0
    for each, (tall, wide) in zip(pieces, shapes, strict=True):
        cells = each.cells if across else each.cells.T
        out[:tall, place : place + wide] = np.maximum(cells, 0)
        place += wide
    return out if across else out.T.copy()


def lattice_places(pieces: tuple[Piece, ...]) -> tuple[list[int], list[int]]:
    """In which row and column of a lattice each piece lies: those mostly beside each other share one.

    >>> lattice_places((Piece(np.array([[3]], np.int8), 1, 1), Piece(np.array([[4]], np.int8), 1, 4)))
    ([0, 0], [0, 1])
    """
    if not pieces:
        raise NoValue("no pieces")
    rows = _ranks([(each.row, each.row + each.cells.shape[0]) for each in pieces])
    return rows, _ranks([(each.column, each.column + each.cells.shape[1]) for each in pieces])


def _ranks(spans: list[tuple[int, int]]) -> list[int]:
    """The ranks of spans (first, one past the last) by their middles; the next shares one if half the shorter overlaps."""
    order = sorted(range(len(spans)), key=lambda place: (sum(spans[place]), place))
    ranks, rank = [0] * len(spans), 0
    for before, place in zip([order[0], *order], order, strict=False):
        (start, end), (last_start, last_end) = spans[place], spans[before]
        overlap = min(end, last_end) - max(start, last_start)
        rank += 2 * overlap <= min(end - start, last_end - last_start)
        ranks[place] = rank
    return ranks


@operator(tags=("grid partition", "object detection"), cost=0.8)
def one_cell_each(pieces: tuple[Piece, ...]) -> Grid:
    """One cell a piece, in its main colour (0 where it has none), arranged as the pieces lie.

    >>> one_cell_each((Piece(np.array([[3, 3]], np.int8), 1, 1), Piece(np.array([[4]], np.int8), 1, 4))).tolist()
    [[3, 4]]
    """
    rows, columns = lattice_places(pieces)
    fits(max(rows) + 1, max(columns) + 1)
    out = np.zeros((max(rows) + 1, max(columns) + 1), np.int8)
    for each, row, column in zip(pieces, rows, columns, strict=True):
        counts = np.bincount(each.cells.ravel() + 1, minlength=11)[2:]
        out[row, column] = counts.argmax() + 1 if counts.any() else 0
    return out


@operator(tags=("grid partition", "array manipulation"), cost=0.8)
def pack(pieces: tuple[Piece, ...]) -> Grid:
    """Pieces of one shape arranged as they lie, without gaps; where there is none, 0.

    >>> pack((Piece(np.array([[3]], np.int8), 1, 1), Piece(np.array([[4]], np.int8), 3, 4))).tolist()
    [[3, 0], [0, 4]]
    """
    if len(pieces) < 2 or len({each.cells.shape for each in pieces}) > 1:
        raise NoValue("not several of one shape")
    tall, wide = pieces[0].cells.shape
    rows, columns = lattice_places(pieces)
    fits((max(rows) + 1) * tall, (max(columns) + 1) * wide)
    out = np.zeros(((max(rows) + 1) * tall, (max(columns) + 1) * wide), np.int8)
    for each, row, column in zip(pieces, rows, columns, strict=True):
        out[row * tall : (row + 1) * tall, column * wide : (column + 1) * wide] = np.maximum(each.cells, 0)
    return out


@operator(tags=("object detection", "colour fill"), across=(True, False), cost=1.4)
def colour_line(pieces: tuple[Piece, ...], *, across: bool) -> Grid:
    """One cell a piece in its main colour, in a row (or a column), in their order.

    >>> colour_line((Piece(np.array([[3, 3]], np.int8), 1, 1), Piece(np.array([[4]], np.int8), 5, 4)), across=True)
    array([[3, 4]], dtype=int8)
    """
    fits(len(pieces), 1)
    line = np.array([[main_colour(each.cells) for each in pieces]], np.int8)
    return line if across else line.T.copy()


@operator(
    tags=("counting", "array manipulation"),
    side=("left", "right", "down", "up"),
    by=("cells", "width", "height"),
    cost=2.0,
)
def bars_of(pieces: tuple[Piece, ...], *, side: str, by: str) -> Grid:
    """A bar of its main colour for each piece, in their order, as long as its measure, from one side on.

    >>> bars_of((Piece(np.array([[3, 3]], np.int8), 1, 1), Piece(np.array([[4]], np.int8), 5, 4)), side="left", by="cells")
    array([[3, 3],
           [4, 0]], dtype=int8)
    """
    lengths = [int(length) for length in measured(pieces, by)]
    if not lengths:
        raise NoValue("no pieces")
    fits(len(lengths), max(lengths))
    out = np.zeros((len(lengths), max(lengths)), np.int8)
    for row, (each, length) in enumerate(zip(pieces, lengths, strict=True)):
        out[row, :length] = main_colour(each.cells)
    if side in ("right", "down"):
        out = out[:, ::-1]
    return (out if side in ("left", "right") else out.T).copy()


@operator(
    tags=("object detection", "counting"),
    by=("cells", "area", "width", "height", "row", "column"),
    least=(False, True),
    cost=1.4,
)
def in_order(pieces: tuple[Piece, ...], *, by: str, least: bool) -> tuple[Piece, ...]:
    """The pieces sorted by a measure, the largest (or least) first. Raises NoValue where that changes nothing.

    >>> two = Piece(np.array([[3]], np.int8), 0, 0), Piece(np.array([[4, 4]], np.int8), 2, 0)
    >>> in_order(two, by="cells", least=False)[0].cells.tolist()
    [[4, 4]]
    """
    values = measured(pieces, by)
    order = sorted(range(len(pieces)), key=lambda place: values[place] if least else -values[place])
    if order == list(range(len(pieces))):
        raise NoValue("they are in this order")
    return tuple(pieces[place] for place in order)


@operator(tags=("object detection",), cost=1.8)
def distinct(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Of pieces with equal cells the first. Raises NoValue where none are equal.

    >>> len(distinct((Piece(np.array([[3]], np.int8), 0, 0), Piece(np.array([[3]], np.int8), 2, 0))))
    1
    """
    kept: dict[tuple[tuple[int, ...], bytes], Piece] = {}
    for each in pieces:
        kept.setdefault((each.cells.shape, each.cells.tobytes()), each)
    if len(kept) == len(pieces):
        raise NoValue("all are different")
    return tuple(kept.values())


@operator(tags=("array manipulation",), corner=(True, False), cost=1.8)
def nest(pieces: tuple[Piece, ...], *, corner: bool) -> Grid:
    """Pieces of several sizes on top of each other, the largest lowest: at one corner, or in the middle.

    >>> nest((Piece(np.array([[3]], np.int8), 0, 0), Piece(np.array([[4, 4]], np.int8), 5, 5)), corner=True).tolist()
    [[3, 4]]
    """
    if len(pieces) < 2:
        raise NoValue("not several")
    height = max(each.cells.shape[0] for each in pieces)
    width = max(each.cells.shape[1] for each in pieces)
    fits(height, width)
    out = np.zeros((height, width), np.int8)
    for each in sorted(pieces, key=lambda piece: -piece.cells.size):
        tall, wide = each.cells.shape
        top, left = (0, 0) if corner else ((height - tall) // 2, (width - wide) // 2)
        np.copyto(out[top : top + tall, left : left + wide], each.cells, where=each.cells != CLEAR)
    return out


@operator(tags=("pattern copy",), cost=1.8)
def each_as(pieces: tuple[Piece, ...], content: Grid) -> tuple[Piece, ...]:
    """A grid in place of every piece of its shape.

    >>> each_as((Piece(np.array([[3, 0]], np.int8), 4, 4),), np.array([[1, 2]], np.int8))[0].cells.tolist()
    [[1, 2]]
    """
    found = tuple(
        Piece(content, row, column) for cells, row, column in pieces if cells.shape == content.shape
    )
    if not found:
        raise NoValue("no piece of the shape")
    return found
