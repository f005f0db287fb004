"""Actions that training outputs allow: for each the objects it may befall, and the changed cells it then explains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from medalist.families.arc.grids.cells import CLEAR, COLOURS
from medalist.families.arc.language.operator import NoValue
from medalist.families.arc.operators.object_rules import effect
from medalist.families.arc.operators.object_rules_features import named_colours
from medalist.families.arc.operators.object_rules_footprints import footprint
from medalist.families.arc.solving.stage import Meter
from medalist.families.arc.stages.object_rules.cast import Cast, cell_set, object_set
from medalist.families.arc.stages.object_rules.stamps import stamps

NOTHING, MIXED = -3, -2

BODIES = ("four", "eight", "four_any", "eight_any")
"""Ways of cutting up whose objects reach out and move."""

FOOTPRINTS = {
    ("own", "over"): 0.0,
    ("holes", "over"): 0.4,
    ("holes", "under"): 0.4,
    ("gaps", "over"): 0.5,
    ("box", "under"): 0.6,
    ("inner", "over"): 0.5,
    ("inner", "under"): 0.5,
    ("frame", "over"): 0.5,
    ("ring", "over"): 0.6,
    ("ring", "under"): 0.6,
    ("near4", "under"): 0.7,
    ("near8", "under"): 0.7,
    ("corners", "over"): 0.8,
    ("dots", "over"): 1.2,
    ("checks", "over"): 1.2,
    ("rings", "over"): 1.0,
    ("mid_row", "under"): 1.1,
    ("mid_column", "under"): 1.1,
    ("mid_row", "over"): 1.1,
    ("mid_column", "over"): 1.1,
}
WAYS = (
    "up",
    "down",
    "left",
    "right",
    "nw",
    "ne",
    "sw",
    "se",
    "row",
    "column",
    "cross",
    "falling",
    "rising",
    "diagonals",
)
LINKS = ("right", "down", "se", "sw")
TABLES = ("area", "colour", "form", "shape", "holes", "rank_area", "low_area", "longest", "marker", "touch_colour",
          "same_form", "rank_longest", "height", "width", "colours", "lie", "rank_hole_area", "rank_left", "rank_top",
          "others", "even_side", "even", "block",
          "nearest_colour", "content_colour", "holder_colour", "full", "square", "symmetric")  # fmt: skip


@dataclass(frozen=True)
class Able:
    """An action with its price; ``allowed`` training objects; of each the changed cells it explains (0 if forbidden)."""

    action: tuple[Any, ...]
    price: float
    allowed: int
    covers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Learner:
    """What of a cast's outputs is asked again and again. Outputs have the shapes of their inputs."""

    cast: Cast
    meter: Meter

    @cached_property
    def wanted(self) -> list[Any]:
        return [pair.output for pair in self.cast.puzzle.train]

    @cached_property
    def changed(self) -> list[Any]:
        return [pair.input != pair.output for pair in self.cast.puzzle.train]

    @cached_property
    def change(self) -> int:
        """All changed cells."""
        return sum(cell_set(mask, pair) for pair, mask in enumerate(self.changed))

    @cached_property
    def places(self) -> tuple[tuple[int, int], ...]:
        return self.cast.places[: self.cast.trained]

    @cached_property
    def distant(self) -> frozenset[int]:
        """Objects in and around whose boxes nothing changes."""
        found = []
        for place, (scene, number) in enumerate(self.places):
            piece = self.cast.scenes[scene]["objects"][number]
            height, width = piece.cells.shape
            around = self.changed[scene][
                max(0, piece.row - 1) : piece.row + height + 1,
                max(0, piece.column - 1) : piece.column + width + 1,
            ]
            if not around.any():
                found.append(place)
        return frozenset(found)

    @cached_property
    def nearest_first(self) -> tuple[int, ...]:
        """All places, the distant ones last."""
        return tuple(sorted(range(len(self.places)), key=lambda place: (place in self.distant, place)))

    @cached_property
    def abilities(self) -> tuple[Able, ...]:
        """Every action worth a rule, in a fixed order."""
        return tuple(self._abilities())

    def _abilities(self) -> Iterator[Able]:
        colours = self.colour_names()
        for (name, mode), price in self.footprints().items():
            yield from self._paints(name, mode, price, colours)
        for action, price in self.motions():
            able = self._able(action, price)
            if able:
                yield able

    def footprints(self) -> dict[tuple[str, str], float]:
        found = dict(FOOTPRINTS)
        if self.cast.trained <= 120 and self.cast.split in BODIES:
            for way in WAYS:
                for mode, price in (("under", 0.7), ("stop", 0.8), ("over", 0.9)):
                    found[way, mode] = price
            for way in ("up", "down", "left", "right"):
                found[f"odd_{way}", "under"] = found[f"even_{way}", "under"] = 1.3
            for way in ("nw", "ne", "sw", "se"):
                found[f"tip_{way}", "under"] = 0.8
                found[f"tip_{way}", "stop"] = 1.0
            for way in ("toward", "away"):
                for mode, price in (("under", 0.8), ("stop", 0.7)):
                    found[way, mode] = price
            for way in ("beyond", "behind", "open"):
                found[way, "under"] = 0.9
                found[way, "stop"] = 0.9
            for way in LINKS:
                found[f"link_{way}", "under"] = 0.8
                found[f"meet_{way}", "under"] = 0.9
        return found

    def colour_names(self) -> list[tuple[tuple[Any, ...], float, list[int]]]:
        """Names of colours with their prices and the colour that each means for each training object."""
        constants = sorted(
            {int(c) for out, new in zip(self.wanted, self.changed, strict=True) for c in out[new]}
        )
        names: list[tuple[tuple[Any, ...], float]] = [(("is", colour), 0.3) for colour in constants]
        names += [
            (("of", name), 0.4)
            for name in ("colour", "marker", "nearest_colour", "greater_colour", "holder_colour")
        ]
        names += [
            (("of", "content_colour"), 0.5),
            (("of", "touch_colour"), 0.5),
            (("twin",), 0.8),
            (("legend",), 0.9),
        ]
        names += [(("ground",), 0.3), (("rarest",), 0.9)]
        names += [
            (("object", f"{kind}_{name}"), 0.9)
            for kind in ("rank", "low")
            for name in ("area", "same_colour")
        ]
        names += [(("object", f"low_{name}"), 1.2) for name in ("top", "left", "bottom", "right")]
        found = []
        for name, price in names:
            column = [c for scene in self.cast.scenes[: len(self.wanted)] for c in named_colours(scene, name)]
            if all(column != other for _, _, other in found):
                found.append((name, price, column))
        return found

    def _paints(self, name: str, mode: str, price: float, colours: list[Any]) -> Iterator[Able]:
        count = len(self.places)
        demands, covers = [NOTHING] * count, [0] * count
        for place in self.nearest_first:
            if place in self.distant and not any(covers):
                break  # it explains nothing beside those objects that something changes at
            demands[place], covers[place] = self._demanded(place, name, mode)
        self.meter.spend(1)
        if not any(covers):
            return
        for colour, dear, column in colours:
            flags = [d in (NOTHING, c) for d, c in zip(demands, column, strict=True)]
            kept = tuple(cover if flag else 0 for cover, flag in zip(covers, flags, strict=True))
            if any(kept):
                yield Able(("paint", name, mode, colour), price + dear, object_set(flags), kept)
        for table, dear in self._tables(demands):
            yield Able(("paint", name, mode, table), price + dear, self.cast.seen, tuple(covers))

    def _demanded(self, place: int, name: str, mode: str) -> tuple[int, int]:
        """The one colour that outputs have in a footprint of an object, and the changed cells there."""
        scene, number = self.places[place]
        try:
            mask = footprint(self.cast.scenes[scene], number, name, mode)
        except NoValue:
            return NOTHING, 0
        cells = self.wanted[scene][mask]
        if not cells.size:
            return NOTHING, 0
        new = mask & self.changed[scene]
        colour = int(cells[0])
        if (cells != colour).any():
            # What another rule paints over it later does not speak against it.
            colour = int(np.bincount(cells, minlength=COLOURS).argmax())
            other = mask & (self.wanted[scene] != colour)
            ground = self.cast.scenes[scene]["ground"]
            if (other & (~new | (self.wanted[scene] == ground))).any() or 3 * other.sum() > mask.sum():
                return MIXED, 0
            new = new & ~other
        return colour, cell_set(new, scene) if new.any() else 0

    def _tables(self, demands: list[int]) -> Iterator[tuple[tuple[Any, ...], float]]:
        """Tables from one feature's values to colours that give every demanded colour."""
        if MIXED in demands or len({d for d in demands if d >= 0}) < 2:
            return
        for feature in TABLES:
            known: dict[int, int] = {}
            column = self.cast.column(feature)
            if all(
                demand < 0 or known.setdefault(value, demand) == demand
                for value, demand in zip(column, demands, strict=False)
            ):
                unseen = len(set(column[self.cast.trained :]) - set(known))
                if len(known) <= 12:
                    table = ("table", feature, tuple(sorted(known.items())))
                    yield (
                        table,
                        0.6
                        + self._table_price(column, demands)
                        + 1.5 * bool(unseen)
                        + 0.05 * TABLES.index(feature),
                    )

    def _table_price(self, column: list[int], demands: list[int]) -> float:
        """What a table costs: more for each entry, and for one that a single pair bears out."""
        pairs: dict[int, set[int]] = {}
        for value, demand, (scene, _) in zip(column, demands, self.places, strict=False):
            if demand >= 0:
                pairs.setdefault(value, set()).add(scene)
        return sum(0.12 if len(each) > 1 else 0.3 for each in pairs.values())

    def motions(self) -> Iterator[tuple[tuple[Any, ...], float]]:
        """Actions other than paint."""
        yield ("delete",), 0.3
        if self.cast.trained > 120 or self.cast.split not in (
            "four",
            "eight",
            "four_any",
            "eight_any",
            "colours",
        ):
            return
        for way in ("up", "down", "left", "right", "nw", "ne", "sw", "se"):
            yield ("move", way, "stop"), 0.7
            for size in (1, 2, 3, "height", "width"):
                yield ("move", way, size), 1.0
                yield ("copy", way, size), 1.2
            for gap in (0, 1, 2):
                yield ("repeat", way, gap), 1.0 + 0.2 * gap
            if len(way) > 2:
                for gap in (0, 1, -1):
                    yield ("mirror", way, gap), 0.9 + 0.2 * bool(gap)
        for way in ("nearest", "like", "to_area", "to_box", "to_colour_total"):
            yield ("move", way, "stop"), 0.9
            yield ("move", way, "meet"), 1.1
            yield ("move", way, 1), 1.4
            yield ("move", way, "stop", ("of", "greater_colour")), 1.4
        for colour in self.new_colours:
            for way in ("up", "down", "left", "right", "nearest", "to_area"):
                yield ("move", way, "stop", ("is", colour)), 1.3
                yield ("move", way, 1, ("is", colour)), 1.4
        for edge in ("top", "bottom", "row_middle", "left", "right", "column_middle"):
            yield ("align", edge, ("rank", "area")), 1.2
            for colour in self.shared_colours[:4]:
                yield ("align", edge, ("colour", colour)), 1.3
        for name in ("lr", "ud", "half", "left", "right", "transpose"):
            yield ("turn", name), 0.8
        for flips in (("lr",), ("ud",), ("lr", "ud", "half"), ("half",), ("left", "half", "right"),
                      ("lr", "ud", "half", "left", "right", "transpose", "anti")):  # fmt: skip
            for core in self._cores():
                yield ("complete", flips, core), 1.1 + 0.05 * len(flips)
        for name in ("area", "colours"):
            yield ("paste", name), 1.1
        yield from stamps(self.cast, self.wanted, self.changed)

    @cached_property
    def new_colours(self) -> list[int]:
        """Colours that changed cells take on in every pair, two at most."""
        sets = [set(np.unique(out[new]).tolist()) for out, new in zip(self.wanted, self.changed, strict=True)]
        return sorted(set.intersection(*sets) - {self.cast.scenes[0]["ground"]})[:2]

    @cached_property
    def shared_colours(self) -> list[int]:
        """Colours that every input has, without the ground's."""
        sets = [set(np.unique(scene["grid"]).tolist()) - {scene["ground"]} for scene in self.cast.scenes]
        return sorted(set.intersection(*sets))

    def _cores(self) -> list[tuple[Any, ...]]:
        if self.cast.split not in ("four_any", "eight_any"):
            return []
        return [("of", "colour"), ("of", "marker"), *(("is", colour) for colour in self.shared_colours[:3])]

    def _able(self, action: tuple[Any, ...], price: float) -> Able | None:
        flags, covers = [False] * len(self.places), [0] * len(self.places)
        far = action[0] in ("copy", "paste", "stamp")
        for place in self.nearest_first:
            if place in self.distant and not far and not any(covers):
                return None
            cover = self._explained(*self.places[place], action)
            flags[place], covers[place] = cover >= 0, max(0, cover)
        self.meter.spend(1)
        return Able(action, price, object_set(flags), tuple(covers)) if any(covers) else None

    def _explained(self, scene: int, number: int, action: tuple[Any, ...]) -> int:
        """The changed cells that the action explains; -1 where it would paint or erase wrongly."""
        look, wanted, changed = self.cast.scenes[scene], self.wanted[scene], self.changed[scene]
        count = len(look["objects"])
        choices = [[place == number for place in range(count)]]
        if action[0] == "move" and action[2] == "stop" and count > 1:
            choices.append([True] * count)
        for chosen in choices:
            try:
                erased, layer = effect(look, number, action, chosen)
            except NoValue:
                continue
            painted = layer != CLEAR
            if (painted & (layer != wanted)).any():
                continue
            right = painted & changed
            if erased is not None:
                left = erased & ~painted
                if (left & ~changed).any():
                    continue
                right = right | (left & (wanted == look["ground"]) & changed)
            return cell_set(right, scene)
        return -1
