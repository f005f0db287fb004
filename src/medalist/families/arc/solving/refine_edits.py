"""Small typed changes of a program: another literal, another operator, one step more or less, a subtree from elsewhere.

Every change keeps types: what stands in the place of a part gives the kind of value that the part gave. Literals are
taken from an operator's ``choices``; those that a stage has learned stay as they are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Any

from medalist.families.arc.language.operator import Kind, Operator, find_operator, operators
from medalist.families.arc.language.program import INPUT, Program, call
from medalist.families.arc.operators.bodies import bodies_of, body_of

Path = tuple[int, ...]
"""The way from a program's root to one of its parts: which argument, and which of that one's, …"""

LONGEST = 12.0
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


@cache
def moves() -> Mapping[Kind, Sequence[Move]]:
    """What search may apply without knowing the puzzle, by the kind of value it gives."""
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


@lru_cache(maxsize=100_000)
def length_of(program: Program) -> float:
    """The cost of a program and of the programs within it."""
    inside = [body for part in set(program.parts()) for body in bodies_of(part).values()]
    return program.cost + sum(length_of(each) for each in inside)


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
    for change in (other_literals, _other_operators, _deletions, _insertions):
        for at, part in parts:
            for new in change(part):
                whole = replaced(program, at, new)
                if whole not in seen and length_of(whole) <= LONGEST:
                    seen.add(whole)
                    yield whole


def other_literals(part: Program) -> Iterator[Program]:
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
    whole = replaced(program, at, _changed(part, rng))
    return whole if length_of(whole) <= LONGEST else program


def _changed(part: Program, rng: random.Random) -> Program:
    if bodies_of(part) and rng.random() < 0.5:
        return _inside_changed(part, rng)
    draw = rng.random()
    if draw < 0.08:
        return random_program(kind_of(part), 2, rng)
    if draw < 0.12 and kind_of(part) is Kind.GRID:
        return in_pieces(part, random_program(Kind.GRID, 1, rng), rng)
    change = rng.choices((other_literals, _other_operators, _deletions, _insertions), (3, 2, 1.5, 3))[0]
    new = list(change(part))
    # By operator first, so that one with many literals is not likelier than one without.
    names = sorted({each.operator for each in new})
    name = rng.choice(names) if names else ""
    return rng.choice([each for each in new if each.operator == name]) if new else part


def in_pieces(part: Program, inner: Program, rng: random.Random) -> Program:
    """``inner`` on every piece of what ``part`` gives, cut in a drawn way."""
    names = sorted({move.name for move in moves()[Kind.PIECES] if move.takes == (Kind.GRID,)})
    name = rng.choice(names)
    split = rng.choice([move for move in moves()[Kind.PIECES] if move.name == name])
    return call("each_apart", split.on(part), part, body=body_of(inner))


def _inside_changed(part: Program, rng: random.Random) -> Program:
    """One of the programs within a part after one change."""
    within = bodies_of(part)
    chosen = rng.choice(sorted(within))
    changed = body_of(mutated(within[chosen], rng))
    parameters = tuple((name, changed if name == chosen else value) for name, value in part.parameters)
    return Program(part.operator, part.arguments, parameters)


def simplified(program: Program, fits: Callable[[Program], bool]) -> Program:
    """``program`` with everything left out that ``fits`` does not need, step by step."""
    shorter = True
    while shorter:
        shorter = False
        for at, part in places(program):
            for new in _deletions(part):
                whole = replaced(program, at, new)
                if length_of(whole) < length_of(program) and fits(whole):
                    program, shorter = whole, True
                    break
            if shorter:
                break
    return program


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
    return whole if length_of(whole) <= LONGEST else program
