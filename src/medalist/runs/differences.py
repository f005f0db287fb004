"""Differences between two sides: better, worse, or noise (SPEC H5, R7).

Attempts are paired by task and seed. Three things are compared:

- **score**, in each task's own direction. Hidden scores where both sides of all a task's pairs have
  one, else validation scores. Over tasks with different metrics, a difference counts in standard
  deviations of all scores on its task, both sides together, and every task counts the same. A side
  that left no valid product has lost that pair by what a single pair can be lost by: two of them.
- **cost** in USD and **time** in seconds, the same way; a change under a twentieth is never called worse.

``paired`` says what makes a difference more than noise. The chance that anything held is called
worse while nothing is, is 5 % in all: two thirds of it for the score, which five pairs can reach, a
sixth each for cost and time, which take seven (Holm). "Better" takes the customary 2.5 %.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from statistics import fmean
from typing import Any

from medalist.core.score import Direction
from medalist.runs.paired import Evidence, holm, weigh
from medalist.runs.pairing import Pair, Side, Tried, pair, told_apart

QUANTITIES = ("score", "cost", "time")
ALARM_LEVEL = 0.05
CLAIM_LEVEL = 0.025
SMALLEST_CHANGE = 0.05
"""The share by which cost or time must rise before it can be called worse."""

_SHARES = {"score": 4.0, "cost": 1.0, "time": 1.0}
"""How the alarm's 5 % are split among what is held."""

_LOST_PAIR = 2.0  # what one pair alone on its task comes to: |a - b| over the standard deviation of a and b


class Verdict(StrEnum):
    """What a difference came to."""

    BETTER = "better"
    WORSE = "worse"
    NOISE = "no difference beyond noise"
    TOO_FEW = "too few pairs to say"


@dataclass(frozen=True)
class TaskRow:
    """One quantity on one task. ``change`` is the mean of b − a in the task's own unit, with its interval.

    ``basis`` is "hidden" or "validation" for scores. ``spread`` is the standard deviation of all values on
    the task, both sides together; ``lost`` pairs lack a side's value; ``standardised`` the mean difference in standard
    deviations, above zero where the second side is better. Means are None where a side never scored.
    """

    task: str
    metric: str
    direction: str
    basis: str
    spread: float
    pairs: int
    lost: int
    wins: int
    losses: int
    mean_a: float | None
    mean_b: float | None
    change: float | None
    low: float | None
    high: float | None
    standardised: float


@dataclass(frozen=True)
class Difference:
    """One quantity over all tasks; ``evidence`` counts in standard deviations."""

    quantity: str
    rows: tuple[TaskRow, ...]
    evidence: Evidence
    held: bool
    verdict: Verdict

    @property
    def change_share(self) -> float | None:
        """The second side's mean over the first's, less one; None where the first is zero or unknown."""
        pairs = [(r.mean_a, r.mean_b) for r in self.rows if r.mean_a is not None and r.mean_b is not None]
        before, after = sum(a for a, _ in pairs), sum(b for _, b in pairs)
        return after / before - 1 if before else None


@dataclass(frozen=True)
class Comparison:
    """Side ``b`` against side ``a``, the baseline."""

    a: str
    b: str
    pairs: int
    differences: tuple[Difference, ...]
    unpaired: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def worse(self) -> bool:
        """Whether anything held is worse beyond noise."""
        return any(each.held and each.verdict is Verdict.WORSE for each in self.differences)

    def of(self, quantity: str) -> Difference:
        """The difference in one of ``QUANTITIES``."""
        return next(each for each in self.differences if each.quantity == quantity)

    def as_dict(self) -> dict[str, Any]:
        return {
            "a": self.a,
            "b": self.b,
            "worse": self.worse,
            "pairs": self.pairs,
            **{each.quantity: _as_dict(each) for each in self.differences},
            "unpaired": list(self.unpaired),
            "notes": list(self.notes),
        }


def compare_sides(
    a: Side, b: Side, hold: Collection[str] = (), alarm_level: float = ALARM_LEVEL
) -> Comparison:
    """Compare two sides; ``hold`` names the quantities that may raise the alarm, ``alarm_level`` its share of false ones.

    By default all three are held between two of the same kind, and only the score where the sides
    are different engineers, language models or hints by intention.
    """
    paired = pair(a, b)
    apart = told_apart(a, b)
    notes, clocks_agree = _notes(paired.pairs)
    held = set(hold) or ({"score"} if apart else set(QUANTITIES))
    if not hold and not clocks_agree:
        held.discard("time")
    differences = [_difference(quantity, paired.pairs, quantity in held) for quantity in QUANTITIES]
    return Comparison(
        a.name,
        b.name,
        len(paired.pairs),
        tuple(_alarmed(differences, alarm_level)),
        paired.unpaired,
        tuple(notes),
    )


def _difference(quantity: str, pairs: Sequence[Pair], held: bool) -> Difference:
    by_task: dict[str, list[Pair]] = {}
    for each in pairs:
        by_task.setdefault(each.task, []).append(each)
    rows: list[TaskRow] = []
    differences: list[float] = []
    weights: list[float] = []
    for task, of_task in by_task.items():
        row, standardised = _row(quantity, task, of_task)
        rows.append(row)
        differences += standardised
        weights += [1 / len(standardised)] * len(standardised)
    in_one_unit = len(rows) == 1 and not rows[0].lost
    evidence = weigh(differences, weights, one_task=in_one_unit)
    return Difference(quantity, tuple(rows), evidence, held, _claim(evidence))


