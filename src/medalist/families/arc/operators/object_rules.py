"""Act on objects by rules: recolour, fill, extend, move, copy, turn, complete and stamp, each under a condition.

A rule is ``(split, condition, action)``; all rules read the grid as it came in. First everything that moved away or
vanished is cleared to the ground, then rules paint in their order. An action is a tuple:
``("paint", footprint, mode, colour name)``, ``("delete",)``, ``("move", direction, distance)`` (with a colour name behind
it also recoloured), ``("copy", direction, distance)``, ``("align", edge, guide)``, ``("repeat", direction, gap)``,
``("turn", name)``, ``("mirror", side, gap)``, ``("complete", flips, core colour name)``, ``("stamp", cells)`` and
``("paste", feature)``; what they mean stands with the functions below and in the files on footprints and moves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask, Piece
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.object_rules_features import feature, features, holds, named_colours
from medalist.families.arc.operators.object_rules_footprints import footprint
from medalist.families.arc.operators.object_rules_moves import (
    aligned,
    completed,
    mirrored,
    moved,
    put,
    repeated,
    turned,
)
from medalist.families.arc.operators.object_rules_scene import ground_colour, look, spread

TURNS = ("lr", "ud", "half", "left", "right", "transpose")


@operator(tags=("object detection", "conditional logic"), cost=2.0)
def act_on_objects(grid: Grid, *, ground: int, rules: tuple) -> Grid:
    """Apply ``rules`` to the objects of ``grid``; ``ground`` -1 is its most frequent colour.

    >>> rule = ("four", (("rank_area", "is", 0),), ("paint", "own", "over", ("is", 7)))
    >>> act_on_objects(np.array([[3, 0, 3, 3]], np.int8), ground=0, rules=(rule,)).tolist()
    [[3, 0, 7, 7]]
    """
    scenes: dict[str, Any] = {}
    for split, _, _ in rules:
        if split not in scenes:
            scenes[split] = look(grid, ground, split)
    return acted(grid, ground_colour(grid, ground), scenes, rules)


def acted(grid: Grid, below: int, scenes: dict[str, Any], rules: tuple) -> Grid:
    """The work of ``act_on_objects`` on scenes already cut, by split."""
    gone = np.zeros(grid.shape, np.bool_)
    layers = []
    for split, condition, action in rules:
        scene = scenes[split]
        chosen = holds(scene, condition)
        for number, fires in enumerate(chosen):
            if fires:
                erased, layer = effect(scene, number, action, chosen)
                if erased is not None:
                    gone |= erased
                layers.append(layer)
    out = grid.copy()
    out[gone] = below
    for layer in layers:
        np.copyto(out, layer, where=layer != CLEAR)
    return out


def effect(
    scene: dict[str, Any], number: int, action: tuple[Any, ...], chosen: list[bool]
) -> tuple[Mask | None, Grid]:
    """What is erased and what is painted (``CLEAR`` elsewhere) when object ``number`` of the ``chosen`` ones acts.

    Raises NoValue for an unknown action.
    """
    kind, grid, piece = action[0], scene["grid"], scene["objects"][number]
    if kind == "paint":
        layer = np.full(grid.shape, CLEAR, np.int8)
        colour = named_colours(scene, action[3])[number]
        if colour >= 0:
            layer[footprint(scene, number, action[1], action[2])] = colour
        return None, layer
    if kind == "delete":
        return spread(piece, grid.shape), np.full(grid.shape, CLEAR, np.int8)
    if kind in ("move", "align"):
        where = (
            aligned(scene, number, *action[1:]) if kind == "align" else moved(scene, number, action, chosen)
        )
        layer = put(grid.shape, [where])
        if kind == "move" and len(action) > 3:
            colour = named_colours(scene, action[3])[number]
            layer = np.where((layer == CLEAR) | (colour < 0), layer, colour).astype(np.int8)
        return spread(piece, grid.shape), layer
    if kind == "copy":
        return None, put(grid.shape, [moved(scene, number, action, chosen)])
    if kind == "repeat":
        return None, put(grid.shape, repeated(piece, grid.shape, action[1], action[2]))
    if kind == "turn":
        return spread(piece, grid.shape), put(
            grid.shape, [Piece(turned(piece.cells, action[1]), piece.row, piece.column)]
        )
    if kind == "mirror":
        return None, put(grid.shape, [mirrored(piece, action[1], action[2])])
    if kind == "complete":
        return None, put(grid.shape, completed(scene, number, action[1], action[2]))
    if kind == "stamp":
        return None, stamped(scene, number, action[1])
    if kind == "paste":
        return None, put(grid.shape, [pasted(scene, number, action[1])])
    raise NoValue(f"no action is called {kind}")


def stamped(scene: dict[str, Any], number: int, cells: tuple[tuple[int, int, int], ...]) -> Grid:
    """A layer with ``cells`` (rows down, columns right of the object's top left corner, colour; -1 its own)."""
    grid, piece = scene["grid"], scene["objects"][number]
    layer = np.full(grid.shape, CLEAR, np.int8)
    own = features(scene)["colour"][number]
    for down, across, colour in cells:
        row, column = piece.row + down, piece.column + across
        if 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]:
            layer[row, column] = own if colour < 0 else colour
    return layer


def pasted(scene: dict[str, Any], number: int, chosen: str) -> Piece:
    """The scene's object with the highest ``chosen``, its middle moved to the middle of object ``number``."""
    ranks = feature(scene, f"rank_{chosen}")
    template, piece = scene["objects"][ranks.index(0)], scene["objects"][number]
    height, width = template.cells.shape
    down, across = piece.cells.shape[0] - height, piece.cells.shape[1] - width
    if down % 2 or across % 2:
        raise NoValue("the middles do not meet")
    return Piece(template.cells, piece.row + down // 2, piece.column + across // 2)
