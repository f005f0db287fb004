"""The operators of the search, over recipes: draft, improve, debug, ensemble.

Each takes what is known and gives a recipe to try, or None where it has nothing left to offer. The
kit of a modality (``kit.tabular``, ``kit.text``, ``kit.image``, ``kit.mixed``) knows the trade; this
module keeps a recipe from being tried twice and mends what failed. Starts nothing, reads no file.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from medalist.core.errors import InputError
from medalist.families.compete.facts import Facts
from medalist.families.compete.recipes import Recipe
from medalist.hints.review import check_script, explain_log
from medalist.machine.hardware import Hardware
from medalist.training.sizing import MeasuredSizes

_ATTEMPTS_AT_SOMETHING_NEW = 8
_FEWEST_FOLDS = 3
_WITH_IMAGES = ("image", "mixed")
_TOO_BIG = ("MemoryError", "out of memory", "timed out", "time limit", "Killed")


@dataclass(frozen=True)
class Repair:
    """What ``debug`` came up with: a recipe, scripts already mended (by file name), and the hints that helped."""

    recipe: Recipe
    scripts: Mapping[str, str] = field(default_factory=dict)
    hint_ids: tuple[str, ...] = ()
    reason: str = ""


class Operators:
    """The operators for one competition on one machine.

    ``budget_seconds`` is the attempt's whole budget; the kits size their drafts by it. Drafts come
    cheapest and most valuable first. ``weights`` are local pretrained ones for networks on images, and
    ``measured`` the batches that fitted here before.
    """

    def __init__(
        self,
        facts: Facts,
        hardware: Hardware,
        budget_seconds: float,
        rng: random.Random,
        weights: Path | None = None,
        measured: MeasuredSizes | None = None,
    ) -> None:
        self._facts = facts
        self._cores = hardware.cores
        self._rng = rng
        networks = {"weights": weights, "measured": measured} if facts.modality in _WITH_IMAGES else {}
        self._waiting = list(_kit(facts.modality).drafts(facts, hardware, budget_seconds, **networks))
        self.planned = len(self._waiting)
        """How many drafts there were to begin with."""
        self._tried: set[str] = set()

    @property
    def waiting(self) -> Sequence[Recipe]:
        """Drafts not handed out yet, in the order they will be."""
        return tuple(self._waiting)

    def mark_tried(self, recipe: Recipe) -> None:
        """Never offer ``recipe`` again (a resumed attempt calls this for what it finds)."""
        self._tried.add(_key(recipe))
        self._waiting = [r for r in self._waiting if _key(r) != _key(recipe)]

    def is_new(self, recipe: Recipe) -> bool:
        """Whether ``recipe`` was not handed out or marked as tried."""
        return _key(recipe) not in self._tried

    def baseline(self) -> Recipe:
        """The kit's first draft: quick, and good enough to stand. Drafting has not begun yet."""
        first = self._waiting[0]
        self.mark_tried(first)
        return first

    def draft(self, affordable_cpu_seconds: float, free_cores: int | None = None) -> Recipe | None:
        """The next draft that fits in ``affordable_cpu_seconds`` a core, None where none does.

        What is too dear keeps its place in the queue. One that fits in ``free_cores`` (None: all)
        comes before one that has to wait for more; with all free, one that wants several comes first.
        """
        free = self._cores if free_cores is None else free_cores
        queue = [r for r in self._waiting if self._fits(r, affordable_cpu_seconds)]
        if free == self._cores:
            queue.sort(key=self.threads, reverse=True)
        else:
            queue.sort(key=lambda recipe: self.threads(recipe) > free)
        if not queue:
            return None
        self.mark_tried(queue[0])
        return queue[0]

    def improve(self, parent: Recipe, affordable_cpu_seconds: float) -> Recipe | None:
        """A change to ``parent`` that was not tried yet and fits in ``affordable_cpu_seconds`` a core."""
        for _ in range(_ATTEMPTS_AT_SOMETHING_NEW):
            recipe = _kit(parent.kit).improve(self._facts, parent, self._rng)
            if recipe is None:
                return None
            if self.is_new(recipe) and self._fits(recipe, affordable_cpu_seconds):
                self.mark_tried(recipe)
                return recipe
        return None

    def threads(self, recipe: Recipe) -> int:
        """How many cores a recipe wants, at most those there are; one unless it says otherwise."""
        return max(1, min(int(recipe.options.get("threads", 1)), self._cores))

    def _fits(self, recipe: Recipe, affordable_cpu_seconds: float) -> bool:
        return recipe.expected_cpu_seconds / self.threads(recipe) <= affordable_cpu_seconds

    def debug(self, failed: Recipe, scripts: Mapping[str, str], log: str) -> Repair | None:
        """A mended or a smaller version of what failed.

        A hint that recognises the log and can mend the script comes first; a job that was too big comes
        back with fewer folds. None where neither applies: another draft is worth more then.
        """
        mended, hint_ids = mend(scripts, log)
        if hint_ids:
            return Repair(failed, mended, hint_ids, f"mended by {', '.join(hint_ids)}")
        if failed.folds > _FEWEST_FOLDS and any(sign in log for sign in _TOO_BIG):
            smaller = replace(
                failed,
                folds=_FEWEST_FOLDS,
                title=f"{failed.title}, {_FEWEST_FOLDS} folds",
                expected_cpu_seconds=failed.expected_cpu_seconds * _FEWEST_FOLDS / failed.folds,
            )
            return Repair(smaller, reason="it was too big for this machine or budget")
        return None

    def ensemble(self, members: Mapping[str, str]) -> Recipe:
        """A greedy ensemble of finished candidates, by id, each with the name of what it is a variant of."""
        return Recipe(
            kit="ensemble",
            estimator="greedy",
            options={"members": list(members), "families": list(members.values())},
            title=f"ensemble of {len(members)}",
            expected_cpu_seconds=1.0 + 0.1 * len(members),
        )

    def scripts(self, recipe: Recipe) -> dict[str, str]:
        """The stand-alone files of a recipe, by name: train.py and predict.py at least."""
        return _kit(recipe.kit).scripts(self._facts, recipe)


def mend(scripts: Mapping[str, str], log: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The scripts that a hint both explains by the log and knows how to change, mended; and those hints' ids."""
    explained = {finding.hint_id for finding in explain_log(log) if finding.mechanical}
    if not explained:
        return {}, ()
    # Editing loads a parser of its own; only failures pay for it.
    from medalist.hints.mending import mend_script

    mended: dict[str, str] = {}
    applied: dict[str, None] = {}
    for name, code in scripts.items():
        with suppress(InputError):  # not Python, so nothing to mend by a hint
            findings = [f for f in check_script(code, filename=name) if f.hint_id in explained]
            changed, ids = mend_script(code, findings)
            if ids:
                mended[name] = changed
                applied.update(dict.fromkeys(ids))
    return mended, tuple(applied)


def _kit(name: str) -> ModuleType:
    return import_module(f"medalist.families.compete.kit.{name}")


def _key(recipe: Recipe) -> str:
    """What makes two recipes the same experiment: everything but title and estimate."""
    return json.dumps(
        [recipe.kit, recipe.estimator, dict(recipe.options), recipe.seed, recipe.folds], sort_keys=True
    )
