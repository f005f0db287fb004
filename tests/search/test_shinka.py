"""The population on islands: drafts, crossovers of what differs, parents by score and novelty."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Direction, Score
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.search.shinka import ShinkaSearch, ShinkaSettings


def finished(name: str, value: float, *parents: str, operator: str = "") -> Outcome:
    candidate = Candidate(name, operator or ("improve" if parents else "draft"), parents)
    score = Score("auc", Direction.MAXIMIZE, "validation", value, noise=0.02)
    return Outcome(candidate, CandidateState.FINISHED, score)


def proposals(population: Population, count: int = 300, **settings) -> Counter[Proposal]:
    policy = ShinkaSearch(ShinkaSettings(drafts=0, **settings), random.Random(0))
    return Counter(policy.ask(population, 1, 60.0)[0] for _ in range(count))


def times_a_parent(counts: Counter[Proposal], name: str) -> int:
    return sum(n for proposal, n in counts.items() if name in proposal.parents)


def test_crossovers_join_candidates_of_different_descent():
    population = Population(
        [
            finished("c01", 0.80),
            finished("c02", 0.81),
            finished("c03", 0.82, "c01"),
            finished("c04", 0.83, "c02"),
        ]
    )
    crossed = [
        p for p in proposals(population, crossover_share=1.0, fresh_share=0.0) if p.operator == "crossover"
    ]
    assert {frozenset(p.parents) for p in crossed} == {
        frozenset(pair) for pair in (("c01", "c02"), ("c01", "c04"), ("c03", "c02"), ("c03", "c04"))
    }
    assert len({p.parents for p in crossed}) == len(crossed), "a pair has one name"


def test_two_of_one_descent_are_crossed_when_there_are_no_others():
    population = Population([finished("c01", 0.8), finished("c02", 0.9, "c01")])
    counts = proposals(population, crossover_share=1.0, fresh_share=0.0)
    assert counts[Proposal("crossover", ("c01", "c02"))] == 300


def test_of_two_equally_good_parents_the_one_less_tried_comes_first():
    children = [finished(f"c1{i}", 0.5, "c01") for i in range(6)]
    population = Population([finished("c01", 0.9), finished("c02", 0.9), *children])
    counts = proposals(population, islands=1, crossover_share=0.0, fresh_share=0.0)
    assert times_a_parent(counts, "c02") > 2 * times_a_parent(counts, "c01")


@pytest.mark.parametrize("value", [0.7, 0.95])
def test_of_two_equally_tried_the_better_one_comes_first(value):
    population = Population([finished("c01", 0.85), finished("c02", value), finished("c03", 0.8)])
    counts = proposals(population, islands=1, crossover_share=0.0, fresh_share=0.0)
    first, second = ("c02", "c01") if value > 0.85 else ("c01", "c02")
    assert times_a_parent(counts, first) > 1.3 * times_a_parent(counts, second)


def test_every_island_goes_on_however_far_it_is_behind():
    population = Population([finished("c01", 0.99), finished("c02", 0.50)])
    counts = proposals(population, islands=2, crossover_share=0.0, fresh_share=0.0)
    assert min(times_a_parent(counts, "c01"), times_a_parent(counts, "c02")) > 90


def test_some_proposals_begin_anew():
    population = Population([finished("c01", 0.8), finished("c02", 0.9)])
    fresh = proposals(population, fresh_share=0.3)[Proposal("draft")]
    assert 60 < fresh < 120


def test_scores_that_are_all_the_same_leave_every_parent_a_chance():
    outcomes = [
        Outcome(
            Candidate(f"c{i}", "draft"),
            CandidateState.FINISHED,
            Score("f1", Direction.MINIMIZE, "validation", 1.0),
        )
        for i in range(3)
    ]
    counts = proposals(Population(outcomes), islands=1, crossover_share=0.0, fresh_share=0.0)
    assert len(counts) == 3