def _row(quantity: str, task: str, pairs: Sequence[Pair]) -> tuple[TaskRow, list[float]]:
    """A task's row, and each pair's difference in standard deviations."""
    basis = _basis(pairs) if quantity == "score" else ""
    metric, direction = _unit(quantity, pairs)
    values = [(_value(quantity, p.a, basis), _value(quantity, p.b, basis)) for p in pairs]
    both = [(x, y) for x, y in values if x is not None and y is not None]
    sign = 1.0 if Direction(direction).better(1.0, 0.0) else -1.0
    scale = _spread([value for xy in both for value in xy])
    standardised = [_standardised(x, y, sign, scale) for x, y in values]
    change = weigh([y - x for x, y in both], one_task=True) if both else None
    left, right = ([v for v in side if v is not None] for side in zip(*values, strict=True))
    row = TaskRow(
        task=task,
        metric=metric,
        direction=direction,
        basis=basis,
        spread=scale,
        pairs=len(pairs),
        lost=len(pairs) - len(both),
        wins=sum(each > 0 for each in standardised),
        losses=sum(each < 0 for each in standardised),
        mean_a=fmean(left) if left else None,
        mean_b=fmean(right) if right else None,
        change=change.mean if change else None,
        low=change.low if change else None,
        high=change.high if change else None,
        standardised=fmean(standardised),
    )
    return row, standardised


def _standardised(a: float | None, b: float | None, sign: float, scale: float) -> float:
    if a is not None and b is not None:
        return sign * (b - a) / scale if scale else 0.0
    return _LOST_PAIR * ((b is not None) - (a is not None))


def _spread(values: Sequence[float]) -> float:
    """The standard deviation of all scores on a task: the same whichever side each is on, so signs may flip."""
    if not values:
        return 0.0
    middle = fmean(values)
    spread = math.sqrt(fmean([(value - middle) ** 2 for value in values]))
    return spread if spread > 1e-12 * max(abs(value) for value in values) else 0.0


def _basis(pairs: Sequence[Pair]) -> str:
    results = [each.result for p in pairs for each in (p.a, p.b) if each.delivered]
    return "hidden" if all(result.hidden_score is not None for result in results) else "validation"


def _unit(quantity: str, pairs: Sequence[Pair]) -> tuple[str, str]:
    if quantity != "score":
        return {"cost": "USD", "time": "s"}[quantity], "min"
    scored = [each.result for p in pairs for each in (p.a, p.b) if each.delivered and each.result.direction]
    return (scored[0].metric or "", scored[0].direction or "max") if scored else ("", "max")


def _value(quantity: str, tried: Tried, basis: str) -> float | None:
    result = tried.result
    match quantity:
        case "cost":
            return result.cost_usd
        case "time":
            return result.seconds
        case _:
            score = result.hidden_score if basis == "hidden" else result.validation_score
            return score if tried.delivered else None


def _claim(evidence: Evidence) -> Verdict:
    """Better, or not; whether worse is decided over all that is held (``_alarmed``)."""
    if evidence.p_better is None:
        return Verdict.TOO_FEW
    return Verdict.BETTER if evidence.p_better <= CLAIM_LEVEL else Verdict.NOISE


def _alarmed(differences: Sequence[Difference], level: float) -> list[Difference]:
    """Call worse what is; quantities that are not held are judged beside them and raise no alarm."""
    called = list(differences)
    for held in (True, False):
        family = [i for i, each in enumerate(called) if each.held is held and _counts(each)]
        p_values = [called[i].evidence.p_worse or 0.0 for i in family]
        shares = [_SHARES[called[i].quantity] for i in family]
        for i, stands in zip(family, holm(p_values, shares, level), strict=True):
            if stands:
                called[i] = replace(called[i], verdict=Verdict.WORSE)
    return called


def _counts(difference: Difference) -> bool:
    """Whether a quantity takes its share of the alarm: it could be judged, and cost or time did change enough."""
    if difference.evidence.p_worse is None or difference.quantity == "score":
        return difference.evidence.p_worse is not None
    share = difference.change_share
    return bool(difference.evidence.mean) and (share is None or abs(share) >= SMALLEST_CHANGE)


def _notes(pairs: Sequence[Pair]) -> tuple[list[str], bool]:
    """What a reader must know, and whether the two sides' seconds mean the same."""
    notes = []
    one_machine = all(p.a.machine == p.b.machine for p in pairs)
    if not one_machine:
        notes.append("The sides ran on different machines: seconds are not compared like with like.")
    if any(p.a.measured_on and p.b.measured_on and p.a.measured_on != p.b.measured_on for p in pairs):
        notes.append(
            "Speed-ups were measured on different machines, or different parts of one: ratios are not comparable."
        )
    if any(p.a.isolation and p.b.isolation and p.a.isolation != p.b.isolation for p in pairs):
        notes.append("Speed-ups were measured in different sandboxes.")
    if any(p.a.spec.limits.attempt_seconds != p.b.spec.limits.attempt_seconds for p in pairs):
        notes.append("The sides had different time limits.")
    versions = [sorted({getattr(p, side).version for p in pairs} - {""}) for side in ("a", "b")]
    if versions[0] != versions[1]:
        notes.append(f"Medalist {', '.join(versions[0]) or '?'} against {', '.join(versions[1]) or '?'}.")
    if pairs and any(_basis([p]) == "validation" for p in pairs):
        notes.append("Where hidden scores are missing, validation scores are compared: each side's own.")
    return notes, one_machine


def _as_dict(difference: Difference) -> dict[str, Any]:
    return {
        "verdict": str(difference.verdict),
        "held": difference.held,
        "change_share": difference.change_share,
        **asdict(difference.evidence),
        "tasks": [asdict(row) for row in difference.rows],
    }
