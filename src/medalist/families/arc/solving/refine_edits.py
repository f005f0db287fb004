"""Small typed changes of a program: another literal, another operator, one step more or less, a subtree from elsewhere.

Every change keeps types: what stands in the place of a part gives the kind of value that the part gave. Literals are
taken from an operator's ``choices``; those that a stage has learned stay as they are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from medalist.families.arc.language.operator import Kind, Operator, find_operator, operators
from medalist.families.arc.language.program import INPUT, Program

Path = tuple[int, ...]
"""The way from a program's root to one of its parts: which argument, and which of that one's, …"""

LARGEST_COST = 14.0
"""Programs longer than this are not made."""


@dataclass(frozen=True)
class Move:
    """An operator with its literals chosen."""

    name: str
    takes: tuple[Kind, ...]
    gives: Kind
    parameters: tuple[tuple[str, Any], ...]

    def on(self, *arguments: Program) -> Program:
        return Program(self.name, arguments, self.parameters)


def kind_of(program: Program) -> Kind:
    return Kind.GRID if program == INPUT else find_operator(program.operator).gives


def moves() -> Mapping[Kind, Sequence[Move]]:
    """What search may apply without knowing the puzzle, by the kind of value it gives."""
    return _moves(len(operators()))


@cache
def _moves(_known: int) -> Mapping[Kind, Sequence[Move]]:
    found: dict[Kind, list[Move]] = {kind: [] for kind in Kind}
    for each in operators().values():
        # Views come in pairs, one on the way in and one on the way out: alone neither is worth trying.
        if each.blind and each.takes and not each.name.startswith(("to_", "from_")):
            found[each.gives] += [Move(each.name, each.takes, each.gives, drawn) for drawn in _literals(each)]
    return found


def _literals(each: Operator) -> Iterator[tuple[tuple[str, Any], ...]]:
    names = sorted(each.choices)
    for drawn in product(*(tuple(each.choices[name]) for name in names)):
        yield tuple(zip(names, drawn, strict=True))


def places(program: Program, at: Path = ()) -> Iterator[tuple[Path, Program]]:
    """Every part with the way to it, parents first."""
    yield at, program
    for number, argument in enumerate(program.arguments):
        yield from places(argument, (*at, number))


def replaced(program: Program, at: Path, part: Program) -> Program:
    """``program`` with ``part`` in the place ``at``."""
    if not at:
        return part
    arguments = list(program.arguments)
    arguments[at[0]] = replaced(arguments[at[0]], at[1:], part)
    return Program(program.operator, tuple(arguments), program.parameters)


def neighbours(program: Program) -> Iterator[Program]:
    """Every program one change away: other literals first, then other operators, deletions, insertions.

    Lazy and without repetitions; the order depends on the program alone.
    """
    seen = {program}
    parts = list(places(program))
    for change in (_other_literals, _other_operators, _deletions, _insertions):
        for at, part in parts:
            for new in change(part):
                whole = replaced(program, at, new)
                if whole not in seen and whole.cost <= LARGEST_COST:
                    seen.add(whole)
                    yield whole


def _other_literals(part: Program) -> Iterator[Program]:
    """One literal after the other changed to each of its choices."""
    if part == INPUT:
        return
    choices = find_operator(part.operator).choices
    for number, (name, value) in enumerate(part.parameters):
        for other in choices.get(name, ()):
            if other != value or type(other) is not type(value):
                parameters = (*part.parameters[:number], (name, other), *part.parameters[number + 1 :])
                yield Program(part.operator, part.arguments, parameters)


def _other_operators(part: Program) -> Iterator[Program]:
    """Another operator of the same types on the same arguments."""
    if part == INPUT:
        return
    known = find_operator(part.operator)
    for move in moves()[known.gives]:
        if move.takes == known.takes and move.name != part.operator:
            yield move.on(*part.arguments)


def _deletions(part: Program) -> Iterator[Program]:
    """An argument of the same kind in the part's place, or the input."""
    if part == INPUT:
        return
    kind = kind_of(part)
    yield from (argument for argument in part.arguments if kind_of(argument) == kind)
    if kind is Kind.GRID and INPUT not in part.arguments:
        yield INPUT


def _insertions(part: Program) -> Iterator[Program]:
    """One step more above the part; what else the step takes is the input."""
    kind = kind_of(part)
    for move in moves()[kind]:
        for position, takes in enumerate(move.takes):
            others = [each for number, each in enumerate(move.takes) if number != position]
            if takes == kind and all(each is Kind.GRID for each in others):
                yield move.on(*(part if number == position else INPUT for number in range(len(move.takes))))


def random_program(kind: Kind, depth: int, rng: random.Random) -> Program:
    """A program that gives ``kind`` and is about ``depth`` deep. Raises ValueError for a kind that nothing gives."""
    if kind is Kind.GRID and (depth <= 0 or rng.random() < 0.15):
        return INPUT
    names = sorted({move.name for move in _usable(kind, depth)})
    if not names:
        raise ValueError(f"no operator gives {kind}")
    # By operator first: one with many literals is not likelier than one without.
    name = rng.choice(names)
    move = rng.choice([each for each in _usable(kind, depth) if each.name == name])
    return move.on(*(random_program(each, depth - 1, rng) for each in move.takes))


def _usable(kind: Kind, depth: int) -> Sequence[Move]:
    """With no depth left only what is made of grids alone, so that it comes to an end."""
    found = moves()[kind]
    return [move for move in found if set(move.takes) == {Kind.GRID}] or found if depth <= 1 else found


def mutated(program: Program, rng: random.Random) -> Program:
    """``program`` after one drawn change; the same where the draw fits nothing."""
    at, part = rng.choice(list(places(program)))
    change = rng.choices(
        (_other_literals, _other_operators, _deletions, _insertions, None), (3, 2, 1.5, 3, 1)
    )[0]
    if change is None:
        new = [random_program(kind_of(part), 2, rng)]
    else:
        new = list(change(part))
    if not new:
        return program
    names = sorted({each.operator for each in new})
    name = rng.choice(names)
    whole = replaced(program, at, rng.choice([each for each in new if each.operator == name]))
    return whole if whole.cost <= LARGEST_COST else program


def grafted(program: Program, donor: Program, rng: random.Random) -> Program:
    """``program`` with a drawn part in the place of one of its own that gives the same kind.

    The donor's part may also stand below one of the program's steps: then the input there becomes the donor.
    """
    given: dict[Kind, list[Program]] = {}
    for part in dict.fromkeys(donor.parts()):
        if part != INPUT:
            given.setdefault(kind_of(part), []).append(part)
    fitting = [(at, part) for at, part in places(program) if kind_of(part) in given]
    if not fitting:
        return program
    at, part = rng.choice(fitting)
    whole = replaced(program, at, rng.choice(given[kind_of(part)]))
    return whole if whole.cost <= LARGEST_COST else program
