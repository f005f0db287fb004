"""Choosing parents: what each algorithm guarantees."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Direction, Score
from medalist.search.selection import boltzmann, greedy, tournament


def scored(name: str, value: float, noise: float | None = None, direction=Direction.MINIMIZE):
    score = Score("rmse", direction, "validation", value, noise=noise)
    return Outcome(Candidate(name, "draft"), CandidateState.FINISHED, score)


LIBRARY = [scored("a", 0.30, 0.01), scored("b", 0.29, 0.01), scored("c", 0.60, 0.01)]


def test_greedy_takes_the_best_in_the_metrics_direction():
    assert greedy(LIBRARY, random.Random(0)).candidate.id == "b"
    larger = [scored("a", 0.3, direction=Direction.MAXIMIZE), scored("b", 0.2, direction=Direction.MAXIMIZE)]
    assert greedy(larger, random.Random(0)).candidate.id == "a"


@pytest.mark.parametrize("select", [greedy, tournament, boltzmann])
def test_nothing_to_choose_from_is_said(select):
    with pytest.raises(ValueError, match="nothing to select"):
        select([], random.Random(0))


@pytest.mark.parametrize("select", [greedy, tournament, boltzmann])
def test_same_seed_same_choice(select):
    first = [select(LIBRARY, random.Random(seed)).candidate.id for seed in range(20)]
    assert first == [select(LIBRARY, random.Random(seed)).candidate.id for seed in range(20)]


def test_boltzmann_spreads_over_what_noise_could_swap_and_leaves_the_rest():
    rng = random.Random(1)
    drawn = Counter(boltzmann(LIBRARY, rng).candidate.id for _ in range(400))
    assert drawn["b"] > drawn["a"] > 60
    assert drawn["c"] == 0


def test_boltzmann_with_equal_scores_and_no_noise_still_chooses():
    same = [scored("a", 0.3), scored("b", 0.3)]
    assert boltzmann(same, random.Random(0)).candidate.id in {"a", "b"}


def test_larger_tournaments_press_harder():
    def share_of_best(size: int) -> float:
        rng = random.Random(2)
        drawn = [tournament(LIBRARY, rng, size=size).candidate.id for _ in range(300)]
        return drawn.count("b") / len(drawn)

    assert share_of_best(1) < share_of_best(3) < share_of_best(8)
