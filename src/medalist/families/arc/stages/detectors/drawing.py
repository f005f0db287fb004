"""Detectors for what is drawn from single cells: lines sent out, lines between, stamps around."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from medalist.families.arc.grids.cells import Mask
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.program import INPUT, Program, call
from medalist.families.arc.operators.panels_parts import ground
from medalist.families.arc.operators.patterns_lines import AXES, STEPS, drawn_colours, ray, shifted, sources
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.detectors.fitting import Idea, backgrounds, colours_of, fits, pruned

Rule = tuple[int, int, int, str, str]
Stamp = tuple[int, tuple[tuple[int, int, int], ...]]

REACH = 4
"""How far from its cell a stamp may go."""


def drawing(puzzle: Puzzle, meter: Meter) -> Iterator[Idea]:
    """Lines and stamps drawn from the cells of each colour, everything that was drawn before being kept."""
    if not puzzle.same_shape:
        return
    for base in backgrounds(puzzle):
        painted = colours_of(
            [
                pair.output[(pair.input == ground(pair.input, base)) & (pair.output != pair.input)]
                for pair in puzzle.train
            ]
        )
        if painted and len(painted) <= 6:
            yield from _rays(puzzle, base, painted, meter)
            yield from _links(puzzle, base, painted, meter)
            yield from _stamps(puzzle, base, meter)


def _sending(puzzle: Puzzle, base: int) -> list[int]:
    """Colours that may draw: all that inputs hold, tests too, but the background."""
    return sorted(colours_of(puzzle.inputs) - {base})


def _rays(puzzle: Puzzle, base: int, painted: set[int], meter: Meter) -> Iterator[Idea]:
    colours = _sending(puzzle, base)
    for stop in ("at", "through", "over"):
        for origin in ("every", "tail", "line", "another"):
            for group in ([-1], colours):
                rules = [
                    (colour, direction, paint, stop, origin)
                    for colour in group
                    for direction in range(len(STEPS))
                    if (paint := _ray_paint(puzzle, base, colour, direction, stop, origin, painted))
                    is not None
                ]
                meter.spend(len(group))
                if not rules or len({rule[0] for rule in rules}) > 6:
                    continue
                found = _first_fitting(puzzle, base, rules)
                if not found:
                    every = call("rays", INPUT, rules=tuple(rules), background=base)
                    yield Idea(every, 0.5, "cells send out lines")
                    continue
                program = call("rays", INPUT, rules=found, background=base)
                yield Idea(
                    program, _ray_prior(found), "cells send out lines in the directions of their colour"
                )
                break


def _first_fitting(puzzle: Puzzle, base: int, rules: list[Rule]) -> tuple[Rule, ...]:
    """The rules in an order that gives every output, less those that are not needed; none where no order does."""
    for order in _orders(rules):
        if fits(puzzle, call("rays", INPUT, rules=tuple(order), background=base)):
            return pruned(
                tuple(order), lambda kept: fits(puzzle, call("rays", INPUT, rules=kept, background=base))
            )
    return ()


def _ray_prior(rules: tuple[Rule, ...]) -> float:
    """Lower the more must be said: directions and paints that differ from colour to colour."""
    ways: dict[int, list[tuple[int, int]]] = {}
    for colour, direction, paint, _, _ in rules:
        ways.setdefault(colour, []).append((direction, paint))
    kinds = len({tuple(way) for way in ways.values()})
    return (0.9 if rules[0][-1] == "every" else 0.8) * 0.85 ** (kinds - 1)


def _orders(rules: list[Rule]) -> Iterator[list[Rule]]:
    """In which order lines are drawn: colours in any (of three at most), or upright before level, or after."""
    by_colour: dict[int, list[Rule]] = {}
    for rule in rules:
        by_colour.setdefault(rule[0], []).append(rule)
    found = tuple(by_colour)
    for order in permutations(found) if len(found) <= 3 else (found, found[::-1]):
        yield [rule for colour in order for rule in by_colour[colour]]
    if len({rule[1] // 2 for rule in rules}) > 1:
        yield sorted(rules, key=lambda rule: rule[1] // 2)
        yield sorted(rules, key=lambda rule: -(rule[1] // 2))


def _ray_paint(
    puzzle: Puzzle, base: int, colour: int, direction: int, stop: str, origin: str, painted: set[int]
) -> int | None:
    """What most cells of all lines of a colour in a direction are painted; None where some are not at all."""
    counts: dict[int, int] = {}
    total = own = 0
    for pair in puzzle.train:
        real = ground(pair.input, base)
        for each in drawn_colours(pair.input, colour, real):
            start = sources(pair.input, each, direction, origin, real)
            line = ray(pair.input, start, direction, stop, real)
            shown = pair.output[line]
            if (shown == real).any() and real not in painted:
                return None
            if stop == "over" and not np.isin(shown, [*painted, each]).all():
                return None
            total += shown.size
            own += int((shown == each).sum())
            for shade in shown.tolist():
                counts[shade] = counts.get(shade, 0) + 1
    if not total:
        return None
    if 2 * own > total:
        return -1
    paint = max(sorted(counts), key=lambda each: counts[each])
    return paint if 2 * counts[paint] > total else None


def _links(puzzle: Puzzle, base: int, painted: set[int], meter: Meter) -> Iterator[Idea]:
    colours = tuple(_sending(puzzle, base))
    groups = [colours, *((colour,) for colour in colours if len(colours) > 1)]
    for paint in (-1, *sorted(painted)):
        for group in groups:
            if paint >= 0 and len(painted) > 2:
                continue
            for axes in AXES:
                for over in (False, True):
                    meter.spend()
                    program = call(
                        "linked", INPUT, colours=group, axes=axes, paint=paint, over=over, background=base
                    )
                    yield Idea(program, 0.85 - 0.1 * over, "cells that face each other are joined by a line")


def _stamps(puzzle: Puzzle, base: int, meter: Meter) -> Iterator[Idea]:
    for over in (False, True):
        for group in ([-1], _sending(puzzle, base)):
            stamps = [
                (colour, offsets)
                for colour in group
                if (offsets := _stamp(puzzle, base, colour, over, meter))
            ]
            orders = (
                permutations(stamps) if len(stamps) <= 3 else iter((tuple(stamps), tuple(reversed(stamps))))
            )
            for order in orders if stamps else ():
                if not fits(puzzle, _stamping(order, over, base)):
                    yield Idea(_stamping(order, over, base), 0.5, "each colour has a stamp around its cells")
                    continue
                kept = pruned(order, lambda kept, over=over: fits(puzzle, _stamping(kept, over, base)))
                told = sum(len(offsets) for _, offsets in kept)
                drawn = sum(int((pair.input != pair.output).sum()) for pair in puzzle.train)
                far = any(max(abs(d), abs(r)) == REACH for _, offsets in kept for d, r, _ in offsets)
                prior = 0.85 * min(1.0, drawn / (2 * told)) * (0.8 if over else 1.0) * (0.3 if far else 1.0)
                yield Idea(_stamping(kept, over, base), prior, "each colour has a stamp around its cells")
                break


def _stamping(stamps: tuple[Stamp, ...], over: bool, base: int) -> Program:
    return call("stamped", INPUT, stamps=stamps, over=over, background=base)


def _stamp(
    puzzle: Puzzle, base: int, colour: int, over: bool, meter: Meter
) -> tuple[tuple[int, int, int], ...]:
    """What is painted around every cell of a colour, as far as it hangs together with the cell."""
    paints = {}
    for down in range(-REACH, REACH + 1):
        for right in range(-REACH, REACH + 1):
            paint = _stamp_paint(puzzle, base, colour, (down, right), over)
            if paint is not None:
                paints[down, right] = paint
    meter.spend(4)
    joined, front = {(0, 0)}, [(0, 0)]
    while front:
        row, column = front.pop()
        for down, right in STEPS:
            place = (row + down, column + right)
            if place in paints and place not in joined:
                joined.add(place)
                front.append(place)
    return tuple((*place, paint) for place, paint in sorted(paints.items()) if place in joined)


def _stamp_paint(puzzle: Puzzle, base: int, colour: int, step: tuple[int, int], over: bool) -> int | None:
    """The one colour that the place at a step from every cell of a colour has been painted; None where none."""
    seen: set[int] | None = None
    changed = False
    for pair in puzzle.train:
        real = ground(pair.input, base)
        for each in drawn_colours(pair.input, colour, real):
            there: Mask = shifted(pair.input == each, step)
            if not over:
                there = there & (pair.input == real)
            shown = set(pair.output[there].tolist())
            if not shown:
                continue
            shown |= {-1} if shown == {each} else set()
            seen = shown if seen is None else seen & shown
            if not seen or len(shown - {-1}) > 1:
                return None
            changed |= bool((pair.output != pair.input)[there].any())
    return min(seen) if seen and changed else None
