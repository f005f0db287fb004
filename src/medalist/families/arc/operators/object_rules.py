"""Act on objects by rules: recolour, fill, extend, move, copy, turn, complete and stamp, each under a condition.

A rule is ``(split, condition, action)``; all rules read the grid as it came in. First everything that moved away or
vanished is cleared to the ground, then rules paint in their order. An action is a tuple:
``("paint", footprint, mode, colour name)``, ``("delete",)``, ``("move" | "copy", direction, distance)``,
``("repeat", direction, gap)``, ``("turn", name)``, ``("mirror", side, gap)``, ``("complete", flips, core colour name)``,
``("stamp", cells)`` and ``("paste", feature)``; see the functions below.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask, Piece
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.object_rules_features import feature, features, holds, named_colours
from medalist.families.arc.operators.object_rules_footprints import STEPS, footprint
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
    if kind == "move":
        return spread(piece, grid.shape), put(grid.shape, [moved(scene, number, action, chosen)])
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


def put(shape: tuple[int, ...], pieces: list[Piece]) -> Grid:
    """A layer of ``shape`` with the pieces where they say; what lies outside is cut off."""
    layer = np.full(shape, CLEAR, np.int8)
    for piece in pieces:
        height, width = piece.cells.shape
        top, left = max(0, piece.row), max(0, piece.column)
        bottom, right = min(shape[0], piece.row + height), min(shape[1], piece.column + width)
        if top < bottom and left < right:
            cells = piece.cells[
                top - piece.row : bottom - piece.row, left - piece.column : right - piece.column
            ]
            below = layer[top:bottom, left:right]
            layer[top:bottom, left:right] = np.where(cells == CLEAR, below, cells)
    return layer


def turned(cells: Grid, name: str) -> Grid:
    """``cells`` flipped or turned. Raises NoValue for an unknown name.

    >>> turned(np.array([[1, 2]]), "lr").tolist()
    [[2, 1]]
    """
    if name == "lr":
        return cells[:, ::-1]
    if name == "ud":
        return cells[::-1]
    if name == "half":
        return cells[::-1, ::-1]
    if name == "left":
        return np.rot90(cells)
    if name == "right":
        return np.rot90(cells, 3)
    if name == "transpose":
        return cells.T
    if name == "anti":
        return cells[::-1, ::-1].T
    raise NoValue(f"no turn is called {name}")


def moved(scene: dict[str, Any], number: int, action: tuple[Any, ...], chosen: list[bool]) -> Piece:
    """The object after ``(…, direction, distance)``.

    A direction is a step's name, ``nearest`` or ``like`` (towards the nearest other object, or one of its colour, in
    its rows or columns) or ``to_F`` (towards the object with the highest F). A distance is a number, a feature's name
    or ``stop`` (until something or the border is in the way).
    """
    piece = scene["objects"][number]
    direction, distance = action[1], action[2]
    step = STEPS[direction] if direction in STEPS else towards(scene, number, direction)
    if distance == "stop":
        length = slides(scene, chosen, step)[number] if direction in STEPS else slide(scene, number, step)
    elif isinstance(distance, int):
        length = distance
    else:
        length = feature(scene, distance)[number]
    return Piece(piece.cells, piece.row + step[0] * length, piece.column + step[1] * length)


def towards(scene: dict[str, Any], number: int, direction: str) -> tuple[int, int]:
    """The straight step from an object towards another; ``(0, 0)`` where none shares its rows or columns."""
    objects = scene["objects"]
    colours = features(scene)["colour"]
    piece = objects[number]
    if direction.startswith("to_"):
        ranks = feature(scene, f"rank_{direction[3:]}")
        others = [j for j, rank in enumerate(ranks) if rank == 0 and j != number]
    elif direction == "like":
        others = [j for j, colour in enumerate(colours) if colour == colours[number] and j != number]
    else:
        others = [j for j in range(len(objects)) if j != number]
    best, found = 999, (0, 0)
    for j in others:
        other = objects[j]
        down = apart(piece.row, piece.cells.shape[0], other.row, other.cells.shape[0])
        across = apart(piece.column, piece.cells.shape[1], other.column, other.cells.shape[1])
        if (down == 0) != (across == 0) and abs(down + across) < best:
            best, found = abs(down + across), ((down > 0) - (down < 0), (across > 0) - (across < 0))
    return found


def apart(start: int, length: int, other_start: int, other_length: int) -> int:
    """The signed gap plus one between two spans; 0 where they overlap.

    >>> apart(0, 2, 5, 1), apart(5, 1, 0, 2), apart(0, 3, 2, 2)
    (4, -4, 0)
    """
    if other_start >= start + length:
        return other_start - (start + length) + 1
    if start >= other_start + other_length:
        return -(start - (other_start + other_length) + 1)
    return 0


def slide(scene: dict[str, Any], number: int, step: tuple[int, int]) -> int:
    """How many steps an object can go alone before something not of the ground, or the border, is in the way."""
    if step == (0, 0):
        return 0
    taken = scene["grid"] != scene["ground"]
    own = spread(scene["objects"][number], taken.shape)
    return room(taken & ~own, scene["objects"][number], step)


def slides(scene: dict[str, Any], chosen: list[bool], step: tuple[int, int]) -> list[int]:
    """How many steps each of the ``chosen`` can go when all go, the foremost first; worked out once a scene."""
    known = scene.setdefault("slides", {})
    asked = (tuple(chosen), step)
    if asked in known:
        return known[asked]
    objects = scene["objects"]
    taken = scene["grid"] != scene["ground"]
    for number, goes in enumerate(chosen):
        if goes:
            taken = taken & ~spread(objects[number], taken.shape)

    def front(number: int) -> int:
        piece = objects[number]
        height, width = piece.cells.shape
        edge = [piece.row, piece.column] if min(step) < 0 else [piece.row + height, piece.column + width]
        return -(edge[0] * step[0] + edge[1] * step[1])

    lengths = [0] * len(objects)
    for number in sorted((n for n, goes in enumerate(chosen) if goes), key=front):
        lengths[number] = room(taken, objects[number], step)
        piece = objects[number]
        gone = Piece(
            piece.cells, piece.row + step[0] * lengths[number], piece.column + step[1] * lengths[number]
        )
        taken = taken | spread(gone, taken.shape)
    known[asked] = lengths
    return lengths


def room(taken: Mask, piece: Piece, step: tuple[int, int]) -> int:
    """The most steps after each of which no cell of ``piece`` is outside or on a ``taken`` one."""
    rows, columns = np.nonzero(piece.cells != CLEAR)
    rows, columns = rows + piece.row, columns + piece.column
    length = 0
    while True:
        rows, columns = rows + step[0], columns + step[1]
        if (
            min(rows.min(), columns.min()) < 0
            or rows.max() >= taken.shape[0]
            or columns.max() >= taken.shape[1]
        ):
            return length
        if taken[rows, columns].any():
            return length
        length += 1


def repeated(piece: Piece, shape: tuple[int, ...], direction: str, gap: int) -> list[Piece]:
    """Copies of a piece in a direction, ``gap`` cells apart, to the border."""
    step = STEPS[direction]
    height, width = piece.cells.shape
    found = []
    for times in range(1, 30):
        row = piece.row + step[0] * times * (height + gap)
        column = piece.column + step[1] * times * (width + gap)
        if row >= shape[0] or column >= shape[1] or row + height <= 0 or column + width <= 0:
            break
        found.append(Piece(piece.cells, row, column))
    return found


def mirrored(piece: Piece, side: str, gap: int) -> Piece:
    """The mirror image of a piece beside it, ``gap`` cells away (-1 shares its outermost line)."""
    height, width = piece.cells.shape
    down, across = STEPS[side]
    cells = piece.cells
    cells = cells[::-1] if down else cells
    cells = cells[:, ::-1] if across else cells
    return Piece(cells, piece.row + down * (height + gap), piece.column + across * (width + gap))


def completed(
    scene: dict[str, Any], number: int, flips: tuple[str, ...], core: tuple[Any, ...]
) -> list[Piece]:
    """Images of an object under ``flips`` about the middle of its cells of the ``core`` colour.

    Raises NoValue where it has none of that colour.
    """
    piece = scene["objects"][number]
    colour = named_colours(scene, core)[number]
    rows, columns = np.nonzero(piece.cells == colour)
    if not rows.size:
        raise NoValue("no core")
    down, across = int(rows.min() + rows.max()), int(columns.min() + columns.max())
    height, width = piece.cells.shape
    found = []
    for name in flips:
        cells = turned(piece.cells, name)
        if name in ("lr", "ud", "half"):
            row = piece.row + (down - height + 1 if name != "lr" else 0)
            column = piece.column + (across - width + 1 if name != "ud" else 0)
        else:
            if (down + across) % 2:
                raise NoValue("the core's middle lies between cells")
            # A turn about (down / 2, across / 2) carries row r to a column and column c to a row of the new image.
            back_rows, back_columns = name in ("left", "anti"), name in ("right", "anti")
            row = piece.row + ((down + across) // 2 - (width - 1) if back_rows else (down - across) // 2)
            column = piece.column + (
                (down + across) // 2 - (height - 1) if back_columns else (across - down) // 2
            )
        found.append(Piece(cells, row, column))
    return found


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
