"""Programs that a transformation is tried on, in this process: what is seen of one run, its edits, and their answers."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.instrument import RECORDER, Instrumenter
from medalist.families.speedup.optimiser.recording import Recorder
from medalist.families.speedup.optimiser.transformation import Edit, Program, Transformation


def seen(text: str, inputs: Iterable[Any], entry: str = "run") -> Facts:
    """What is seen of one call of ``entry``."""
    instrumenter = Instrumenter()
    tree = instrumenter.instrument(ast.parse(text))
    recorder = Recorder(instrumenter.functions, instrumenter.loops)
    space: dict[str, Any] = {"__name__": "program", RECORDER: recorder}
    exec(compile(tree, "program", "exec"), space)
    space[entry](*copy.deepcopy(list(inputs)))
    return recorder.facts()


def answer(text: str, inputs: Iterable[Any], entry: str = "run") -> Any:
    """What a program answers."""
    space: dict[str, Any] = {"__name__": "program"}
    exec(compile(text, "program", "exec"), space)
    return space[entry](*copy.deepcopy(list(inputs)))


def edits_of(
    transformation: Transformation, text: str, inputs: Iterable[Any], entry: str = "run"
) -> list[Edit]:
    """All edits that a transformation offers of a program."""
    given = list(inputs)
    return list(transformation.edits(Program(text, entry, seen(text, given, entry))))


def assert_equal(one: Any, other: Any, relative: float = 1e-9) -> None:
    """Two answers are equal up to rounding."""
    if isinstance(one, Mapping):
        assert list(one) == list(other)
        for key in one:
            assert_equal(one[key], other[key], relative)
    elif hasattr(one, "columns"):
        assert list(one.columns) == list(other.columns)
        for name in one.columns:
            assert_equal(list(one[name]), list(other[name]), relative)
    elif isinstance(one, str | bytes | bool | None | set):
        assert one == other
    elif isinstance(one, list | tuple) and any(isinstance(entry, str | tuple | list | dict) for entry in one):
        assert len(one) == len(other)
        for first, second in zip(one, other, strict=True):
            assert_equal(first, second, relative)
    else:
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=relative, atol=1e-12)


def assert_edited_equal(
    transformation: Transformation, text: str, inputs: Iterable[Any], *, least: int = 1
) -> list[Edit]:
    """There are at least ``least`` edits, and every edited program answers as the original does."""
    given = list(inputs)
    edits = edits_of(transformation, text, given)
    assert len(edits) >= least
    expected = answer(text, given)
    for edit in edits:
        assert_equal(expected, answer(edit.text, given))
    return edits
