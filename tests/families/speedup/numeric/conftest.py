"""Probing a small program in this process, and applying to it all that the numeric transformations offer."""

import ast
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from medalist.families.speedup.optimiser.instrument import RECORDER, Instrumenter
from medalist.families.speedup.optimiser.numeric import TRANSFORMATIONS
from medalist.families.speedup.optimiser.recording import Recorder
from medalist.families.speedup.optimiser.transformation import Edit, Program, Transformation

_MOST_ROUNDS = 8


def loaded(text: str, **given: Any) -> ModuleType:
    """The program as a module."""
    module = ModuleType("program")
    module.__dict__.update(given)
    exec(compile(text, "program.py", "exec"), module.__dict__)
    return module


def probed(text: str, arguments: Iterable[Any]) -> Program:
    """The program with what one run of it shows."""
    instrumenter = Instrumenter()
    tree = instrumenter.instrument(ast.parse(text))
    recorder = Recorder(instrumenter.functions, instrumenter.loops)
    module = ModuleType("program")
    module.__dict__[RECORDER] = recorder
    exec(compile(tree, "program.py", "exec"), module.__dict__)
    module.run(*arguments)
    return Program(text, "run", recorder.facts())


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Fails unless the answers agree to 1e-6, or to a few roundings of their own precision."""
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert type(found[name]) is type(value) or np.isscalar(value), name
        single = getattr(value, "dtype", None) == np.float32
        rounding = 4 * np.finfo(np.float32).eps * np.abs(value).max(initial=0) if single else 1e-9
        np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=rounding, err_msg=name)


@pytest.fixture
def optimised() -> Callable[..., tuple[str, list[Edit]]]:
    """Applies edit after edit, and holds each one's answers against the original's; the last text and what was done."""

    def work(
        text: str,
        arguments: Callable[[], tuple[Any, ...]],
        offered: tuple[Transformation, ...] = TRANSFORMATIONS,
    ) -> tuple[str, list[Edit]]:
        wanted = loaded(text).run(*arguments())
        done: list[Edit] = []
        for _ in range(_MOST_ROUNDS):
            program = probed(text, arguments())
            edit = next((edit for each in offered for edit in each.edits(program) if edit.text != text), None)
            if edit is None:
                break
            same(loaded(edit.text).run(*arguments()), wanted)
            text = edit.text
            done.append(edit)
        return text, done

    return work


__all__ = ["loaded", "probed", "same", "sys"]
