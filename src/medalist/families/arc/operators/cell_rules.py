"""Operators that colour each cell by a learned rule: a decision tree over columns of what surrounds the cell.

A tree is a leaf or ``(column, test, value, yes, no)``. A leaf is a colour, or the name of a column of colours whose
value the cell takes, so that a rule can speak of colours it has never seen. Tests are ``is``, ``at most`` and
``same as`` (the value is then another column's name). ``local_colours`` tells what columns are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.language.operator import NoValue, operator
from medalist.families.arc.operators.local_colours import (
    mirror_columns,
    near_columns,
    nearest_columns,
    own_columns,
    ray_columns,
    usual_background,
    wide_columns,
)
from medalist.families.arc.operators.local_objects import (
    group_columns,
    part_columns,
    shape_columns,
    thing_columns,
)
from medalist.families.arc.operators.local_places import (
    line_columns,
    panel_columns,
    place_columns,
    to_columns,
)

STEPS = 64
"""How often a rule is applied at most until nothing changes."""


@operator(tags=("conditional logic", "neighbourhood analysis"), cost=3.0)
def by_tree(grid: Grid, *, background: int, tree: tuple) -> Grid:
    """Give each cell the colour that a decision tree finds for it; ``background`` -1 means the most frequent colour.

    Raises NoValue where the tree leads to a colour that is not there.

    >>> by_tree(np.array([[0, 0], [2, 0]], np.int8), background=0, tree=("ray down", "is", 2, "ray down", "own"))
    array([[2, 0],
           [2, 0]], dtype=int8)
    """
    return _coloured(grid, usual_background(grid) if background < 0 else background, tree)


@operator(tags=("conditional logic", "neighbourhood analysis"), cost=3.0)
def by_tree_with(grid: Grid, other: Grid, *, background: int, tree: tuple) -> Grid:
    """``by_tree`` that may also ask for, and take, the colour that ``other`` has at the same place: the column "other".

    Raises NoValue where the shapes differ, too.

    >>> grid, other = np.array([[0, 4]], np.int8), np.array([[3, 3]], np.int8)
    >>> by_tree_with(grid, other, background=0, tree=("own", "is", 0, "other", "own")).tolist()
    [[3, 4]]
    """
    if grid.shape != other.shape:
        raise NoValue("the grids differ in shape")
    background = usual_background(grid) if background < 0 else background
    return _coloured(grid, background, tree, {"other": other.astype(np.int16)})


@operator(tags=("conditional logic", "neighbourhood analysis"), cost=3.5)
def grow_by_rules(grid: Grid, *, background: int, rules: tuple) -> Grid:
    """Give each cell the colour of the first rule whose conditions all hold there, again and again until all is still.

    A rule is ``(leaf, conditions)``, a condition ``(column, test, value, whether)``; the words are ``by_tree``'s.
    Raises NoValue if that does not come to an end.

    >>> right = (("near left", (("own", "is", 0, True), ("near left", "is", 5, True))),)
    >>> grow_by_rules(np.array([[5, 0, 0, 7, 0]], np.int8), background=0, rules=right).tolist()
    [[5, 5, 5, 7, 0]]
    """
    background = usual_background(grid) if background < 0 else background
    for _ in range(STEPS):
        after = grown_once(grid, background, rules)
        if (after == grid).all():
            return after
        grid = after
    raise NoValue("the rules never come to rest")


def grown_once(grid: Grid, background: int, rules: tuple) -> Grid:
    """One step of ``grow_by_rules``."""
    known: dict = {}
    found = grid.astype(np.int16)
    still = np.ones(grid.shape, bool)
    for leaf, conditions in rules:
        here = still.copy()
        for name, test, value, whether in conditions:
            held = held_in(column(name, grid, background, known), test, value, grid, background, known)
            here &= held == whether
        if here.any():
            found[here] = column(leaf, grid, background, known)[here] if isinstance(leaf, str) else leaf
            still &= ~here
    if found.min() < 0:
        raise NoValue("the rule names a colour that is not there")
    return found.astype(np.int8)


def _coloured(grid: Grid, background: int, tree: Any, known: dict | None = None) -> Grid:
    """What a tree makes of a grid; ``known`` keeps columns from one tree to the next."""
    known = {} if known is None else known
    found = np.full(grid.shape, -1, np.int16)
    open_nodes = [(tree, np.ones(grid.shape, bool))]
    while open_nodes:
        node, here = open_nodes.pop()
        if not here.any():
            continue
        if isinstance(node, tuple):
            name, test, value, yes, no = node
            held = held_in(column(name, grid, background, known), test, value, grid, background, known)
            open_nodes += [(yes, here & held), (no, here & ~held)]
        elif isinstance(node, str):
            found[here] = column(node, grid, background, known)[here]
        else:
            found[here] = node
    if found.min() < 0:
        raise NoValue("the rule names a colour that is not there")
    return found.astype(np.int8)


def held_in(
    values: np.ndarray, test: str, value: Any, grid: Grid, background: int, known: dict
) -> np.ndarray:
    """Where a test holds."""
    if test == "is":
        return values == value
    if test == "at most":
        return values <= value
    if test == "same as":
        return values == column(str(value), grid, background, known)
    raise NoValue(f"no test is called {test}")


def column(name: str, grid: Grid, background: int, known: dict) -> np.ndarray:
    """The column of that name; what its family gives beside it is kept in ``known``."""
    if name not in known:
        colours, numbers = family_columns(name, grid, background)
        known.update(colours)
        known.update(numbers)
    if name not in known:
        raise NoValue(f"no column is called {name}")
    return known[name]


def family_columns(name: str, grid: Grid, background: int) -> tuple[dict, dict]:
    """All columns of the family that ``name``'s first word (of ``to``, two words) says: colours and numbers by name."""
    family = name.split(" ")[0]
    if family == "to":
        return to_columns(grid, background, name.split(" ")[1])
    families = {
        "own": own_columns,
        "background": own_columns,
        "near": near_columns,
        "wide": wide_columns,
        "ray": ray_columns,
        "mirror": mirror_columns,
        "nearest": nearest_columns,
        "place": place_columns,
        "line": line_columns,
        "panel": panel_columns,
        "part": part_columns,
        "shape": shape_columns,
        "thing": thing_columns,
        "group": group_columns,
    }
    if family not in families:
        raise NoValue(f"no family is called {family}")
    return families[family](grid, background)
