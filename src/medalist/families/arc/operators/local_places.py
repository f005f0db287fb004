"""Columns of places: where a cell lies in the grid, its row and column, the grid's lines and panels, and its colour's
relations to one chosen colour. ``local_colours`` says what columns and families are."""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.grids.kernels import components
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.operators.local_colours import FAR, WAYS, along, moved
from medalist.families.arc.operators.panels import panel_spans


def place_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """Row and column from either side, their parities, the distance from the edge, and the diagonals."""
    height, width = grid.shape
    row, column = np.indices((height, width)).astype(np.int16)
    below, beyond = height - 1 - row, width - 1 - column
    edge = np.minimum(np.minimum(row, below), np.minimum(column, beyond))
    numbers = {
        "place row": row,
        "place column": column,
        "place row from bottom": below,
        "place column from right": beyond,
        "place edge": edge,
        "place odd row": row % 2,
        "place odd column": column % 2,
        "place odd sum": (row + column) % 2,
        "place odd row from bottom": below % 2,
        "place odd column from right": beyond % 2,
        "place odd sum from right": (row + beyond) % 2,
        "place odd edge": edge % 2,
        "place row in three": row % 3,
        "place column in three": column % 3,
        "place sum in three": (row + column) % 3,
        "place diagonal": row - column,
        "place antidiagonal": row + column - (width - 1),
        "place antidiagonal from bottom": below - column,
        "place middle row": np.abs(row - below),
        "place middle column": np.abs(column - beyond),
        "place taller": np.sign(np.zeros_like(row) + height - width),
    }
    return {}, {name: values.astype(np.int16) for name, values in numbers.items()}


def line_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """What the cell's row and column hold: their counts, ranks, ends, most frequent colours and full lines."""
    colours: dict = {}
    numbers: dict = {}
    for name, cells in (("row", grid), ("column", grid.T)):
        for title, values, kind in _line_values(cells.astype(np.int16), background):
            whole = np.broadcast_to(values[:, None], cells.shape).astype(np.int16)
            (colours if kind == "colour" else numbers)[f"line {name} {title}"] = (
                whole if name == "row" else whole.T
            )
    empty_row, empty_column = numbers["line row inked"] == 0, numbers["line column inked"] == 0
    numbers["line empty"] = (empty_row * 1 + empty_column * 2).astype(np.int16)
    uniform_row, uniform_column = numbers["line row uniform"], numbers["line column uniform"]
    numbers["line uniform"] = (uniform_row + 2 * uniform_column).astype(np.int16)
    for title, cells in (("down", grid), ("up", grid[::-1]), ("right", grid.T), ("left", grid[:, ::-1].T)):
        order = np.argsort(cells != background, axis=0, kind="stable")
        fallen = np.take_along_axis(cells, order, 0).astype(np.int16)
        fallen = fallen.T if title in ("right", "left") else fallen
        fallen = fallen[::-1] if title == "up" else fallen[:, ::-1] if title == "left" else fallen
        colours[f"line fallen {title}"] = fallen
    colours["line nearest full"], numbers["line nearest full distance"] = _nearest_full(
        colours["line row full colour"], colours["line column full colour"]
    )
    return colours, numbers


