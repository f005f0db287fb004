"""Parents by Beta draws: what solves more is chosen more, what was tried often less, and no solved case is lost."""

from __future__ import annotations

import random
from collections import Counter

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Direction, Score
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.search.rex import RexSearch, RexSettings, survivors

CASES = 4


def population(*solved: set[int]) -> Population:
    return Population(
        Outcome(
            Candidate(f"c{number:02d}", "draft", recipe={"solved": sorted(cases), "near": number / 100}),
            CandidateState.FINISHED,
            Score("cases", Direction.MAXIMIZE, "validation", float(len(cases))),
        )
        for number, cases in enumerate(solved)
    )


def search(seed: int = 0, *, capacity: int = 4, crossover_share: float = 0.0) -> RexSearch:
    settings = RexSettings(CASES, capacity, crossover_share=crossover_share)
    return RexSearch(settings, random.Random(seed))


def counted(proposals: list[Proposal]) -> Counter[str]:
    return Counter(name for proposal in proposals for name in proposal.parents)


def test_the_better_parent_comes_first_and_the_worse_in_time():
    people = population({0, 1, 2}, {0})
    first = Counter(search(seed).ask(people, 1, 1.0)[0].parents[0] for seed in range(50))
    assert first["c00"] > 40
    many = counted(search().ask(people, 200, 1.0))
    assert many["c01"] > 40, "each choice lowers the next"
    assert many["c00"] > many["c01"]


def test_a_seed_gives_the_same_proposals():
    people = population({0}, {1}, {0, 1}, set())
    once, again = (search(3, crossover_share=0.5).ask(people, 20, 1.0) for _ in range(2))
    assert once == again


def test_crossed_are_only_parents_that_solve_different_cases():
    proposals = [
        proposal
        for seed in range(10)
        for proposal in search(seed, crossover_share=1.0).ask(population({0, 1}, {0}, {2}), 5, 1.0)
        if proposal.operator == "crossover"
    ]
    assert {proposal.parents for proposal in proposals} == {("c00", "c02"), ("c01", "c02")}


def test_every_case_that_anybody_solves_keeps_a_parent():
    people = population({0, 1}, {0, 1}, {0, 1}, {3}, set(), {2})
    kept = survivors(people.finished, 2)
    assert set().union(*(outcome.candidate.recipe["solved"] for outcome in kept)) == {0, 1, 2, 3}
    assert [outcome.candidate.id for outcome in kept] == ["c02", "c03", "c05"], "the nearest of equals"


def test_nothing_is_proposed_without_parents_or_time_or_what_was_declined():
    assert search().ask(Population(), 3, 1.0) == []
    assert search().ask(population({0}), 3, 0.0) == []
    policy = search()
    policy.declined(Proposal("improve", ("c00",)))
    assert {p.parents for p in policy.ask(population({0, 1, 2}, {0}), 5, 1.0)} == {("c01",)}
