"""Rates from few tries: properties that the three estimators must have, and figures from elsewhere."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medalist.runs.pass_rates import pass_all, pass_at, wilson_interval

counts = st.integers(1, 60).flatmap(lambda tries: st.tuples(st.integers(0, tries), st.just(tries)))
draws = counts.flatmap(lambda count: st.tuples(st.just(count), st.integers(1, count[1])))


@given(counts)
def test_the_interval_lies_around_the_rate_and_mirrors_failures(count: tuple[int, int]) -> None:
    passed, tries = count
    low, high = wilson_interval(passed, tries)
    assert 0.0 <= low <= passed / tries <= high <= 1.0
    assert low < high
    mirrored = wilson_interval(tries - passed, tries)
    assert (1 - high, 1 - low) == pytest.approx(mirrored)


@given(counts, st.floats(0.5, 0.98))
def test_more_confidence_and_fewer_tries_widen_it(count: tuple[int, int], confidence: float) -> None:
    passed, tries = count
    low, high = wilson_interval(passed, tries, confidence)
    surer = wilson_interval(passed, tries, confidence + 0.01)
    assert surer[0] <= low
    assert surer[1] >= high
    more = wilson_interval(4 * passed, 4 * tries, confidence)
    assert more[1] - more[0] < high - low


@given(counts)
def test_its_ends_solve_the_equation_they_come_from(count: tuple[int, int]) -> None:
    """Each end is a rate from which what was seen lies exactly 1.96 of its standard errors away."""
    passed, tries = count
    for end in wilson_interval(passed, tries):
        if 0.0 < end < 1.0:
            away = abs(passed / tries - end) / math.sqrt(end * (1 - end) / tries)
            assert away == pytest.approx(1.959964, abs=1e-4)


def test_the_interval_of_seven_in_ten_is_the_one_of_statsmodels() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    for passed, tries in ((7, 10), (2, 10), (0, 10), (10, 10), (1, 1), (31, 64)):
        theirs = proportion.proportion_confint(passed, tries, method="wilson")
        assert wilson_interval(passed, tries) == pytest.approx(theirs, abs=1e-12)


@given(st.integers(1, 8).flatmap(lambda tries: st.tuples(st.integers(0, tries), st.just(tries))))
def test_the_estimators_count_draws(count: tuple[int, int]) -> None:
    """Against the definition: every draw of k of the tries, looked at one by one."""
    passed, tries = count
    outcomes = [True] * passed + [False] * (tries - passed)
    for k in range(1, tries + 1):
        drawn = list(itertools.combinations(outcomes, k))
        assert pass_at(k, passed, tries) == pytest.approx(sum(map(any, drawn)) / len(drawn))
        assert pass_all(k, passed, tries) == pytest.approx(sum(map(all, drawn)) / len(drawn))


@given(draws)
def test_one_of_k_is_likelier_than_each_and_all_of_k_rarer(draw: tuple[tuple[int, int], int]) -> None:
    (passed, tries), k = draw
    rate = passed / tries
    assert pass_at(1, passed, tries) == pytest.approx(rate)
    assert pass_all(1, passed, tries) == pytest.approx(rate)
    assert 0.0 <= pass_all(k, passed, tries) <= rate + 1e-12
    assert rate - 1e-12 <= pass_at(k, passed, tries) <= 1.0
    if k < tries:
        assert pass_at(k + 1, passed, tries) >= pass_at(k, passed, tries)
        assert pass_all(k + 1, passed, tries) <= pass_all(k, passed, tries)


@pytest.mark.parametrize("wrong", [(0, 0), (3, 2), (-1, 2)])
def test_what_cannot_be_is_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        wilson_interval(*wrong)
    with pytest.raises(ValueError):
        pass_at(1, *wrong)


@pytest.mark.parametrize("k", [0, 4])
def test_no_more_tries_are_drawn_than_there_were(k: int) -> None:
    with pytest.raises(ValueError):
        pass_at(k, 1, 3)
    with pytest.raises(ValueError):
        pass_all(k, 1, 3)