def _nearest_full(rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The colour of the nearest full line and how far it is; -1 where there is none or two are equally near."""
    found, distance = np.full_like(rows, -1), np.full_like(rows, FAR)
    for full, axis in ((rows[:, 0], 0), (columns[0], 1)):
        for place in np.flatnonzero(full >= 0).tolist():
            away = np.abs(np.indices(rows.shape)[axis] - place).astype(np.int16)
            found = np.where(away == distance, -1, np.where(away < distance, full[place], found))
            distance = np.minimum(away, distance)
    return found.astype(np.int16), distance


def _line_values(cells: np.ndarray, background: int) -> list:
    """Name, one value a row, and whether it is a colour."""
    inked = cells != background
    counts = np.stack([(cells == colour).sum(axis=1) for colour in range(10)], axis=1)
    coloured = counts.copy()
    coloured[:, background] = 0
    most = np.where(coloured.max(axis=1) > 0, coloured.argmax(axis=1), -1)
    fewest_counts = np.where(coloured > 0, coloured, FAR)
    fewest = np.where(coloured.max(axis=1) > 0, fewest_counts.argmin(axis=1), -1)
    uniform = (cells == cells[:, :1]).all(axis=1)
    has = inked.any(axis=1)
    rows = np.arange(len(cells))
    first = np.where(has, cells[rows, inked.argmax(axis=1)], -1)
    last = np.where(has, cells[rows, cells.shape[1] - 1 - inked[:, ::-1].argmax(axis=1)], -1)
    total = inked.sum(axis=1)
    return [
        ("inked", total, "number"),
        ("inked rank", np.array([len({int(t) for t in total if t > each}) for each in total]), "number"),
        ("colours", (coloured > 0).sum(axis=1), "number"),
        ("uniform", uniform, "number"),
        ("most", most, "colour"),
        ("fewest", fewest, "colour"),
        ("full colour", np.where(uniform & has, cells[:, 0], -1), "colour"),
        ("start", cells[:, 0], "colour"),
        ("end", cells[:, -1], "colour"),
        ("first", first, "colour"),
        ("last", last, "colour"),
        ("palindrome", (cells == cells[:, ::-1]).all(axis=1), "number"),
    ]


def to_columns(grid: Grid, background: int, which: str) -> tuple[dict, dict]:
    """The cell's relations to one colour: seen along which rays, in its row, column or diagonals, how far, how many.

    ``which`` is a colour's digit, or its role in the grid: ``first`` (most frequent but background) or ``rarest``.
    """
    mine = grid == _colour_called(which, grid, background)
    name = f"to {which}"
    rows = np.broadcast_to(mine.sum(axis=1)[:, None], grid.shape)
    columns = np.broadcast_to(mine.sum(axis=0)[None], grid.shape)
    around = np.stack([moved(mine, down, right, 0) for _, down, right in WAYS])
    seen = np.stack([_seen(mine, down, right) for _, down, right in WAYS])
    numbers = {
        f"{name} in row": rows,
        f"{name} in column": columns,
        f"{name} in row or column": (rows > 0) * 1 + (columns > 0) * 2,
        f"{name} on diagonals": seen[4:].any(axis=0),
        f"{name} beside": around[:4].sum(axis=0),
        f"{name} around": around.sum(axis=0),
        f"{name} straight rays": seen[:4].sum(axis=0),
        f"{name} diagonal rays": seen[4:].sum(axis=0),
        f"{name} rays": seen.sum(axis=0),
        f"{name} in all": np.full(grid.shape, mine.sum()),
    }
    for way, row in zip(WAYS, seen, strict=True):
        numbers[f"{name} seen {way[0]}"] = row
    things, parts = components(grid, background, True, False), components(grid, -1, False, True)
    numbers[f"{name} in thing"] = np.bincount(things[mine], minlength=things.max() + 1)[things] * (things > 0)
    touched = np.zeros(parts.max() + 1, np.int64)
    for _, down, right in WAYS[:4]:
        touched += np.bincount(parts[moved(mine, down, right, 0) & ~mine], minlength=len(touched))
    numbers[f"{name} touches part"] = touched[parts]
    where = np.argwhere(mine)
    box = np.zeros(grid.shape, np.int16)
    distance = np.full(grid.shape, FAR, np.int16)
    steps = distance.copy()
    if len(where):
        (top, left), (bottom, right) = where.min(axis=0), where.max(axis=0)
        box[top : bottom + 1, left : right + 1] = 1
        cells = np.indices(grid.shape).reshape(2, -1).T
        gaps = np.abs(cells[:, None, :] - where[None, :200, :])
        distance = gaps.max(axis=2).min(axis=1).reshape(grid.shape)
        steps = gaps.sum(axis=2).min(axis=1).reshape(grid.shape)
    numbers[f"{name} in its box"] = box
    numbers[f"{name} distance"] = distance
    numbers[f"{name} odd distance"] = distance % 2
    numbers[f"{name} steps"] = steps
    hits = np.stack([along(grid.astype(np.int16), background, *way[1:])[0] for way in WAYS[:4]])
    facing = hits == int(grid[mine][0]) if mine.any() else np.zeros(hits.shape, bool)
    across = np.take_along_axis(hits, np.array([1, 0, 3, 2])[facing.argmax(axis=0)][None], 0)[0]
    opposite = np.where(facing.any(axis=0), across, -1).astype(np.int16)
    counted = {title: values.astype(np.int16) for title, values in numbers.items()}
    return {f"{name} opposite": opposite}, counted


def _colour_called(which: str, grid: Grid, background: int) -> int:
    """The colour that a digit or a role means on this grid; -1 for a role that nobody has."""
    if which.isdigit():
        return int(which)
    counts = np.bincount(grid.ravel(), minlength=10)
    others = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c] and c != background]
    if not others:
        return -1
    return others[0 if which == "first" else -1]


def _seen(mine: np.ndarray, down: int, right: int) -> np.ndarray:
    """Whether the ray from a cell meets one of ``mine``, whatever stands between."""
    found = np.zeros_like(mine)
    reach = max(mine.shape) if 0 in (down, right) else min(mine.shape)
    for step in range(1, reach):
        found |= moved(mine, step * down, step * right, 0)
    return found


def panel_columns(grid: Grid, background: int) -> tuple[dict, dict]:
    """Which panel between full lines of one colour the cell is in, where in it, and what the other panels hold there.

    All -1 on a grid without such lines.
    """
    cells = grid.astype(np.int16)
    none = np.full(grid.shape, -1, np.int16)
    names = ("row", "column", "inside row", "inside column", "inked", "rank", "rank from fewest", "colours")
    names += ("same inked", "there", "number", "row from bottom", "column from right", "odd")
    numbers = {f"panel {name}": none.copy() for name in names}
    titles = (
        "most",
        "fewest",
        "there any",
        "there most",
        "at its place in the fullest",
        "at its place in the emptiest",
    )
    colours = {f"panel {title}": none.copy() for title in titles}
    try:
        spans_down, spans_right = panel_spans(grid)
    except NoValue:
        return colours, numbers
    boxes = [(slice(*down), slice(*right)) for down in spans_down for right in spans_right]
    inked = [int((cells[box] != background).sum()) for box in boxes]
    fullest, emptiest = cells[boxes[int(np.argmax(inked))]], cells[boxes[int(np.argmin(inked))]]
    for number, box in enumerate(boxes):
        inside = cells[box]
        row, column = divmod(number, len(spans_right))
        counts = np.bincount(inside.ravel(), minlength=10)
        counts[background] = 0
        shape = np.indices(inside.shape)
        told = (row, column, shape[0], shape[1], inked[number], len({x for x in inked if x > inked[number]}))
        told += (len({x for x in inked if x < inked[number]}), int((counts > 0).sum()))
        told += (inked.count(inked[number]), -1, number, len(spans_down) - 1 - row)
        told += (len(spans_right) - 1 - column, (row + column) % 2)
        for name, value in zip(names, told, strict=True):
            numbers[f"panel {name}"][box] = value
        if counts.any():
            colours["panel most"][box] = counts.argmax()
            colours["panel fewest"][box] = np.where(counts > 0, counts, 999).argmin()
        for title, panel in (("fullest", fullest), ("emptiest", emptiest)):
            if row < panel.shape[0] and column < panel.shape[1]:
                colours[f"panel at its place in the {title}"][box] = panel[row, column]
    if len({cells[box].shape for box in boxes}) == 1:
        _across(np.stack([cells[box] for box in boxes]), boxes, background, colours, numbers)
    return colours, numbers


def _across(panels: np.ndarray, boxes: list, background: int, colours: dict, numbers: dict) -> None:
    """What all panels of one shape hold at the cell's place in its own."""
    counts = np.stack([(panels == colour).sum(axis=0) for colour in range(10)])
    counts[background] = 0
    there = counts.sum(axis=0)
    most = np.where(there > 0, counts.argmax(axis=0), -1)
    first = np.full(there.shape, -1, np.int16)
    for panel in panels:
        first = np.where((first < 0) & (panel != background), panel, first)
    for box in boxes:
        numbers["panel there"][box] = there
        colours["panel there most"][box] = most
        colours["panel there any"][box] = first
