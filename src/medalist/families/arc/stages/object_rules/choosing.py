"""Find the objects that make the output: one cropped, several lined up, as many cells as there are, or a known answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import Grid, is_grid, same
from medalist.families.arc.grids.puzzle import Puzzle
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.language.program import CANNOT, INPUT, Program, call
from medalist.families.arc.operators.object_rules_choose import (
    barred,
    count_drawn,
    cropped,
    lined_up,
    shown,
    value_of,
)
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.object_rules.cast import Cast, casts
from medalist.families.arc.stages.object_rules.conditions import Asked, joined_conditions, single_conditions
from medalist.families.arc.stages.object_rules.findings import Finding

SPLITS = (
    "four",
    "eight_any",
    "eight",
    "four_any",
    "panels",
    "colours",
    "holes",
    "regions",
    "all_colours",
    "cells",
)
SHOWS = {
    "own": 0.0, "box": 0.1, "inner": 0.5, "even": 0.5, "flat": 0.5, "one": 0.2, "grown": 0.9, "marker": 0.6,
    "thin": 0.7, "half_ud": 0.9, "half_lr": 0.9, "quarter": 1.1,
}  # fmt: skip
TURNS = {"": 0.0, "lr": 0.9, "ud": 0.9, "half": 1.0, "left": 1.1, "right": 1.1, "transpose": 1.1, "anti": 1.3}
DYES = {
    (): 0.0, ("of", "marker"): 0.7, ("of", "nearest_colour"): 0.8, ("of", "holder_colour"): 0.9,
    ("of", "content_colour"): 0.8, ("rarest",): 0.9, ("object", "low_area"): 1.0, ("object", "rank_area"): 1.0,
    ("object", "rank_same_colour"): 1.0, ("swap",): 0.7,
}  # fmt: skip
ORDERS = ("low_left", "low_top", "rank_area", "low_area", "rank_left", "rank_top", "rank_colour_total",
          "low_colour_total", "rank_holes", "low_holes", "rank_height", "low_height", "rank_width", "low_width",
          "rank_same_colour", "low_same_colour")  # fmt: skip
ENOUGH = 30
FILTERS = 40

UNSURE = 2.0
"""With nothing cheaper than this two tests at once are tried."""

MOST_JOINED = 60
"""Objects of a puzzle up to which two tests at once are tried."""

TABLED = 25
"""Conditions, the cheapest first, for which answers are kept by value."""

LARGEST_ENTRY = 25
"""Cells of an answer in a table."""


def choices(puzzle: Puzzle, ground: int, meter: Meter, found: list[Finding]) -> None:
    """Add to ``found`` what is right on every pair and gives a grid for every test. May raise Spent on the way."""
    stock = casts(puzzle, ground, SPLITS)
    asked = {cast.split: single_conditions(cast) for cast in stock}
    for cast in stock:
        found += crops(cast, asked[cast.split], meter)
    for cast in stock:
        if len(found) < ENOUGH:
            found += line_ups(cast, asked[cast.split], meter)
            found += counts(cast, asked[cast.split], meter)
    if not any(each.price < UNSURE for each in found):
        for cast in stock:
            if cast.trained <= MOST_JOINED:
                joined = joined_conditions(cast, asked[cast.split])
                found += crops(cast, joined, meter)
                found += counts(cast, joined, meter)
    if not found:
        for cast in stock:
            found += tables(cast, asked[cast.split], meter)


def finding(
    cast: Cast, program: Program, price: float, answer: Callable[[dict[str, Any]], Grid]
) -> Finding | None:
    """A program held against every pair, by ``answer`` over scenes already cut; None where it fails one or a test."""
    answers = []
    for number, scene in enumerate(cast.scenes):
        try:
            out = answer(scene)
        except CANNOT:
            return None
        if number < len(cast.puzzle.train):
            if not same(out, cast.puzzle.train[number].output):
                return None
        elif is_grid(out):
            answers.append(out)
        else:
            return None
    return Finding(program, price, tuple(answers))


def held(
    cast: Cast, name: str, literals: Mapping[str, Any], price: float, operator: Callable[..., Grid]
) -> Finding | None:
    """The operator ``name`` with these ``literals`` as a program of the whole grid; ``operator`` is it on a scene."""
    program = call(name, INPUT, ground=cast.ground, split=cast.split, **literals)
    return finding(cast, program, price, lambda scene: operator(scene, **literals))


def crops(cast: Cast, conditions: Sequence[Asked], meter: Meter) -> Iterator[Finding]:
    """One object, shown in some way."""
    tests = cast.pairs[len(cast.puzzle.train) :]
    dyes = {**DYES, **_new_colours(cast)}
    for show, dear in SHOWS.items():
        for turn, dearer in TURNS.items():
            for dye, dearest in dyes.items():
                if turn and dye:
                    continue
                meter.spend(1)
                fitting = _fitting(cast, show, turn, dye)
                if not all(fitting & pair for pair in cast.pairs[: len(cast.puzzle.train)]):
                    continue
                literals = {
                    "ground": cast.ground,
                    "split": cast.split,
                    "show": show,
                    "turn": turn,
                    "dye": dye,
                }
                for asked in conditions:
                    picked = asked.objects & cast.seen
                    if picked & ~fitting or not all(picked & p for p in cast.pairs[: len(cast.puzzle.train)]):
                        continue
                    if not all(asked.objects & pair for pair in tests):
                        continue
                    program = call("crop_object", INPUT, condition=asked.condition, **literals)
                    price = asked.price + dear + dearer + dearest
                    one = finding(
                        cast,
                        program,
                        price,
                        lambda scene, a=asked.condition, w=(show, turn, dye): cropped(scene, a, *w),
                    )
                    if one:
                        yield one


def _new_colours(cast: Cast) -> dict[tuple[Any, ...], float]:
    """The one colour that every output has and no input."""
    sets = [set(np.unique(out).tolist()) for out in cast.puzzle.outputs]
    new = set.intersection(*sets).difference(*(np.unique(grid).tolist() for grid in cast.puzzle.inputs))
    return {("is", int(colour)): 0.6 for colour in sorted(new)}


def _fitting(cast: Cast, show: str, turn: str, dye: tuple[Any, ...]) -> int:
    """The training objects that look like their outputs."""
    found = 0
    plain = show in ("own", "box", "even", "flat")
    for place, (scene, number) in enumerate(cast.places[: cast.trained]):
        wanted = cast.puzzle.train[scene].output
        if plain and sorted(cast.scenes[scene]["objects"][number].cells.shape) != sorted(wanted.shape):
            continue
        if show in ("one", "marker") and wanted.shape != (1, 1):
            continue
        try:
            if same(shown(cast.scenes[scene], number, show, turn, dye), wanted):
                found |= 1 << place
        except NoValue:
            continue
    return found


def line_ups(cast: Cast, conditions: Sequence[Asked], meter: Meter) -> Iterator[Finding]:
    """Several objects in a line or a table, and bars."""
    train = cast.puzzle.train
    for asked in conditions[:FILTERS]:
        chosen = [(asked.objects & pair).bit_count() for pair in cast.pairs[: len(train)]]
        if 0 in chosen or max(chosen) == 1 or max(chosen) > 30:
            continue
        for show in ("one", "own", "box", "flat", "inner", "marker"):
            for layout in ("across", "down", "table"):
                if show in ("one", "marker") and not _cells_fit(cast, layout, chosen):
                    continue
                if not _shape_fits(cast, asked.condition, show, layout):
                    continue
                for place, order in enumerate(ORDERS if layout != "table" else ORDERS[:1]):
                    meter.spend(1)
                    literals = {"condition": asked.condition, "show": show, "order": order, "layout": layout}
                    one = held(
                        cast, "line_up", literals, asked.price + SHOWS[show] + 0.5 + 0.1 * place, lined_up
                    )
                    if one:
                        yield one
        yield from _bars(cast, asked, chosen, meter)


def _cells_fit(cast: Cast, layout: str, chosen: Sequence[int]) -> bool:
    """Whether one cell an object gives the outputs' shapes."""
    shapes = [out.shape for out in cast.puzzle.outputs]
    if layout == "table":
        return all(height * width >= n for (height, width), n in zip(shapes, chosen, strict=True))
    return shapes == [(1, n) if layout == "across" else (n, 1) for n in chosen]


