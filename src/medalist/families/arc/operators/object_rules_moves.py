"""Where objects go: slides, steps towards others, alignment, repeated and mirrored copies, completion by symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, Grid, Mask, Piece
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.operators.object_rules_features import feature, features, heading, named_colours
from medalist.families.arc.operators.object_rules_footprints import STEPS
from medalist.families.arc.operators.object_rules_scene import spread


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
    its rows or columns) or ``to_F`` (towards the object with the highest F). A distance is a number, a feature's name,
    ``stop`` (until something or the border is in the way) or ``meet`` (until it is beside what it goes towards).
    """
    piece = scene["objects"][number]
    direction, distance = action[1], action[2]
    step, length = (STEPS[direction], 0) if direction in STEPS else towards(scene, number, direction)
    if distance == "stop":
        length = slides(scene, chosen, direction)[number]
    elif isinstance(distance, int):
        length = distance
    elif distance != "meet":
        length = feature(scene, distance)[number]
    return Piece(piece.cells, piece.row + step[0] * length, piece.column + step[1] * length)


def towards(scene: dict[str, Any], number: int, direction: str) -> tuple[tuple[int, int], int]:
    """The step from an object towards another, and how many bring it beside that one.

    The step is ``(0, 0)`` where none is straight or exactly slantwise from it.

    Of several the largest for ``like``, else the nearest.
    """
    objects = scene["objects"]
    table = features(scene)
    if direction.startswith("to_"):
        ranks = feature(scene, f"rank_{direction[3:]}")
        others = [j for j, rank in enumerate(ranks) if rank == 0 and j != number]
    elif direction == "like":
        colours = table["colour"]
        others = [j for j, colour in enumerate(colours) if colour == colours[number] and j != number]
    else:
        others = [j for j in range(len(objects)) if j != number]
    found = []
    for j in others:
        down, across = heading(objects[number], objects[j])
        if (down == 0) != (across == 0) or abs(down) == abs(across) > 0:
            size = table["area"][j] if direction == "like" else 0
            length = max(abs(down), abs(across))
            found.append((-size, length, j, (int(np.sign(down)), int(np.sign(across)))))
    return (min(found)[3], min(found)[1] - 1) if found else ((0, 0), 0)


def slides(scene: dict[str, Any], chosen: list[bool], direction: str) -> list[int]:
    """How many steps each of the ``chosen`` can go when all go, the foremost first; worked out once a scene."""
    known = scene.setdefault("slides", {})
    asked = (tuple(chosen), direction)
    if asked in known:
        return known[asked]
    objects = scene["objects"]
    movers = [number for number, goes in enumerate(chosen) if goes]
    steps = {
        number: STEPS[direction] if direction in STEPS else towards(scene, number, direction)[0]
        for number in movers
    }
    movers = [number for number in movers if steps[number] != (0, 0)]
    taken = scene["grid"] != scene["ground"]
    for number in movers:
        taken = taken & ~spread(objects[number], taken.shape)
    ahead = {
        number: front(objects[number], steps[number])
        if direction in STEPS
        else room(taken, objects[number], steps[number])
        for number in movers
    }
    lengths = [0] * len(objects)
    for number in sorted(movers, key=lambda each: ahead[each]):
        piece, step = objects[number], steps[number]
        lengths[number] = room(taken, piece, step)
        gone = Piece(
            piece.cells, piece.row + step[0] * lengths[number], piece.column + step[1] * lengths[number]
        )
        taken = taken | spread(gone, taken.shape)
    known[asked] = lengths
    return lengths


def front(piece: Piece, step: tuple[int, int]) -> int:
    """Lower for pieces that lie further in the direction of ``step``."""
    height, width = piece.cells.shape
    row = piece.row if step[0] < 0 else piece.row + height
    column = piece.column if step[1] < 0 else piece.column + width
    return -(row * step[0] + column * step[1])


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


def aligned(scene: dict[str, Any], number: int, edge: str, by: tuple[Any, ...]) -> Piece:
    """The object moved so that one of its edges (or its ``row_middle``, ``column_middle``) is that of a guide.

    The guide ``by`` is ``("rank", feature)``, the object with the highest value, or ``("colour", colour)``. Raises
    NoValue where there is not one guide.
    """
    piece = scene["objects"][number]
    values = feature(scene, f"rank_{by[1]}" if by[0] == "rank" else "colour")
    guides = [j for j, value in enumerate(values) if value == (0 if by[0] == "rank" else by[1])]
    if len(guides) != 1:
        raise NoValue("not one guide")
    guide = scene["objects"][guides[0]]
    height, width = (a - b for a, b in zip(guide.cells.shape, piece.cells.shape, strict=True))
    down, across = guide.row - piece.row, guide.column - piece.column
    moves = {
        "top": (down, 0),
        "bottom": (down + height, 0),
        "row_middle": (down + height // 2, 0),
        "left": (0, across),
        "right": (0, across + width),
        "column_middle": (0, across + width // 2),
    }
    return Piece(piece.cells, piece.row + moves[edge][0], piece.column + moves[edge][1])
