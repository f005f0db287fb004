"""Which techniques a solution uses, told from the structure of its program: the tagger's playbook form.

An operator says which techniques it may stand for; one that stands for several of turning, flipping and transposing
is tried on a small picture, so that the tags say what it does with the literals that it has here.
"""

from __future__ import annotations

import numpy as np

from medalist.families.arc.grids.cells import is_grid, same
from medalist.families.arc.language.operator import Kind, find_operator
from medalist.families.arc.language.program import CANNOT, INPUT, Program
from medalist.families.arc.operators.bodies import all_parts

TECHNIQUES = (
    "rotation",
    "flip",
    "transpose",
    "colour fill",
    "pattern copy",
    "symmetry",
    "grid partition",
    "object detection",
    "counting",
    "conditional logic",
    "array manipulation",
    "neighbourhood analysis",
)
_TURNS = frozenset({"rotation", "flip", "transpose"})


def tags_of(program: Program) -> tuple[str, ...]:
    """The techniques of ``program`` in the order of ``TECHNIQUES``; none for the input itself."""
    found: set[str] = set()
    for part in set(all_parts(program)) - {INPUT}:
        known = find_operator(part.operator)
        turns = _TURNS.intersection(known.tags)
        if len(turns) > 1 and known.takes == (Kind.GRID,):
            found.update(set(known.tags) - turns, _turns_seen(part) & turns)
        else:
            found.update(known.tags)
    return tuple(technique for technique in TECHNIQUES if technique in found)


def _turns_seen(part: Program) -> set[str]:
    """What the operator of ``part`` makes of a picture without symmetry."""
    probe = np.array([[1, 2, 3], [4, 5, 6]], np.int8)
    try:
        given = Program(part.operator, (INPUT,), part.parameters).run(probe)
    except CANNOT:
        return set(_TURNS)
    if not is_grid(given) or same(given, probe):
        return set()
    looks = {
        "rotation": [np.rot90(probe, quarter) for quarter in (1, 2, 3)],
        "flip": [probe[::-1], probe[:, ::-1]],
        "transpose": [probe.T, np.rot90(probe, 2).T],
    }
    return {name for name, pictures in looks.items() if any(same(given, each) for each in pictures)} or set(
        _TURNS
    )
