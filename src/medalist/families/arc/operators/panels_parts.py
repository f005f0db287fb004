"""Parts of a grid (objects, colours, panels, equal tiles) and the choice of the one that stands out by a measure."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask, Piece
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.panels import panel_spans

MOST_PARTS = 60
"""More parts than this are texture, not things to choose among."""


def ground(grid: Grid, background: int) -> int:
    """``background``, or with -1 the most frequent colour of the grid (the lower one of equals).

    >>> ground(np.array([[3, 3, 1]], np.int8), -1)
    3
    """
    return background if background >= 0 else int(np.bincount(grid.ravel(), minlength=10).argmax())


def cut_out(grid: Grid, where: Mask) -> Piece:
    """The cells of a mask as a piece with its bounding box."""
    rows = np.flatnonzero(where.any(axis=1))
    columns = np.flatnonzero(where.any(axis=0))
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    return Piece(np.where(where[box], grid[box], CLEAR).astype(np.int8), int(rows[0]), int(columns[0]))


def parts_of(grid: Grid, parts: str, background: int, least: int = 2) -> list[Piece]:
    """The parts of a grid in reading order. Raises NoValue where there are fewer than ``least``, or a texture.

    ``parts``: "objects" (touching cells that are no background, corners count), "objects 4" (corners do not),
    "shapes" and "shapes 4" (of one colour each), "colours" (all cells of a colour), "every colour" (the
    background's too), "fields" (of one colour, the background too), "panels" (between separator lines), or
    "tiles R C" (R x C equal parts).
    """
    kind, *sizes = parts.split()
    found: list[Piece] = []
    if kind == "panels":
        rows, columns = panel_spans(grid)
        found = [Piece(grid[a:b, c:d], a, c) for a, b in rows for c, d in columns]
    elif kind == "tiles":
        down, across = int(sizes[0]), int(sizes[1])
        height, width = grid.shape[0] // down, grid.shape[1] // across
        if height * down != grid.shape[0] or width * across != grid.shape[1]:
            raise NoValue("no equal tiles")
        corners = [(row * height, column * width) for row in range(down) for column in range(across)]
        found = [Piece(grid[r : r + height, c : c + width], r, c) for r, c in corners]
    elif kind in ("colours", "every"):
        base = ground(grid, background) if kind == "colours" else -1
        found = [cut_out(grid, grid == colour) for colour in np.unique(grid).tolist() if colour != base]
    else:
        base = -1 if kind == "fields" else ground(grid, background)
        labels = components(grid, base, not sizes and kind != "fields", kind != "objects")
        count = int(labels.max())
        if count <= MOST_PARTS:
            found = [cut_out(grid, labels == label) for label in range(1, count + 1)]
    if not least <= len(found) <= MOST_PARTS:
        raise NoValue("nothing to choose among")
    return found


def shape_of(piece: Piece) -> bytes:
    """What equals for pieces of one silhouette, whichever of the eight ways they are turned."""
    solid = piece.cells != CLEAR
    turns = [np.rot90(each, turn) for each in (solid, solid.T) for turn in range(4)]
    return min(bytes(turned.shape) + np.ascontiguousarray(turned).tobytes() for turned in turns)


def holes_in(solid: Mask) -> int:
    """How many holes a silhouette has."""
    around = np.pad(solid, 1).astype(np.int8)
    return int(components(1 - around, 0, False, True).max()) - 1


def measures(pieces: list[Piece], grid: Grid, background: int) -> dict[str, list[int]]:
    """What is measured of each piece, most telling first: a list of one number a piece for each name."""
    base = ground(grid, background)
    counts = np.bincount(grid.ravel(), minlength=10)
    inks = [piece.cells[(piece.cells != CLEAR) & (piece.cells != base)] for piece in pieces]
    hues = [np.bincount(ink, minlength=10) for ink in inks]
    whole = [piece.cells.tobytes() + bytes(piece.cells.shape) for piece in pieces]
    silhouettes = [shape_of(Piece(np.where(p.cells == base, CLEAR, p.cells), 0, 0)) for p in pieces]
    mains = [int(hue.argmax()) for hue in hues]
    return {
        "cells": [ink.size for ink in inks],
        "colours": [int((hue > 0).sum()) for hue in hues],
        "copies": [whole.count(each) for each in whole],
        "shapes alike": [silhouettes.count(each) for each in silhouettes],
        "colours alike": [mains.count(each) for each in mains],
        "left-right symmetric": [int((p.cells == p.cells[:, ::-1]).all()) for p in pieces],
        "top-bottom symmetric": [int((p.cells == p.cells[::-1]).all()) for p in pieces],
        "symmetric": [_symmetries(p.cells) for p in pieces],
        "other colours": [int(hue.sum() - hue.max()) for hue in hues],
        "box": [piece.cells.size for piece in pieces],
        "holes": [holes_in(piece.cells != CLEAR) for piece in pieces],
        "objects": [_objects(piece.cells, base) for piece in pieces],
        "height": [piece.cells.shape[0] for piece in pieces],
        "width": [piece.cells.shape[1] for piece in pieces],
        "empty cells": [int(piece.cells.size - ink.size) for piece, ink in zip(pieces, inks, strict=True)],
        "frequency of colour": [int(counts[main]) for main in mains],
        "row": [piece.row for piece in pieces],
        "column": [piece.column for piece in pieces],
        "last row": [piece.row + piece.cells.shape[0] for piece in pieces],
        "last column": [piece.column + piece.cells.shape[1] for piece in pieces],
        "colour": mains,
    } | {
        f"cells of {colour}": [int(hue[colour]) for hue in hues] for colour in np.flatnonzero(counts).tolist()
    }


def _symmetries(cells: Grid) -> int:
    square = cells.shape[0] == cells.shape[1]
    return (
        int((cells == cells[:, ::-1]).all())
        + int((cells == cells[::-1]).all())
        + int(square and (cells == cells.T).all())
        + int(square and (cells == cells[::-1, ::-1].T).all())
    )


def _objects(cells: Grid, base: int) -> int:
    return int(components(np.where(cells == base, CLEAR, cells).astype(np.int8), CLEAR, True, False).max())


def keyed(values: list[int], how: str) -> list[int]:
    """What a table of measures is asked for: the values with ``how`` "value", else 1 for the one that stands out.

    Raises NoValue where none or several stand out.

    >>> keyed([4, 7, 4], "value"), keyed([4, 7, 4], "most")
    ([4, 7, 4], [0, 1, 0])
    """
    if how == "value":
        return values
    chosen = standing_out(values, how)
    return [int(place == chosen) for place in range(len(values))]


def standing_out(values: list[int], how: str) -> int:
    """The one place whose value is the "most", the "least", the "only" one of its kind, or that "is N".

    Raises NoValue where none or several are.

    >>> standing_out([4, 7, 4], "only"), standing_out([4, 7, 4], "is 7")
    (1, 1)
    """
    if how == "only":
        places = [place for place, value in enumerate(values) if values.count(value) == 1]
    else:
        wanted = max(values) if how == "most" else min(values) if how == "least" else int(how.split()[1])
        places = [place for place, value in enumerate(values) if value == wanted]
    if len(places) != 1:
        raise NoValue("no part stands out")
    return places[0]


@operator(tags=("object detection", "colour fill"))
def flat(piece: Piece) -> Piece:
    """A piece all in its main colour.

    >>> flat(Piece(np.array([[3, 3, 4, -1]], np.int8), 0, 0)).cells.tolist()
    [[3, 3, 3, -1]]
    """
    solid = piece.cells != CLEAR
    main = int(np.bincount(piece.cells[solid], minlength=10).argmax())
    return Piece(np.where(solid, main, CLEAR).astype(np.int8), piece.row, piece.column)


@operator(tags=("object detection", "conditional logic"))
def colour_of(piece: Piece) -> Grid:
    """One cell of a piece's main colour.

    >>> colour_of(Piece(np.array([[3, 3, 4]], np.int8), 0, 0)).tolist()
    [[3]]
    """
    return np.array([[np.bincount(piece.cells[piece.cells != CLEAR], minlength=10).argmax()]], np.int8)


@operator(tags=("object detection", "conditional logic"))
def choose(grid: Grid, *, parts: str, measure: str, how: str, background: int = -1) -> Piece:
    """The part of a grid that stands out by a measure.

    >>> choose(np.array([[1, 1, 0, 2]], np.int8), parts="shapes", measure="cells", how="least",
    ...     background=0).cells.tolist()
    [[2]]
    """
    pieces = parts_of(grid, parts, background)
    table = measures(pieces, grid, background)
    if measure not in table:
        raise NoValue("no such colour")
    return pieces[standing_out(table[measure], how)]


@operator(tags=("object detection",))
def alone(piece: Piece, *, background: int = 0) -> Grid:
    """A piece as a grid, ``background`` where it is clear.

    >>> alone(Piece(np.array([[3, -1]], np.int8), 0, 0), background=0).tolist()
    [[3, 0]]
    """
    return np.where(piece.cells == CLEAR, background, piece.cells).astype(np.int8)
