"""Make a new grid out of chosen objects: crop one, set several in a line or in a table, count them, or look them up.

Conditions and colour names are those of ``object_rules_features``. How an object is shown is a word: ``own`` (its cells
on the ground's colour), ``box`` (all that lies in its box), ``inner`` (the box without its outermost cells), ``grown``
(the box and one cell around), ``even`` (its cells all in its main colour), ``flat`` (that colour fills its box),
``one`` and ``marker`` (a single cell of its main or of its rarest colour), ``half_ud`` and the like for one half of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.object_rules_features import feature, features, holds, named_colours
from medalist.families.arc.operators.object_rules_moves import turned
from medalist.families.arc.operators.object_rules_scene import look


@operator(tags=("object detection", "conditional logic"), cost=2.0)
def crop_object(
    grid: Grid, *, ground: int, split: str, condition: tuple, show: str, turn: str, dye: tuple
) -> Grid:
    """The object for which ``condition`` holds, as ``show`` says, turned, its cells dyed in a named colour (or not).

    The dye ``("swap",)`` exchanges its main and its rarest colour.

    Raises NoValue unless the condition holds for one object, or for several that look the same.

    >>> literals = {"ground": 0, "split": "four", "show": "own", "turn": "", "dye": ()}
    >>> crop_object(np.array([[3, 0, 4, 4]], np.int8), condition=(("rank_area", "is", 0),), **literals).tolist()
    [[4, 4]]
    """
    return cropped(look(grid, ground, split), condition, show, turn, dye)


def cropped(scene: dict[str, Any], condition: tuple, show: str, turn: str, dye: tuple) -> Grid:
    """The work of ``crop_object`` on a scene already cut."""
    found = None
    for number, wanted in enumerate(holds(scene, condition)):
        if wanted:
            one = shown(scene, number, show, turn, dye)
            if found is not None and (found.shape != one.shape or (found != one).any()):
                raise NoValue("several objects")
            found = one
    if found is None:
        raise NoValue("no such object")
    return found


def shown(scene: dict[str, Any], number: int, show: str, turn: str, dye: tuple) -> Grid:
    """One object as a grid. Raises NoValue for an unknown word, and for what would have no cell."""
    grid, piece, below = scene["grid"], scene["objects"][number], scene["ground"]
    height, width = piece.cells.shape
    cells = piece.cells
    if show == "box" or show == "inner" or show == "grown":
        more = {"box": 0, "inner": -1, "grown": 1}[show]
        top, left = max(0, piece.row - more), max(0, piece.column - more)
        cells = grid[top : piece.row + height + more, left : piece.column + width + more]
    elif show == "even":
        cells = np.where(cells == CLEAR, CLEAR, feature(scene, "colour")[number]).astype(np.int8)
    elif show == "flat":
        cells = np.full((height, width), feature(scene, "colour")[number], np.int8)
    elif show in ("one", "marker"):
        cells = np.full((1, 1), feature(scene, "colour" if show == "one" else "marker")[number], np.int8)
    elif show == "thin":
        cells = thinned(cells)
    elif show in ("half_ud", "half_lr", "quarter"):
        cells = cells[: (height + 1) // 2 if show != "half_lr" else height]
        cells = cells[:, : (width + 1) // 2 if show != "half_ud" else width]
    elif show != "own":
        raise NoValue(f"nothing is shown as {show}")
    if not cells.size or (show in ("one", "marker") and cells[0, 0] < 0):
        raise NoValue("nothing to show")
    if dye == ("swap",):
        main, marker = feature(scene, "colour")[number], feature(scene, "marker")[number]
        if marker < 0:
            raise NoValue("one colour alone")
        cells = np.where(cells == main, marker, np.where(cells == marker, main, cells))
    elif dye:
        colour = named_colours(scene, dye)[number]
        if colour < 0:
            raise NoValue("no colour to dye it in")
        cells = np.where((cells == CLEAR) | (cells == below), cells, colour)
    if turn:
        cells = turned(cells, turn)
    return np.where(cells == CLEAR, below, cells).astype(np.int8)


def thinned(cells: Grid) -> Grid:
    """Equal neighbouring rows as one, and equal neighbouring columns.

    >>> thinned(np.array([[1, 1, 2], [1, 1, 2]])).tolist()
    [[1, 2]]
    """
    cells = cells[np.concatenate([[True], (cells[1:] != cells[:-1]).any(axis=1)])]
    return cells[:, np.concatenate([[True], (cells[:, 1:] != cells[:, :-1]).any(axis=0)])]


@operator(tags=("object detection", "array manipulation"), cost=2.0)
def line_up(
    grid: Grid, *, ground: int, split: str, condition: tuple, show: str, order: str, layout: str
) -> Grid:
    """The objects for which ``condition`` holds, ordered by a feature, set ``across``, ``down`` or in a ``table``.

    A table has them by their places: objects whose boxes begin in one row stand in one row; missing ones are ground.
    Raises NoValue for no such object, and for sizes that do not fit together.

    >>> literals = {"ground": 0, "split": "four", "condition": (), "show": "one", "layout": "down"}
    >>> line_up(np.array([[3, 0, 4, 4]], np.int8), order="rank_area", **literals).tolist()
    [[4], [3]]
    """
    return lined_up(look(grid, ground, split), condition, show, order, layout)


def lined_up(scene: dict[str, Any], condition: tuple, show: str, order: str, layout: str) -> Grid:
    """The work of ``line_up`` on a scene already cut."""
    chosen = [number for number, wanted in enumerate(holds(scene, condition)) if wanted]
    if not chosen:
        raise NoValue("no such object")
    grids = {number: shown(scene, number, show, "", ()) for number in chosen}
    if layout == "table":
        tops, lefts = feature(scene, "top"), feature(scene, "left")
        rows, columns = sorted({tops[n] for n in chosen}), sorted({lefts[n] for n in chosen})
        height, width = grids[chosen[0]].shape
        if any(each.shape != (height, width) for each in grids.values()):
            raise NoValue("different sizes")
        out = np.full((len(rows) * height, len(columns) * width), scene["ground"], np.int8)
        for n in chosen:
            row, column = rows.index(tops[n]) * height, columns.index(lefts[n]) * width
            out[row : row + height, column : column + width] = grids[n]
        return out
    values = feature(scene, order)
    parts = [grids[n] for n in sorted(chosen, key=lambda n: (values[n], n))]
    axis = 1 if layout == "across" else 0
    if len({part.shape[1 - axis] for part in parts}) > 1:
        raise NoValue("different sizes")
    return np.concatenate(parts, axis=axis)


@operator(tags=("object detection", "counting"), cost=2.0)
def draw_count(
    grid: Grid, *, ground: int, split: str, condition: tuple, height: int, width: int, way: str, colour: tuple
) -> Grid:
    """As many cells as objects for which ``condition`` holds, in a grid of the ground's colour.

    A ``height`` or ``width`` of 0 stands for the count. ``way`` is ``rows`` or ``columns`` (filled from the top left),
    ``diagonal`` or ``all``. The colour is one that all these objects mean by ``colour``; NoValue where they differ.

    >>> literals = {"split": "four", "condition": (), "height": 1, "width": 3, "way": "rows", "colour": ("is", 5)}
    >>> draw_count(np.array([[3, 0, 4, 4]], np.int8), ground=0, **literals).tolist()
    [[5, 5, 0]]
    """
    return count_drawn(look(grid, ground, split), condition, height, width, way, colour)


def count_drawn(
    scene: dict[str, Any], condition: tuple, height: int, width: int, way: str, colour: tuple
) -> Grid:
    """The work of ``draw_count`` on a scene already cut."""
    chosen = [number for number, wanted in enumerate(holds(scene, condition)) if wanted]
    count = len(chosen)
    meant = {named_colours(scene, colour)[number] for number in chosen}
    if not chosen or len(meant) > 1 or min(meant) < 0:
        raise NoValue("no one colour")
    out = np.full((height or count, width or count), scene["ground"], np.int8)
    if max(out.shape) > 30 or (way == "diagonal" and count > min(out.shape)) or count > out.size:
        raise NoValue("too many")
    if way == "rows":
        out.ravel()[:count] = meant.pop()
    elif way == "columns":
        flat = out.T.ravel()
        flat[:count] = meant.pop()
        out = np.ascontiguousarray(flat.reshape(out.shape[::-1]).T)
    elif way == "diagonal":
        out[np.arange(count), np.arange(count)] = meant.pop()
    else:
        out[:] = meant.pop()
    return out


@operator(tags=("object detection", "conditional logic"), cost=3.0)
def look_up(grid: Grid, *, ground: int, split: str, condition: tuple, by: str, table: tuple) -> Grid:
    """The output that ``table`` keeps for what is counted or chosen: ``((value, rows), …)``.

    ``by`` is ``count`` (of the objects for which ``condition`` holds) or a feature, of the one such object. Raises
    NoValue for a value that is not in the table.

    >>> literals = {"ground": 0, "split": "four", "condition": (), "by": "count", "table": ((2, ((7, 8),)),)}
    >>> look_up(np.array([[3, 0, 4, 4]], np.int8), **literals).tolist()
    [[7, 8]]
    """
    known = dict(table)
    value = value_of(look(grid, ground, split), condition, by)
    if value not in known:
        raise NoValue(f"never saw {value}")
    return np.array(known[value], np.int8)


def value_of(scene: dict[str, Any], condition: tuple, name: str) -> int:
    """What ``look_up`` looks for. Raises NoValue unless it is one value."""
    chosen = [number for number, wanted in enumerate(holds(scene, condition)) if wanted]
    if name == "count":
        return len(chosen)
    values = {features(scene)[name][number] for number in chosen}
    if len(values) != 1:
        raise NoValue("not one value")
    return values.pop()


@operator(tags=("object detection", "counting"), cost=2.5)
def bars(
    grid: Grid, *, ground: int, split: str, condition: tuple, by: str, order: str, side: str, blank: int
) -> Grid:
    """A bar for each object for which ``condition`` holds: as long as its feature ``by`` says, ordered by ``order``.

    ``side`` is where bars begin: ``top``, ``bottom``, ``left`` or ``right``; ``blank`` the colour beside them, the
    ground's for -1. Raises NoValue for no bar or a too long one.

    >>> literals = {"ground": 0, "split": "colours", "condition": (), "by": "area", "order": "rank_area"}
    >>> bars(np.array([[3, 0, 4, 4]], np.int8), side="top", blank=-1, **literals).tolist()
    [[4, 3], [4, 0]]
    """
    return barred(look(grid, ground, split), condition, by, order, side, blank)


def barred(scene: dict[str, Any], condition: tuple, by: str, order: str, side: str, blank: int) -> Grid:
    """The work of ``bars`` on a scene already cut."""
    chosen = [number for number, wanted in enumerate(holds(scene, condition)) if wanted]
    lengths, keys, colours = feature(scene, by), feature(scene, order), feature(scene, "colour")
    longest = max((lengths[number] for number in chosen), default=0)
    if not 0 < longest <= 30 or len(chosen) > 30:
        raise NoValue("no bars")
    out = np.full((longest, len(chosen)), scene["ground"] if blank < 0 else blank, np.int8)
    for place, number in enumerate(sorted(chosen, key=lambda n: (keys[n], n))):
        out[: lengths[number], place] = colours[number]
    out = out[::-1] if side in ("bottom", "right") else out
    return np.ascontiguousarray(out.T if side in ("left", "right") else out)
