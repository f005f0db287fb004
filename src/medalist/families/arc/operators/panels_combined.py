"""Panels or equal tiles laid over each other by a learned table, and each of them told as one cell."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.panels import panel_spans
from medalist.families.arc.operators.panels_parts import ground, keyed, measures, parts_of


def stacked(grid: Grid, parts: str) -> Grid:
    """The parts of one shape as layers, shape (parts, rows, columns). Raises NoValue where shapes differ.

    "mirrored panels" and "mirrored tiles R C" are folded over: every second row and column of them is flipped, as in
    a mirror; after "back-mirrored" every first.
    """
    fold, _, rest = parts.partition(" ")
    if not fold.endswith("mirrored"):
        fold, rest = "", parts
    pieces = parts_of(grid, rest, -1)
    if len({piece.cells.shape for piece in pieces}) > 1:
        raise NoValue("panels of different shapes")
    if not fold:
        return np.stack([piece.cells for piece in pieces])
    rows, columns = sorted({piece.row for piece in pieces}), sorted({piece.column for piece in pieces})
    kept = int(fold == "back-mirrored")
    return np.stack(
        [
            p.cells[
                :: -1 if len(rows) > 1 and rows.index(p.row) % 2 != kept else 1,
                :: -1 if len(columns) > 1 and columns.index(p.column) % 2 != kept else 1,
            ]
            for p in pieces
        ]
    )


@operator(tags=("grid partition", "conditional logic"))
def combine_panels(grid: Grid, *, parts: str, keys: str, table: tuple, background: int = -1) -> Grid:
    """Panels laid over each other: ``table`` gives for what a place shows in each panel the colour of the result.

    With ``keys`` "filled" a table's key says of each panel 0 or 1, whether the place is filled there; with "colours"
    it is the colours. An answer of 0 to 9 is a colour, one of -1, -2, … that of the first, second, … panel.

    >>> combine_panels(np.array([[1, 0, 2, 2]], np.int8), parts="tiles 1 2", keys="filled",
    ...     table=(((0, 1), 5), ((1, 1), -2)), background=0).tolist()
    [[2, 5]]
    """
    layers = stacked(grid, parts)
    base = ground(grid, background)
    shown = (layers != base).astype(np.int8) if keys == "filled" else layers
    answers = dict(table)
    out = np.zeros(layers.shape[1:], np.int8)
    for row, column in np.ndindex(*out.shape):
        key = tuple(shown[:, row, column].tolist())
        if key not in answers:
            raise NoValue("a place shows what the table does not know")
        answer = answers[key]
        out[row, column] = answer if answer >= 0 else layers[-1 - answer, row, column]
    return out


@operator(tags=("grid partition",))
def overlay_panels(grid: Grid, *, parts: str, order: tuple, background: int = -1) -> Grid:
    """Panels laid over each other: a place shows the first panel of ``order`` that is filled there.

    >>> overlay_panels(np.array([[1, 0, 2, 2]], np.int8), parts="tiles 1 2", order=(0, 1), background=0).tolist()
    [[1, 2]]
    """
    layers = stacked(grid, parts)
    base = ground(grid, background)
    out = np.full(layers.shape[1:], base, np.int8)
    for number in reversed(order):
        if number >= len(layers):
            raise NoValue("not so many panels")
        out = np.where(layers[number] != base, layers[number], out)
    return out.astype(np.int8)


def arrangement(grid: Grid, parts: str) -> tuple[int, int]:
    """How many rows and columns of panels or tiles there are."""
    if parts == "panels":
        rows, columns = panel_spans(grid)
        return len(rows), len(columns)
    _, down, across = parts.split()
    return int(down), int(across)


@operator(tags=("grid partition", "counting"))
def tell_panels(
    grid: Grid, *, parts: str, measure: str, how: str, table: tuple, background: int = -1
) -> Grid:
    """One cell a panel: the colour that ``table`` gives for what is measured of it, or the measure where it is empty.

    With ``how`` "value" the table's keys are measures; with "most", "least", "only" or "is N" they say 1 of the
    panel that stands out and 0 of the others. An answer of -1 is the panel's main colour.

    >>> tell_panels(np.array([[1, 0, 2, 2]], np.int8), parts="tiles 1 2", measure="cells", how="most",
    ...     table=((0, 0), (1, -1)), background=0).tolist()
    [[0, 2]]
    """
    pieces = parts_of(grid, parts, background)
    measured = measures(pieces, grid, background)
    if measure not in measured:
        raise NoValue("no such colour")
    values = keyed(measured[measure], how)
    answers = dict(table)
    if table and any(value not in answers for value in values):
        raise NoValue("a panel measures what the table does not know")
    cells = [answers[value] if table else value for value in values]
    cells = [main if cell < 0 else cell for cell, main in zip(cells, measured["colour"], strict=True)]
    if max(cells) > 9:
        raise NoValue("no colour")
    return np.array(cells, np.int8).reshape(arrangement(grid, parts))


@operator(tags=("grid partition", "colour fill"))
def fill_panels(cells: Grid, grid: Grid, *, keep: int = -1) -> Grid:
    """``grid`` with every panel between lines filled with its cell of ``cells``, but left where that is ``keep``.

    >>> fill_panels(np.array([[3, 0]], np.int8), np.array([[0, 5, 7], [0, 5, 7]], np.int8), keep=0).tolist()
    [[3, 5, 7], [3, 5, 7]]
    """
    rows, columns = panel_spans(grid)
    if cells.shape != (len(rows), len(columns)):
        raise NoValue("not one cell a panel")
    out = grid.copy()
    for line, (a, b) in enumerate(rows):
        for place, (c, d) in enumerate(columns):
            if cells[line, place] != keep:
                out[a:b, c:d] = cells[line, place]
    return out
