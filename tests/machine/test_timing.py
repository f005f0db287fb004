"""The estimator's properties, and that whoever is not called stands still."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medalist.machine.timing import Measured, Plan, Sample, interleave, lower_quartile, ratio

TIMES = st.lists(st.floats(0.01, 100.0), min_size=1, max_size=40)


def measured(baseline, candidate):
    """Samples whose wall and CPU time are the same."""
    return Measured(tuple(Sample(t, t) for t in baseline), tuple(Sample(t, t) for t in candidate))


@given(TIMES)
def test_the_quartile_is_numpys(values):
    assert math.isclose(lower_quartile(values), float(np.percentile(values, 25)), rel_tol=1e-12)


def test_no_value_has_no_quartile():
    with pytest.raises(ValueError, match="no value"):
        lower_quartile([])


@given(TIMES)
def test_a_program_is_once_as_fast_as_itself(values):
    found = ratio(measured(values, values))
    assert (found.value, found.noise, found.agrees) == (1.0, 1.0, True)
    assert found.low <= 1.0 <= found.high


@given(TIMES, st.floats(0.1, 50.0))
def test_the_ratio_scales_with_the_candidate_and_with_the_factor(values, times):
    faster = ratio(measured(values, [value / times for value in values]))
    longer = ratio(measured(values, values), wall_factor=times, cpu_factor=times)
    assert faster.value == pytest.approx(times)
    assert longer.value == pytest.approx(times)


@given(TIMES)
def test_the_interval_holds_the_value_and_comes_out_the_same_again(values):
    candidate = [value * (1.0 + 0.1 * (number % 3)) for number, value in enumerate(values)]
    found = ratio(measured(values, candidate))
    assert found.low <= found.value <= found.high
    assert found == ratio(measured(values, candidate))


def test_calls_that_were_disturbed_do_not_count():
    quiet = [1.0] * 20
    disturbed = [1.0 if number % 2 else 9.0 for number in range(20)]
    assert ratio(measured(quiet, disturbed)).value == 1.0


def test_few_calls_give_a_wide_interval():
    few, many = ratio(measured([1.0] * 2, [1.0] * 2)), ratio(measured([1.0] * 20, [1.0] * 20))
    assert few.high - few.low > many.high - many.low


@pytest.mark.parametrize(("wall", "cpu"), [(0.1, 0.5), (0.5, 0.1)], ids=["work on other cores", "waiting"])
def test_the_clock_that_favours_the_candidate_less_decides(wall, cpu):
    baseline, candidate = (Sample(1.0, 1.0),) * 8, (Sample(wall, cpu),) * 8
    found = ratio(Measured(baseline, candidate))
    assert found.value == pytest.approx(2.0)
    assert not found.agrees


class Recorder:
    """A caller that writes down what is done to it."""

    def __init__(self, name, diary):
        self.name, self.diary = name, diary

    def call(self, number):
        self.diary.append((self.name, number))
        return Sample(1.0, 1.0)

    def freeze(self):
        self.diary.append((self.name, "frozen"))

    def thaw(self):
        self.diary.append((self.name, "thawed"))


def test_callers_take_turns_in_turned_order_and_the_idle_one_is_frozen():
    diary = []
    found = interleave(Recorder("a", diary), Recorder("b", diary), Plan(seconds=60.0, most_pairs=4), first=2)
    assert found.pairs == 4
    thawed = set()
    for name, what in diary:
        if what == "thawed":
            thawed.add(name)
        elif what == "frozen":
            thawed.discard(name)
        else:
            assert thawed == {name}
    calls = [(name, what) for name, what in diary if isinstance(what, int)]
    assert calls == [("a", 2), ("b", 2), ("b", 3), ("a", 3), ("a", 4), ("b", 4), ("b", 5), ("a", 5)]


def test_a_plan_keeps_its_bounds():
    def pairs(**plan):
        return interleave(Recorder("a", []), Recorder("b", []), Plan(**plan)).pairs

    assert pairs(seconds=0.0, least_pairs=5) == 5
    assert pairs(seconds=60.0, least_pairs=1, most_pairs=7) == 7


def test_a_caller_that_fails_is_left_frozen():
    diary = []

    class Failing(Recorder):
        def call(self, number):
            raise RuntimeError("refused")

    with pytest.raises(RuntimeError):
        interleave(Recorder("a", diary), Failing("b", diary), Plan())
    assert diary[-1] == ("b", "frozen")
