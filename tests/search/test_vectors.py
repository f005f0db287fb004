"""Selection on several cases keeps who alone is good at one; islands lose nobody but those replaced."""

import random

import pytest

from medalist.search.islands import deal, migrate
from medalist.search.vectors import complement, elite, lexicase, tournament

GENERALIST, SPECIALIST, POOR = (0.8, 0.8, 0.0), (0.0, 0.0, 1.0), (0.1, 0.1, 0.1)
ROWS = [GENERALIST, SPECIALIST, POOR]


def test_lexicase_chooses_specialists_and_never_the_dominated():
    rng = random.Random(1)
    chosen = [lexicase(ROWS, rng) for _ in range(200)]
    assert set(chosen) == {0, 1}
    assert 0.2 < chosen.count(1) / 200 < 0.5


def test_with_slack_what_is_nearly_best_is_best():
    rng = random.Random(1)
    assert {lexicase([(1.0,), (0.95,), (0.5,)], rng, slack=0.1) for _ in range(50)} == {0, 1}


def test_a_tournament_prefers_the_larger_sum():
    rng = random.Random(1)
    chosen = [tournament(ROWS, rng, size=3) for _ in range(200)]
    assert chosen.count(0) > chosen.count(1) > chosen.count(2)


def test_the_elite_holds_the_best_of_every_case_before_the_second_best_of_all():
    rows = [GENERALIST, (0.8, 0.7, 0.0), SPECIALIST]
    assert elite(rows, 2) == [0, 2]
    assert elite(rows, 9) == [0, 2, 1]
    assert elite([], 3) == []


def test_a_partner_is_good_where_the_first_is_not():
    rng = random.Random(1)
    chosen = [complement(ROWS, 0, rng) for _ in range(100)]
    assert chosen.count(1) > chosen.count(2) > 0
    assert complement([GENERALIST], 0, rng) == 0


@pytest.mark.parametrize("choose", [lexicase, tournament])
def test_nothing_to_select_from_is_an_error(choose):
    with pytest.raises(ValueError):
        choose([], random.Random(0))


def test_migration_keeps_sizes_and_spreads_the_best_around_the_ring():
    groups = deal([9, 1, 2, 3, 4, 5, 6], 3)
    assert sorted(each for group in groups for each in group) == [1, 2, 3, 4, 5, 6, 9]
    moved = migrate(groups, float, 1)
    assert [len(group) for group in moved] == [len(group) for group in groups]
    assert [9 in group for group in moved] == [True, True, False]
    assert migrate([[1, 2]], float, 1) == [[1, 2]]
