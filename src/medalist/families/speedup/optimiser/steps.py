"""What the search has found: the steps it kept, in order, and what it tried and let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from medalist.families.speedup.optimiser.requests import Call, Reply
from medalist.families.speedup.optimiser.transformation import Edit

_FEW = 4
"""So few turns are those of calls that last long enough to be told apart by each."""

_SURE = 2.0
"""Standard deviations by which turns won must exceed what chance gives to equals: once in forty times."""


@dataclass(frozen=True)
class Step:
    """An edit that was kept, with the program it led to.

    ``gain`` is how many times as fast the program became by it, on the last of ``calls``, which ``inputs`` names;
    ``excess`` how much of its tolerance each array took on all of them, ``worst`` the largest of these in words.
    """

    edit: Edit
    text: str
    gain: float
    calls: tuple[Call, ...]
    inputs: str
    excess: Mapping[str, float] = field(default_factory=dict)
    worst: str = ""


@dataclass(frozen=True)
class LetGo:
    """An edit that was tried and not kept. ``final`` when it cannot become right later; seconds are the rival's."""

    edit: Edit
    reason: str
    final: bool
    seconds: float = 0.0


def gain_of(reply: Reply) -> float:
    """How many times as fast as its rival a program was; 0 where it had no turn.

    The smaller of two estimates, the median of the turns' ratios and the ratio of 25th percentiles: noise that passes
    for a gain in one of them seldom does in the other.
    """
    if not reply.turns:
        return 0.0
    own, rival = (sorted(times) for times in zip(*reply.turns, strict=True))
    quarter = len(own) // 4
    return min(median(other / this for this, other in reply.turns), rival[quarter] / own[quarter])


def sureness(turns: Sequence[tuple[float, float]]) -> float:
    """How surely a program is faster than its rival: a sign test's z over the turns, ties for the rival."""
    wins = sum(own < rival for own, rival in turns)
    return (2 * wins - len(turns)) / max(1, len(turns)) ** 0.5


def is_surely_faster(turns: Sequence[tuple[float, float]]) -> bool:
    """Whether the program won more of the turns than noise would give it; of few turns, all of them."""
    if len(turns) <= _FEW:
        return all(own < rival for own, rival in turns)
    return sureness(turns) >= _SURE


def seconds_of(reply: Reply) -> float:
    """What the program took on the last call, by the median of its turns."""
    return median(own for own, _ in reply.turns) if reply.turns else reply.seconds[-1]


@dataclass(frozen=True)
class Proof:
    """The optimised program was equal to the original on ``calls``, which were drawn after it was finished.

    ``seconds`` and ``original_seconds`` are those of the calls on full inputs, but for one that warmed up.
    """

    calls: tuple[Call, ...]
    excess: Mapping[str, float]
    worst: str
    seconds: tuple[float, ...]
    original_seconds: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times as fast, over these calls."""
        return sum(self.original_seconds) / max(sum(self.seconds), 1e-9)
