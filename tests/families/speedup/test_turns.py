"""What turns of a program and its rival tell: noise of a busy core is no gain, and a small steady one is."""

import statistics
from random import Random

import pytest

from medalist.families.speedup.optimiser.requests import Reply
from medalist.families.speedup.optimiser.steps import gain_of, is_surely_faster

NEIGHBOURS = (1.0, 1.0, 1.0, 1.1, 1.6)
"""By what a core beside a busy one makes the same work longer, as measured on two threads of one core."""


def turns(random: Random, count: int, gain: float, noise: tuple[float, ...]) -> list[tuple[float, float]]:
    def spent() -> float:
        return random.choice(noise) * random.gauss(1.0, 0.005)

    return [(spent() / gain, spent()) for _ in range(count)]


def kept(gain: float, count: int, noise: tuple[float, ...], least_gain: float = 1.015) -> float:
    """The share of trials in which an edit of such a gain would be kept."""
    drawn = [turns(Random(seed), count, gain, noise) for seed in range(500)]
    return statistics.fmean(
        is_surely_faster(each) and gain_of(Reply(turns=tuple(each))) >= least_gain for each in drawn
    )


@pytest.mark.parametrize("count", [5, 9, 17, 49])
def test_equals_beside_a_busy_core_are_seldom_told_apart(count: int) -> None:
    assert kept(1.0, count, NEIGHBOURS) < 0.03


@pytest.mark.parametrize("count", [5, 17, 49])
def test_a_small_steady_gain_is_seen(count: int) -> None:
    assert kept(1.04, count, (1.0,)) > 0.97


def test_of_few_turns_all_must_agree() -> None:
    assert is_surely_faster([(1.0, 1.3)])
    assert is_surely_faster([(1.0, 1.3), (1.0, 1.2)])
    assert not is_surely_faster([(1.0, 1.3), (1.0, 0.99), (1.0, 1.3)])
