"""Whether what a candidate answered is what was asked: equal to the oracle's, or as good as the oracle's.

Works on bytes and arrays alone; nothing here knows a clock. In what a task calls ``losses`` lies the loss of every
step of training: another number of them is another training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medalist.families.speedup.contract import Contract, Output, Quality
from medalist.families.speedup.refusals import Reason, Refused
from medalist.families.speedup.worker import unpack

Arrays = Mapping[str, NDArray[Any]]

LOSSES = "losses"


def read_answer(data: bytes, contract: Contract) -> Arrays:
    """The arrays of an answer that the contract asks something of. Raises Refused for what is no such answer."""
    try:
        arrays = unpack(data)
    except (ValueError, MemoryError) as error:
        raise Refused(Reason.BAD_ANSWER, f"The answer cannot be read: {error}.") from error
    asked = {name: array for name, array in arrays.items() if contract.output(name) is not None}
    for name, array in asked.items():
        wrong = np.count_nonzero(~np.isfinite(array))
        if wrong:
            raise Refused(Reason.NOT_FINITE, f"{name} holds {wrong} numbers that are not finite.")
    return asked


def check_shapes(answer: Arrays, truth: Arrays) -> None:
    """Raises Refused where an array of the oracle's is missing or has another shape."""
    for name, expected in truth.items():
        if name not in answer:
            raise Refused(Reason.BAD_ANSWER, f"The answer lacks {name}.")
        shape = answer[name].shape
        if shape == expected.shape:
            continue
        if name == LOSSES:
            steps = f"{answer[name].size} losses were returned, {expected.size} steps were asked for."
            raise Refused(Reason.DID_NOT_TRAIN, steps)
        raise Refused(Reason.OTHER_FUNCTION, f"{name} has the shape {shape}, not {expected.shape}.")


def check_equal(answer: Arrays, truth: Arrays, contract: Contract) -> None:
    """Raises Refused for the first array, in the oracle's order, with an element beyond its tolerance."""
    check_shapes(answer, truth)
    losses = answer.get(LOSSES)
    if losses is not None and losses.size > 1 and np.ptp(losses) == 0:
        raise Refused(Reason.DID_NOT_TRAIN, f"All {losses.size} losses are equal.")
    _check_close(answer, truth, contract, "")


def check_derived(answer: Arrays, derived: Arrays, contract: Contract) -> None:
    """Raises Refused where an array of the answer is not what follows from its others, ``derived``."""
    _check_close(answer, derived, contract, " from what its own other answers give")


def _check_close(answer: Arrays, truth: Arrays, contract: Contract, apart: str) -> None:
    for name in truth:
        rule = contract.output(name)
        assert rule is not None
        gap = largest_gap(answer[name], truth[name], rule)
        if gap.excess > 1:
            raise Refused(
                Reason.OTHER_FUNCTION,
                f"{name} is off by {gap.difference:.2g}{apart} at a value of {gap.expected:.2g},"
                f" where {gap.allowed:.2g} is allowed.",
            )


@dataclass(frozen=True)
class Gap:
    """The element of an array that lies furthest beyond its tolerance, ``excess`` times that."""

    difference: float
    expected: float
    allowed: float
    excess: float


def largest_gap(found: NDArray, expected: NDArray, rule: Output) -> Gap:
    """How far ``found`` strays from ``expected``, an array of its shape. All numbers must be finite."""
    if expected.size == 0:
        return Gap(0.0, 0.0, 0.0, 0.0)
    wanted = expected.astype(np.float64).ravel()
    differences = np.abs(found.astype(np.float64).ravel() - wanted)
    allowed = rule.atol + rule.rtol * np.abs(wanted)
    excess = np.divide(differences, allowed, out=np.where(differences > 0, np.inf, 0.0), where=allowed > 0)
    place = int(excess.argmax())
    return Gap(float(differences[place]), float(wanted[place]), float(allowed[place]), float(excess[place]))


@dataclass(frozen=True)
class Learned:
    """How well a candidate learned beside the oracle: mean accuracies, and the loss that cannot be ruled out."""

    accuracy: float
    reference: float
    worst_loss: float
    draws: int


def accuracy(answer: Arrays, held_back: Arrays, quality: Quality) -> float:
    """The share of rows of the class scores whose largest is the right class. Raises Refused for another shape."""
    scores, labels = answer.get(quality.output), held_back[quality.answer]
    if scores is None or scores.ndim != 2 or len(scores) != len(labels):
        raise Refused(Reason.BAD_ANSWER, f"{quality.output} is not one row of class scores for each answer.")
    return float(np.mean(scores.argmax(axis=1) == labels))


def judge_quality(own: Sequence[float], reference: Sequence[float], quality: Quality) -> Learned:
    """Accuracies of the same draws by candidate and oracle, by Student's t on their differences.

    Raises Refused where the candidate is not shown to learn as well, or does not pass chance by enough.
    """
    from scipy.stats import t

    losses = np.subtract(reference, own)
    count = len(losses)
    spread = float(np.std(losses, ddof=1)) / math.sqrt(count) if count > 1 else math.inf
    worst = float(np.mean(losses) + t.ppf(quality.confidence, max(1, count - 1)) * spread)
    learned = Learned(float(np.mean(own)), float(np.mean(reference)), worst, count)
    said = f"Its mean accuracy over {count} draws is {learned.accuracy:.3f}"
    if learned.accuracy < quality.chance_factor * quality.chance:
        least = quality.chance_factor * quality.chance
        raise Refused(Reason.DID_NOT_TRAIN, f"{said}; {least:.3f} is asked for.")
    if worst > quality.loss:
        raise Refused(
            Reason.LEARNED_LESS,
            f"{said}, the reference's {learned.reference:.3f}: as much as {worst:.3f} below cannot be ruled out,"
            f" {quality.loss} is allowed.",
        )
    return learned
