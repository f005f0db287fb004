"""Tree search by ask and tell: drafts, repairs, improvements, ensembles, in that spirit."""

from __future__ import annotations

import random

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Direction, Score
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.search.tree import TreeSearch, TreeSettings


class Attempt:
    """A search carried out on paper: proposals become outcomes as the test says."""

    def __init__(self, **settings) -> None:
        self.policy = TreeSearch(TreeSettings(**settings), random.Random(0))
        self.population = Population()

    def ask(self, slots: int = 1, remaining: float = 100.0) -> list[Proposal]:
        return self.policy.ask(self.population, slots, remaining)

    def start(self, proposal: Proposal) -> Candidate:
        candidate = Candidate(self.population.next_id(), proposal.operator, proposal.parents)
        self.population.start(candidate)
        return candidate

    def end(self, candidate: Candidate, value: float | None) -> None:
        if value is None:
            outcome = Outcome(candidate, CandidateState.FAILED, reason="it broke")
        else:
            score = Score("auc", Direction.MAXIMIZE, "validation", value, noise=0.01)
            outcome = Outcome(candidate, CandidateState.FINISHED, score)
        self.population.tell(outcome)
        self.policy.tell(outcome)


def test_drafts_come_first_and_fill_all_slots():
    attempt = Attempt(drafts=3)
    assert attempt.ask(slots=2) == [Proposal("draft"), Proposal("draft")]


def test_never_more_proposals_than_slots():
    attempt = Attempt(drafts=2)
    for value in (0.5, 0.6, None, 0.7):
        attempt.end(attempt.start(attempt.ask()[0]), value)
        for slots in range(5):
            assert len(attempt.ask(slots)) <= slots


def test_improving_follows_drafting_and_names_a_finished_parent():
    attempt = Attempt(drafts=1)
    attempt.end(attempt.start(attempt.ask()[0]), 0.7)
    assert attempt.ask() == [Proposal("improve", ("c01",))]


def test_a_failure_is_debugged_a_limited_number_of_times():
    attempt = Attempt(drafts=1, debug_depth=2)
    attempt.end(attempt.start(attempt.ask()[0]), None)
    repairs = 0
    while (proposal := attempt.ask()[0]).operator == "debug":
        repairs += 1
        attempt.end(attempt.start(proposal), None)
    assert repairs == 2


def test_a_declined_repair_is_not_asked_again():
    attempt = Attempt(drafts=1)
    attempt.end(attempt.start(attempt.ask()[0]), None)
    (proposal,) = attempt.ask()
    attempt.policy.declined(proposal)
    assert attempt.ask() == [Proposal("draft")]


def test_nothing_is_proposed_when_the_family_has_nothing_left():
    attempt = Attempt(drafts=2)
    attempt.end(attempt.start(attempt.ask()[0]), 0.7)
    while proposals := attempt.ask():
        attempt.policy.declined(proposals[0])
    assert attempt.ask(slots=4) == []


def test_ensembles_come_when_enough_is_new_one_at_a_time_and_from_singles_only():
    attempt = Attempt(drafts=10, ensemble_every=2)
    for value in (0.6, 0.7):
        attempt.end(attempt.start(attempt.ask()[0]), value)
    first, then = attempt.ask(slots=2)
    assert first == Proposal("ensemble", ("c01", "c02"))
    assert then == Proposal("draft")
    ensemble = attempt.start(first)
    for value in (0.6, 0.7):
        attempt.end(attempt.start(Proposal("draft")), value)
    assert attempt.ask() == [Proposal("draft")], "one is under way"
    attempt.end(ensemble, 0.8)
    assert attempt.ask() == [Proposal("ensemble", ("c01", "c02", "c04", "c05"))]


def test_nothing_begins_with_too_little_time_left():
    assert Attempt(minimum_seconds=5.0).ask(slots=2, remaining=4.0) == []


def test_the_same_seed_and_outcomes_give_the_same_search():
    def play() -> list[Proposal]:
        attempt, asked = Attempt(drafts=2, ensemble_every=3), []
        for step in range(20):
            proposal = attempt.ask()[0]
            asked.append(proposal)
            attempt.end(attempt.start(proposal), None if step % 5 == 3 else 0.5 + 0.01 * step)
        return asked

    assert play() == play()