def _shape_fits(cast: Cast, condition: tuple[Any, ...], show: str, layout: str) -> bool:
    """Whether the first output has the shape that a line in any order would have."""
    try:
        return (
            lined_up(cast.scenes[0], condition, show, ORDERS[0], layout).shape == cast.puzzle.outputs[0].shape
        )
    except NoValue:
        return False


def _bars(cast: Cast, asked: Asked, chosen: Sequence[int], meter: Meter) -> Iterator[Finding]:
    outputs = cast.puzzle.outputs
    blank = next((name[1] for name in _new_colours(cast)), -1)
    for side in ("top", "bottom", "left", "right"):
        axis = 1 if side in ("top", "bottom") else 0
        if any(out.shape[axis] != n for out, n in zip(outputs, chosen, strict=True)):
            continue
        for name in ("area", "same_colour", "holes", "height", "width"):
            for place, order in enumerate((*ORDERS[:6], "rank_same_colour", "low_same_colour")):
                meter.spend(1)
                literals = {
                    "condition": asked.condition,
                    "by": name,
                    "order": order,
                    "side": side,
                    "blank": blank,
                }
                one = held(cast, "bars", literals, asked.price + 0.8 + 0.1 * place, barred)
                if one:
                    yield one


def counts(cast: Cast, conditions: Sequence[Asked], meter: Meter) -> Iterator[Finding]:
    """As many cells as there are objects."""
    outputs = cast.puzzle.outputs
    heights, widths = {out.shape[0] for out in outputs}, {out.shape[1] for out in outputs}
    if max(heights) > 12 or max(widths) > 12:
        return
    constants = sorted({int(c) for out in outputs for c in out.ravel()})
    colours = [("of", "colour"), *(("is", colour) for colour in constants)]
    for asked in conditions:
        numbers = [(asked.objects & pair).bit_count() for pair in cast.pairs]
        if 0 in numbers or max(numbers) > 30:
            continue
        for height in (0, *sorted(heights)[:1]):
            for width in (0, *sorted(widths)[:1]):
                if any(
                    out.shape != (height or n, width or n) for out, n in zip(outputs, numbers, strict=False)
                ):
                    continue
                filled = [
                    int((out != scene["ground"]).sum())
                    for out, scene in zip(outputs, cast.scenes, strict=False)
                ]
                whole = 0 in (height, width)
                if not whole and filled != numbers[: len(filled)]:
                    continue
                for way in ("all", "diagonal") if whole else ("rows", "columns", "diagonal"):
                    yield from _drawn(cast, asked, height, width, way, colours, meter)


