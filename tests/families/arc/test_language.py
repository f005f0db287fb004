"""Grids are read or refused with a sentence; programs are values that print, travel as JSON and run."""

import json

import numpy as np
import pytest

from medalist.core.errors import InputError
from medalist.families.arc.grids.cells import read_grid
from medalist.families.arc.grids.kernels import _label, components
from medalist.families.arc.language.program import INPUT, Program, call


@pytest.mark.parametrize(
    "rows", [[], [[]], [[1], [1, 2]], [[10]], [[-1]], [[True]], [[1.0]], "no", [1], [[0] * 31], [[0]] * 31]
)
def test_what_is_no_grid_is_refused_with_a_sentence(rows):
    with pytest.raises(InputError) as told:
        read_grid(rows, "task.json: pair 1")
    assert "task.json" in str(told.value)


def test_a_program_comes_back_from_json_as_the_same_value():
    program = call("outer", call("inner", INPUT, colour=3), INPUT, table=((1, 2), ("a", None)))
    assert Program.from_json(json.loads(json.dumps(program.as_json()))) == program
    assert str(program) == "outer(inner(input, colour=3), input, table=((1, 2), ('a', None)))"


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("by_colour", [False, True])
@pytest.mark.parametrize("background", [-1, 0])
def test_the_compiled_labels_are_the_plain_ones(diagonal, by_colour, background):
    cells = np.random.default_rng(1).integers(0, 3, (17, 23)).astype(np.int8)
    assert (
        components(cells, background, diagonal, by_colour) == _label(cells, background, diagonal, by_colour)
    ).all()
