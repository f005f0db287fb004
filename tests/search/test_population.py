"""The population is a fold over outcomes."""

from __future__ import annotations

import pytest

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Direction, Score
from medalist.search.population import Population


def finished(name: str, value: float, *, direction=Direction.MAXIMIZE, operator="draft", parents=()):
    score = Score("accuracy", direction, "validation", value)
    return Outcome(Candidate(name, operator, parents), CandidateState.FINISHED, score)


def failed(name: str, *, operator="draft", parents=()):
    return Outcome(Candidate(name, operator, parents), CandidateState.FAILED, reason="it broke")


def test_same_outcomes_give_the_same_population():
    told = [finished("c01", 0.7), failed("c02"), finished("c03", 0.8, operator="improve", parents=("c01",))]
    assert Population(told).outcomes == Population(Population(told).outcomes).outcomes


@pytest.mark.parametrize(("direction", "best"), [(Direction.MAXIMIZE, "c02"), (Direction.MINIMIZE, "c01")])
def test_best_follows_the_direction(direction, best):
    population = Population(
        [finished("c01", 0.7, direction=direction), finished("c02", 0.8, direction=direction)]
    )
    assert population.best is not None
    assert population.best.candidate.id == best


def test_a_failure_is_never_best_and_never_a_number():
    population = Population([failed("c01")])
    assert population.best is None
    assert population.finished == ()


def test_a_sealed_fate_cannot_change():
    population = Population([failed("c01")])
    with pytest.raises(ValueError, match="c01"):
        population.tell(finished("c01", 0.9))


def test_running_candidates_end_once():
    population = Population()
    population.start(Candidate("c01", "draft"))
    assert [o.candidate.id for o in population.running] == ["c01"]
    population.tell(finished("c01", 0.5))
    assert population.running == ()
    assert len(population) == 1


def test_ids_are_never_used_twice():
    population = Population([finished("c02", 0.5), failed("c01")])
    population.start(Candidate(population.next_id(), "draft"))
    assert population.next_id() not in population


def test_children_are_found_through_any_parent():
    population = Population([finished("c01", 0.5), finished("c02", 0.5, parents=("c00", "c01"))])
    assert [o.candidate.id for o in population.children("c01")] == ["c02"]