def _drawn(
    cast: Cast,
    asked: Asked,
    height: int,
    width: int,
    way: str,
    colours: Sequence[tuple[Any, ...]],
    meter: Meter,
) -> Iterator[Finding]:
    for place, colour in enumerate(colours):
        meter.spend(1)
        literals = {
            "condition": asked.condition,
            "height": height,
            "width": width,
            "way": way,
            "colour": colour,
        }
        one = held(cast, "draw_count", literals, asked.price + 0.6 + 0.1 * place, count_drawn)
        if one:
            yield one


def tables(cast: Cast, conditions: Sequence[Asked], meter: Meter) -> Iterator[Finding]:
    """Answers kept by a count or by a feature of the one object."""
    for asked in conditions[:TABLED]:
        yield from _tables(cast, asked, [(asked.objects & pair).bit_count() for pair in cast.pairs], meter)


def _tables(cast: Cast, asked: Asked, numbers: Sequence[int], meter: Meter) -> Iterator[Finding]:
    """Small answers kept by value: at least two of them, fewer than there are pairs, and every test's value known."""
    outputs = cast.puzzle.outputs
    if max(out.size for out in outputs) > LARGEST_ENTRY:
        return
    names = ["count"]
    if all(numbers):
        names += ["form", "area", "holes", "colour", "lie", "height", "width", "colours", "symmetric"]
    for name in names:
        known: dict[int, Grid] = {}
        try:
            values = numbers if name == "count" else [value_of(s, asked.condition, name) for s in cast.scenes]
        except NoValue:
            continue
        pairs = list(zip(values, outputs, strict=False))
        if any(not same(known.setdefault(value, out), out) for value, out in pairs):
            continue
        if 2 <= len(known) < len(outputs) and all(v in known for v in values):
            meter.spend(1)
            table = tuple((v, tuple(tuple(row) for row in known[v].tolist())) for v in sorted(known))
            literals = {"ground": cast.ground, "split": cast.split, "condition": asked.condition}
            answers = tuple(known[v] for v in values[len(outputs) :])
            again = len(outputs) - len(known)
            price = asked.price + 2.5 - 0.5 * again + (0.3 if name != "count" else 0.0)
            yield Finding(call("look_up", INPUT, by=name, table=table, **literals), price, answers)
