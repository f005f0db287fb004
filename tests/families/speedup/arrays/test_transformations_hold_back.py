"""Transformations meet programs they do not fit: they offer nothing, or Python; they never raise and know no names."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from edited_programs import answer, assert_equal, edits_of, seen

import medalist.families.speedup.tasks as tasks
from medalist.families.speedup.optimiser.arrays import TRANSFORMATIONS as ARRAYS
from medalist.families.speedup.optimiser.arrays.stacking import StackedLoops
from medalist.families.speedup.optimiser.facts import Facts, FunctionFacts, Kind, LoopFacts
from medalist.families.speedup.optimiser.plain import TRANSFORMATIONS as PLAIN
from medalist.families.speedup.optimiser.transformation import Program, Transformation

ALL: tuple[Transformation, ...] = (*ARRAYS, *PLAIN)
PROGRAM = Path(next(iter(tasks.__path__))) / "complex" / "program.py"

KINDS = (
    Kind("array", "float64", 3, (9, 8, 7)),
    Kind("array", "float64", 1, (None,)),
    Kind("list", "", 1, (5,), items=(Kind("str"),)),
    Kind("object", type_name="pandas.DataFrame"),
    Kind("int"),
    Kind("str"),
)


def _facts(text: str, kind: Kind) -> Facts:
    """Facts that say the same kind of every name: mostly wrong, as a changed program's would be."""
    tree = ast.parse(text)
    names = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)} | {
        one.arg for one in ast.walk(tree) if isinstance(one, ast.arg)
    }
    kinds = dict.fromkeys(names, kind)
    functions: dict[str, FunctionFacts] = {}
    loops: list[LoopFacts] = []
    for owner in [tree, *(one for one in tree.body if isinstance(one, ast.ClassDef))]:
        for function in owner.body:
            if isinstance(function, ast.FunctionDef):
                name = f"{owner.name}.{function.name}" if isinstance(owner, ast.ClassDef) else function.name
                functions[name] = FunctionFacts(name, 99, 1.0, 1.0, kinds, kind, kinds)
                for one in ast.walk(function):
                    if isinstance(one, ast.For | ast.While):
                        loops.append(LoopFacts(name, one.lineno, 1.0, 50, kinds, kinds))
    return Facts(2.0, functions, tuple(loops))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type_name or f"{kind.group}{kind.ndim}")
def test_wrong_facts_give_python_or_nothing(kind: Kind) -> None:
    sources = [
        PROGRAM,
        *sorted(Path(__file__).parent.glob("*.py")),
        *sorted(Path(ast.__file__).parent.glob("s*e.py"))[:4],
    ]
    for source in sources:
        text = source.read_text()
        program = Program(text, "run", _facts(text, kind))
        for transformation in ALL:
            for edit in transformation.edits(program):
                ast.parse(edit.text)
                assert edit.text != text
                assert edit.title
                assert edit.reason


@pytest.mark.parametrize(
    "text", ["", "def run(:", "x = 1\n", "def run():\n    for i in range(3): pass\n", "\x00"]
)
def test_odd_texts_give_nothing(text: str) -> None:
    facts = Facts(1.0, {"run": FunctionFacts("run", 1, 1.0, 1.0)}, (LoopFacts("run", 2, 1.0, 1),))
    for transformation in ALL:
        assert list(transformation.edits(Program(text, "run", facts))) == []


def _features(text: str) -> str:
    """The task's program, asked for features without the network."""
    return text + (
        "\n\ndef features_of(images):\n"
        "    extractor = ComplexFeatureExtractor()\n"
        "    return extractor.extract(images)\n"
    )


def test_the_task_program_is_lifted_alike_under_other_names_and_in_another_order() -> None:
    text = PROGRAM.read_text()
    renamed = text
    for number, old in enumerate(
        ("statistics", "gradient_features", "spectrum_features", "images", "image", "row")
    ):
        renamed = renamed.replace(old, f"q{number}x")
    lines = renamed.splitlines(keepends=True)
    begin = next(k for k, line in enumerate(lines) if "def q0x" in line)
    end = next(
        k
        for k, line in enumerate(lines)
        if "def q3x_gradients" in line or ("q4x_gradients" in line and "def" in line)
    )
    moved = [*lines[:begin], *lines[end:]]
    place = next(k for k, line in enumerate(moved) if "def custom_normalize" in line)
    renamed = "".join([*moved[:place], *lines[begin:end], *moved[place:]])
    images = np.random.default_rng(5).random((20, 28, 28)).astype(np.float32)
    for variant in (_features(text), _features(renamed)):
        edits = [
            edit
            for edit in edits_of(StackedLoops(), variant, [images], "features_of")
            if "extract" in edit.title
        ]
        assert len(edits) == 1
        assert "_of_all" in edits[0].text
        expected = answer(variant, [images], "features_of")
        assert_equal(expected, answer(edits[0].text, [images], "features_of"))
        assert seen(edits[0].text, [images], "features_of").functions
