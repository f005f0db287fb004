"""Pieces that move on their grid: by steps, until they meet something, mirrored or repeated beside themselves, as bands."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask, Piece
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.geometry import SIDES, upwards
from medalist.families.arc.operators.pieces import MOST_PIECES, background, main_colour


@operator(tags=("array manipulation",), side=SIDES, far=(False, True), cost=1.8)
def move_each(pieces: tuple[Piece, ...], *, side: str, far: bool) -> tuple[Piece, ...]:
    """Each piece one cell to a side, or where it is ``far`` as many as it is long in that direction.

    >>> move_each((Piece(np.array([[3, 3]], np.int8), 0, 0),), side="right", far=True)[0].column
    2
    """
    moved = []
    for cells, row, column in pieces:
        down = {"up": -1, "down": 1}.get(side, 0) * (cells.shape[0] if far else 1)
        right = {"left": -1, "right": 1}.get(side, 0) * (cells.shape[1] if far else 1)
        moved.append(Piece(cells, row + down, column + right))
    return tuple(moved)


@operator(tags=("object detection", "array manipulation"), side=SIDES, cost=1.8)
def slide_each(grid: Grid, pieces: tuple[Piece, ...], *, side: str) -> tuple[Piece, ...]:
    """Each piece slides to a side until it meets the edge, another piece, or anything else on the grid.

    >>> slide_each(np.array([[3, 0, 0, 4]], np.int8), (Piece(np.array([[3]], np.int8), 0, 0),), side="right")[0].column
    2
    """
    return tuple(slid(grid, pieces, side))


def slid(grid: Grid, pieces: tuple[Piece, ...], side: str) -> list[Piece]:
    """What ``slide_each`` gives, in the order of ``pieces``. NoValue for pieces that lie outside the grid."""
    seen = upwards((grid != background(grid)).view(np.int8), side).copy()
    shown, places = [], []
    for cells, row, column in pieces:
        below, beside = grid.shape[0] - row - cells.shape[0], grid.shape[1] - column - cells.shape[1]
        if min(row, column, below, beside) < 0:
            raise NoValue("a piece lies outside")
        front = {"up": row, "left": column, "down": below, "right": beside}[side]
        shown.append(upwards(cells, side) != CLEAR)
        places.append([front, below if side == "right" else row if side == "left" else column])
        _window(seen, shown[-1], *places[-1])[shown[-1]] = 1
    moving = True
    while moving:
        moving = False
        for _, number in sorted((place[0], number) for number, place in enumerate(places)):
            shape, (front, across) = shown[number], places[number]
            _window(seen, shape, front, across)[shape] = 0
            ahead = seen[: front + shape.shape[0], across : across + shape.shape[1]]
            index = np.arange(ahead.shape[0])[:, None]
            last = np.maximum.accumulate(np.where(ahead, index, -1), axis=0)
            distance = max(0, int((index - last - 1)[front:][shape].min()))
            places[number][0] = front - distance
            _window(seen, shape, front - distance, across)[shape] = 1
            moving = moving or distance > 0
    moved = []
    for (cells, row, column), shape, (front, _) in zip(pieces, shown, places, strict=True):
        after = front if side in ("up", "left") else seen.shape[0] - front - shape.shape[0]
        moved.append(Piece(cells, after, column) if side in ("up", "down") else Piece(cells, row, after))
    return moved


def _window(seen: Grid, shape: Mask, front: int, across: int) -> Grid:
    return seen[front : front + shape.shape[0], across : across + shape.shape[1]]


@operator(tags=("array manipulation",), along=("rows", "columns", "both"), cost=1.8)
def bands(grid: Grid, pieces: tuple[Piece, ...], *, along: str) -> tuple[Piece, ...]:
    """For each piece the whole rows, columns or both that it lies in, in its main colour; columns later.

    >>> bands(np.zeros((1, 3), np.int8), (Piece(np.array([[3]], np.int8), 0, 1),), along="rows")[0].cells.tolist()
    [[3, 3, 3]]
    """
    found = []
    for way in ("rows", "columns"):
        for cells, row, column in pieces if along in (way, "both") else ():
            colour = main_colour(cells)
            if way == "rows":
                found.append(Piece(np.full((cells.shape[0], grid.shape[1]), colour, np.int8), row, 0))
            else:
                found.append(Piece(np.full((grid.shape[0], cells.shape[1]), colour, np.int8), 0, column))
    return tuple(found)


STEPS_TO = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


@operator(tags=("flip", "pattern copy"), side=SIDES, cost=1.8)
def reflect_each(pieces: tuple[Piece, ...], *, side: str) -> tuple[Piece, ...]:
    """The mirror image of each piece beside it.

    >>> reflect_each((Piece(np.array([[3, 4]], np.int8), 0, 0),), side="right")
    (Piece(cells=array([[4, 3]], dtype=int8), row=0, column=2),)
    """
    down, right = STEPS_TO[side]
    images = []
    for cells, row, column in pieces:
        image = cells[::-1] if down else cells[:, ::-1]
        images.append(Piece(image.copy(), row + down * cells.shape[0], column + right * cells.shape[1]))
    return tuple(images)


@operator(tags=("pattern copy",), side=SIDES, gap=(0, 1), cost=1.8)
def repeat_each(grid: Grid, pieces: tuple[Piece, ...], *, side: str, gap: int) -> tuple[Piece, ...]:
    """Copies of each piece one after the other to a side, as far as the grid goes, with so many cells between them.

    >>> dot = Piece(np.array([[3]], np.int8), 0, 0)
    >>> [each.column for each in repeat_each(np.zeros((1, 5), np.int8), (dot,), side="right", gap=1)]
    [0, 2, 4]
    """
    (height, width), (down, right) = grid.shape, STEPS_TO[side]
    copies = []
    for cells, row, column in pieces:
        tall, wide = cells.shape
        while -tall < row < height and -wide < column < width:
            copies.append(Piece(cells, row, column))
            row, column = row + down * (tall + gap), column + right * (wide + gap)
    if not len(pieces) < len(copies) <= MOST_PIECES:
        raise NoValue("no room, or too much")
    return tuple(copies)
