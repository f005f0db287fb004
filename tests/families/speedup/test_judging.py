"""Equality and quality, on arrays alone; and that no bytes whatever do more to the judge than be refused."""

import contextlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speedup_grading import TOY

from medalist.families.speedup.contract import read_contract
from medalist.families.speedup.judging import accuracy, check_equal, judge_quality, read_answer
from medalist.families.speedup.refusals import Reason, Refused
from medalist.families.speedup.worker import as_arguments, pack, unpack

CONTRACT = read_contract(TOY)
QUALITY = CONTRACT.quality
TRUTH = {
    "features": np.arange(1.0, 7.0).reshape(2, 3),
    "losses": np.array([3.0, 2.0, 1.0]),
    "weights": np.array([0.5, 0.0]),
}


def refusal(answer, truth=TRUTH):
    with pytest.raises(Refused) as caught:
        check_equal(answer, truth, CONTRACT)
    return caught.value


def test_arrays_and_numbers_arrive_as_they_were_sent():
    given = {
        "table": np.arange(6, dtype=np.int16).reshape(2, 3).T,
        "flags": np.array([True, False]),
        "nothing": np.empty((0, 4), np.float32),
        "seed": 12345678901,
        "rate": 0.25,
    }
    found = as_arguments(unpack(pack(given)))
    assert list(found) == list(given)
    for name in ("table", "flags", "nothing"):
        assert found[name].dtype == given[name].dtype
        np.testing.assert_array_equal(found[name], given[name])
        assert found[name].flags.writeable
    assert (found["seed"], found["rate"]) == (12345678901, 0.25)
    assert isinstance(found["seed"], int)


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(data):
    with contextlib.suppress(Refused):
        read_answer(data, CONTRACT)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_nor_do_answers_with_a_few_bytes_changed(place, noise):
    data = bytearray(pack(TRUTH))
    data[place : place + len(noise)] = noise
    with contextlib.suppress(Refused):
        read_answer(bytes(data), CONTRACT)


def test_a_size_that_is_not_there_is_not_made_room_for():
    head = json.dumps([["features", "<f8", [10**12]]]).encode()
    with pytest.raises(Refused) as caught:
        read_answer(len(head).to_bytes(4, "big") + head, CONTRACT)
    assert caught.value.reason is Reason.BAD_ANSWER


def test_objects_are_no_arrays():
    with pytest.raises(ValueError, match="no array of numbers"):
        pack({"features": np.array([print], object)})


def test_what_is_not_asked_for_is_ignored_and_may_hold_anything():
    assert list(read_answer(pack({**TRUTH, "speedup": np.array([np.nan])}), CONTRACT)) == list(TRUTH)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_before_all_else(value):
    with pytest.raises(Refused) as caught:
        read_answer(pack({"features": np.array([[value]])}), CONTRACT)
    assert caught.value.reason is Reason.NOT_FINITE


@given(st.floats(-1.0, 1.0))
def test_within_tolerance_is_equal_and_beyond_is_not(share):
    inside = {**TRUTH, "features": TRUTH["features"] * (1 + 0.99e-6 * share)}
    check_equal(inside, TRUTH, CONTRACT)
    beyond = {**TRUTH, "features": TRUTH["features"] * (1 + 1.01e-6 * (np.sign(share) or 1.0))}
    assert refusal(beyond).reason is Reason.OTHER_FUNCTION


def test_the_first_array_that_is_off_is_named_with_how_far():
    answer = {**TRUTH, "features": TRUTH["features"] + 0.5, "weights": TRUTH["weights"] + 9.0}
    found = refusal(answer)
    assert found.what.startswith("features is off by 0.5 at a value of 1,")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"losses": np.array([3.0, 2.0])}, Reason.DID_NOT_TRAIN),
        ({"losses": np.full(3, 2.0)}, Reason.DID_NOT_TRAIN),
        ({"features": np.zeros((3, 2))}, Reason.OTHER_FUNCTION),
        ({"weights": np.array([0.5, 1e-3])}, Reason.OTHER_FUNCTION),
    ],
)
def test_each_difference_has_its_reason(change, reason):
    assert refusal({**TRUTH, **change}).reason is reason


def test_a_missing_array_is_named():
    found = refusal({"features": TRUTH["features"]})
    assert (found.reason, found.what) == (Reason.BAD_ANSWER, "The answer lacks losses.")


def test_accuracy_counts_rows_whose_largest_score_is_the_class():
    scores = {"scores": np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])}
    assert accuracy(scores, {"labels": np.array([0, 1, 1])}, QUALITY) == pytest.approx(2 / 3)
    with pytest.raises(Refused):
        accuracy({"scores": np.zeros((2, 2))}, {"labels": np.array([0, 1, 1])}, QUALITY)


REFERENCE = [0.90, 0.91, 0.89, 0.90, 0.92]


def test_as_good_as_the_reference_is_good_enough():
    learned = judge_quality(REFERENCE, REFERENCE, QUALITY)
    assert (learned.accuracy, learned.draws) == (pytest.approx(0.904), 5)


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ([0.7] * 5, Reason.DID_NOT_TRAIN),
        ([value - 0.06 for value in REFERENCE], Reason.LEARNED_LESS),
        ([0.99, 0.80, 0.99, 0.80, 0.92], Reason.LEARNED_LESS),
    ],
    ids=["chance", "too low", "too uncertain"],
)
def test_less_is_refused(own, reason):
    quality = replace(QUALITY, loss=0.05)
    with pytest.raises(Refused) as caught:
        judge_quality(own, REFERENCE, quality)
    assert caught.value.reason is reason
