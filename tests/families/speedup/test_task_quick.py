"""The small built-in task holds together: its oracle is its program's function, its inputs follow from their seed."""

import numpy as np
import pytest

from medalist.families.speedup.contract import Function, find_task
from medalist.families.speedup.judging import check_equal
from medalist.families.speedup.refusals import Refused

CONTRACT = find_task("quick")


@pytest.mark.parametrize("seed", [1, 2**100])
def test_the_oracle_is_the_same_function_as_the_program(seed):
    assert CONTRACT.oracle
    inputs = CONTRACT.inputs.load()(seed, size=101)
    program = Function(CONTRACT.program, CONTRACT.entry).load()
    check_equal(CONTRACT.oracle.load()(**inputs), program(**inputs), CONTRACT)


def test_another_normalisation_is_another_function():
    inputs = CONTRACT.inputs.load()(3, size=50)
    answer = Function(CONTRACT.program, CONTRACT.entry).load()(**inputs)
    scaled = {**answer, "features": answer["features"] / answer["features"].std(axis=0)}
    with pytest.raises(Refused, match="features is off"):
        check_equal(scaled, answer, CONTRACT)


def test_it_learns():
    assert CONTRACT.oracle
    losses = [CONTRACT.oracle.load()(**CONTRACT.inputs.load()(seed))["losses"] for seed in range(20)]
    assert all(each[-1] < 0.5 * each[0] for each in losses)
    assert all(np.isfinite(each).all() for each in losses)
