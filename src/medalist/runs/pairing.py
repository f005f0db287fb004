"""Which attempts of two sides belong together: the same task and seed, and whatever else does not tell the sides apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medalist.core.errors import UsageError
from medalist.runs.results import AttemptResult
from medalist.runs.spec import AttemptSpec, task_name
from medalist.runs.store import AttemptRecord, AttemptState, Store
from medalist.runs.verdict import verdict_of

DIMENSIONS = ("engineer", "model", "hints")
"""What two attempts on the same task and seed can differ in by intention."""


NO_MODEL = "none"


@dataclass(frozen=True)
class Tried:
    """One attempt as compare sees it. ``machine`` is its fingerprint, "" where the attempt never got so far.

    ``measured_on`` and ``isolation`` are those of a grade by time, "" elsewhere (``verdict.Verdict``).
    """

    spec: AttemptSpec
    state: AttemptState
    result: AttemptResult
    machine: str = ""
    measured_on: str = ""
    isolation: str = ""
    version: str = ""

    @property
    def task(self) -> str:
        """The task's name, with its metric where a person chose one: the same folder by two metrics is two tasks."""
        metric = self.spec.task.settings.get("metric")
        return task_name(self.spec.task.path) + (f" ({metric})" if metric else "")

    @property
    def delivered(self) -> bool:
        """Whether there is a product to compare."""
        return self.result.valid or self.result.hidden_score is not None

    def trait(self, dimension: str) -> str:
        """What an attempt is in one of ``DIMENSIONS``, as text."""
        match dimension:
            case "engineer":
                return self.spec.engineer
            case "model":
                return self.spec.llm.model or NO_MODEL
            case "hints":
                return "with hints" if self.spec.hints else "without hints"
            case _:
                raise ValueError(f"no dimension {dimension!r}")


@dataclass(frozen=True)
class Side:
    """One side of a comparison."""

    name: str
    attempts: tuple[Tried, ...]

    def traits(self, dimension: str) -> tuple[str, ...]:
        """What its attempts are in a dimension, in order of appearance."""
        return tuple(dict.fromkeys(each.trait(dimension) for each in self.attempts))


@dataclass(frozen=True)
class Pair:
    """Two attempts on the same task with the same seed."""

    task: str
    a: Tried
    b: Tried


@dataclass(frozen=True)
class Paired:
    """What could be paired, and a sentence for each attempt that could not."""

    pairs: tuple[Pair, ...]
    unpaired: tuple[str, ...] = field(default=())


def read_side(store: Store, name: str = "") -> Side:
    """Every attempt of a run. Raises what reading a run raises."""
    return Side(name or store.root.name, tuple(_tried(store, record) for record in store.attempts()))


def split_side(side: Side, dimension: str) -> list[Side]:
    """A run's attempts as one side for each thing they are in ``dimension``, the first one first.

    An engineer that asks no language model is on no side of "model"; beside one that asks several,
    each of those is a side of "engineer". Raises UsageError when all attempts are alike.
    """
    models = side.traits("model")
    sides: dict[str, list[Tried]] = {}
    for each in side.attempts:
        name, model = each.trait(dimension), each.trait("model")
        if dimension == "model" and model == NO_MODEL:
            continue
        if dimension == "engineer" and model != NO_MODEL and NO_MODEL in models and len(models) > 2:
            name += f" with {model}"
        sides.setdefault(name, []).append(each)
    if len(sides) < 2:
        raise UsageError(
            f"All attempts of {side.name} are alike in --by {dimension}: {', '.join(sides) or 'none'}.",
            next_step="Compare two runs, or make a run of a set with both.",
        )
    return [Side(name, tuple(attempts)) for name, attempts in sides.items()]


def told_apart(a: Side, b: Side) -> tuple[str, ...]:
    """The dimensions in which each side is one thing and the two are different things."""
    return tuple(
        name
        for name in DIMENSIONS
        if len(a.traits(name)) == len(b.traits(name)) == 1 and a.traits(name) != b.traits(name)
    )


def pair(a: Side, b: Side) -> Paired:
    """Pair by task and seed, and by every dimension in which a side is more than one thing.

    A task that stands several times in a run is paired in its order there.
    """
    loose = [name for name in DIMENSIONS if len(a.traits(name)) > 1 or len(b.traits(name)) > 1]
    left, right = _keyed(a.attempts, loose), _keyed(b.attempts, loose)
    pairs, unpaired = [], []
    for key, first in left.items():
        second = right.pop(key, None)
        if second is None:
            unpaired.append(f"{first.spec.id} of {a.name}: no counterpart in {b.name}")
            continue
        obstacle = _obstacle(first, a) or _obstacle(second, b) or _unlike(first, second)
        if obstacle:
            unpaired.append(f"{first.spec.id}: {obstacle}")
        else:
            pairs.append(Pair(first.task, first, second))
    unpaired += [f"{each.spec.id} of {b.name}: no counterpart in {a.name}" for each in right.values()]
    return Paired(tuple(pairs), tuple(unpaired))


def _keyed(attempts: Iterable[Tried], loose: Sequence[str]) -> dict[tuple[object, ...], Tried]:
    found: dict[tuple[object, ...], Tried] = {}
    for each in attempts:
        key = (each.task, each.spec.task.family, each.spec.seed, *(each.trait(name) for name in loose))
        number = 0
        while (*key, number) in found:
            number += 1
        found[(*key, number)] = each
    return found


def _obstacle(tried: Tried, side: Side) -> str:
    ended = tried.state.final or tried.state is AttemptState.FAILED
    return "" if ended else f"it is {tried.state} in {side.name}, not ended"


def _unlike(first: Tried, second: Tried) -> str:
    """Why two results cannot be compared; a side without a product has lost, whatever its metric."""
    a, b = first.result, second.result
    if first.delivered and second.delivered and (a.metric, a.direction) != (b.metric, b.direction):
        return f"scored by {a.metric} on one side and by {b.metric} on the other"
    return ""


def _tried(store: Store, record: AttemptRecord) -> Tried:
    started = next((e.data for e in store.events(record.spec.id) if e.kind == "attempt_started"), {})
    verdict = verdict_of(record)
    return Tried(
        record.spec,
        record.state,
        AttemptResult.from_record(Path(store.root), record),
        machine=str((started.get("hardware") or {}).get("fingerprint", "")),
        measured_on=verdict.fingerprint,
        isolation=verdict.isolation,
        version=str(started.get("version", "")),
    )
