"""What every search policy promises, on searches carried out on paper: proposals become outcomes by lot."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Direction, Score
from medalist.search.policy import Policy, Proposal
from medalist.search.population import Population
from medalist.search.shinka import ShinkaSearch, ShinkaSettings
from medalist.search.tree import TreeSearch, TreeSettings

POLICIES: dict[str, Callable[[int], Policy]] = {
    "tree": lambda seed: TreeSearch(TreeSettings(drafts=3), random.Random(seed)),
    "shinka": lambda seed: ShinkaSearch(ShinkaSettings(drafts=3), random.Random(seed)),
}


@pytest.fixture(params=POLICIES)
def make(request) -> Callable[[int], Policy]:
    return POLICIES[request.param]


class Search:
    """A policy at work on a population whose scores and failures come from a seed."""

    def __init__(self, policy: Policy, seed: int = 0, direction: Direction = Direction.MAXIMIZE) -> None:
        self.policy, self.population, self.fate = policy, Population(), random.Random(seed)
        self.direction = direction
        self.asked: list[Proposal] = []

    def ask(self, slots: int = 1) -> list[Proposal]:
        return self.policy.ask(self.population, slots, 100.0)

    def carry_out(self, proposal: Proposal) -> Outcome:
        self.asked.append(proposal)
        candidate = Candidate(self.population.next_id(), proposal.operator, proposal.parents)
        self.population.start(candidate)
        if self.fate.random() < 0.25:
            outcome = Outcome(candidate, CandidateState.FAILED, reason="it broke")
        else:
            value = round(self.fate.random(), 3)
            score = Score("auc", self.direction, "validation", value, noise=0.01)
            outcome = Outcome(candidate, CandidateState.FINISHED, score)
        self.population.tell(outcome)
        self.policy.tell(outcome)
        return outcome

    def run(self, steps: int) -> Search:
        for _ in range(steps):
            for proposal in self.ask():
                self.carry_out(proposal)
        return self


@pytest.mark.parametrize("seed", range(3))
def test_never_more_than_the_free_slots_and_never_nothing(make, seed):
    search = Search(make(seed), seed)
    for _ in range(30):
        for slots in range(4):
            assert len(search.ask(slots)) <= slots
        proposals = search.ask(2)
        assert proposals
        for proposal in proposals:
            search.carry_out(proposal)


@pytest.mark.parametrize("seed", range(3))
def test_parents_are_what_their_operator_needs(make, seed):
    search = Search(make(seed), seed)
    for _ in range(60):
        (proposal,) = search.ask()
        states = [search.population[name].state for name in proposal.parents]
        kinds = [search.population[name].candidate.operator for name in proposal.parents]
        needed = {"draft": 0, "improve": 1, "debug": 1, "crossover": 2}
        assert len(set(proposal.parents)) == len(proposal.parents)
        assert "ensemble" not in kinds
        if proposal.operator == "ensemble":
            assert len(proposal.parents) >= 2
        else:
            assert len(proposal.parents) == needed[proposal.operator]
        expected = CandidateState.FAILED if proposal.operator == "debug" else CandidateState.FINISHED
        assert all(state is expected for state in states)
        search.carry_out(proposal)


def test_what_runs_is_not_asked_for_again(make):
    """A repair or an ensemble under way is not proposed a second time."""
    search = Search(make(1), 1).run(12)
    for _ in range(10):
        (proposal,) = search.ask()
        search.population.start(Candidate(search.population.next_id(), proposal.operator, proposal.parents))
        repeats = [p for p in search.ask(3) if p.operator in ("debug", "ensemble")]
        assert proposal not in repeats


def test_what_was_declined_is_not_proposed_again_and_asking_comes_to_an_end(make):
    search = Search(make(2), 2).run(10)
    seen: set[Proposal] = set()
    while proposals := search.ask():
        assert proposals[0] not in seen
        seen.add(proposals[0])
        search.policy.declined(proposals[0])
    assert seen
    assert search.ask(4) == []


def test_the_same_seed_and_outcomes_give_the_same_search(make):
    assert Search(make(7), 7).run(40).asked == Search(make(7), 7).run(40).asked


@pytest.mark.parametrize("direction", Direction)
def test_better_candidates_have_more_children(make, direction):
    """In either direction; by lot, so over many searches."""
    better, worse = 0, 0
    for seed in range(12):
        search = Search(make(seed), seed, direction).run(40)
        finished = [o for o in search.population.finished if o.candidate.operator != "ensemble"]
        ranked = sorted(finished, key=lambda o: o.score.value, reverse=direction is Direction.MAXIMIZE)
        half = len(ranked) // 2
        children = [
            sum(o.candidate.id in p.parents for p in search.asked if p.operator != "ensemble") for o in ranked
        ]
        better += sum(children[:half])
        worse += sum(children[-half:])
    assert better > 1.3 * worse
