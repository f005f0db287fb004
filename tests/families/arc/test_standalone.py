"""A stand-alone file gives what its program gives, in an interpreter that has NumPy and none of this package."""

import builtins
import dis
import itertools
import json
import subprocess
import sys
import types

import numpy as np

from medalist.families.arc.language.operator import Kind, operators
from medalist.families.arc.language.program import CANNOT, INPUT, Program, call
from medalist.families.arc.standalone import in_words, stand_alone

DRIVER = """
import json, runpy, sys
for line in sys.stdin:
    file, grids = json.loads(line)
    solve = runpy.run_path(file)["solve"]
    print(json.dumps([solve(grid) for grid in grids]))
assert not any(name.split(".")[0] in ("medalist", "numba", "scipy", "sklearn") for name in sys.modules)
"""


def grids():
    drawn = np.random.default_rng(3)
    noise = drawn.integers(0, 3, (9, 9)) * (drawn.random((9, 9)) < 0.4)
    shapes = np.zeros((10, 12), int)
    shapes[1:4, 1:5], shapes[6:9, 2:5], shapes[2, 7], shapes[7:9, 8:11] = 3, 4, 5, 6
    shapes[7, 3] = 0
    panels = np.kron(drawn.integers(0, 2, (2, 3)), np.ones((3, 3), int)) * 2
    panels[0, 0] = panels[4, 5] = 7
    lined = np.full((7, 11), 5)
    for row, column in itertools.product(range(2), range(3)):
        lined[row * 4 : row * 4 + 3, column * 4 : column * 4 + 3] = panels[
            row * 3 : row * 3 + 3, column * 3 : column * 3 + 3
        ]
    return [each.astype(np.int8) for each in (noise, shapes, panels, lined)]


def runs(program: Program, given) -> list:
    found = []
    for grid in given:
        try:
            found.append((grid, program.run(grid)))
        except CANNOT:
            continue
    return found


def one_of_each() -> dict[str, Program]:
    """A program that ends in each operator that can be tried blindly, and runs on at least one of the grids."""
    given, kinds, made = grids(), {Kind.GRID: [INPUT]}, {}
    for _ in range(4):
        for each in operators().values():
            if each.name in made or not each.blind or not all(kind in kinds for kind in each.takes):
                continue
            literals = [
                dict(zip(each.choices, drawn, strict=True))
                for drawn in itertools.product(*each.choices.values())
            ]
            arguments = itertools.product(*(kinds[kind][:3] for kind in each.takes))
            for chosen, literal in itertools.islice(itertools.product(arguments, literals[-12:]), 60):
                program = call(each.name, *chosen, **literal)
                if runs(program, given):
                    made[each.name] = program
                    kinds.setdefault(each.gives, []).append(program)
                    break
    return made


def as_grid(program: Program) -> list[Program]:
    """Programs that give a grid and have ``program`` in them."""
    kind = operators()[program.operator].gives
    if kind is Kind.GRID:
        return [program]
    return [
        call(
            each.name,
            *(program if takes is kind else INPUT for takes in each.takes),
            **{k: v[0] for k, v in each.choices.items()},
        )
        for each in operators().values()
        if each.blind
        and each.gives is Kind.GRID
        and kind in each.takes
        and set(each.takes) <= {kind, Kind.GRID}
    ]


def test_a_file_gives_what_its_program_gives_with_numpy_alone(tmp_path):
    given, asked, expected = grids(), [], []
    for name, program in one_of_each().items():
        for number, whole in enumerate(as_grid(program)[:2]):
            found = [(grid, value) for grid, value in runs(whole, given) if value.ndim == 2]
            if found:
                file = tmp_path / f"{name}_{number}.py"
                file.write_text(stand_alone(whole))
                asked.append(json.dumps([str(file), [grid.tolist() for grid, _ in found]]))
                expected.append([value.tolist() for _, value in found])
    assert len(asked) > 20
    ran = subprocess.run(
        [sys.executable, "-I", "-c", DRIVER],
        input="\n".join(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    for line, outputs in zip(ran.stdout.splitlines(), expected, strict=True):
        assert json.loads(line) == outputs


def unknown_names(code: types.CodeType, known: set[str]) -> set[str]:
    used = {each.argval for each in dis.get_instructions(code) if each.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return (used - known).union(
        *(unknown_names(each, known) for each in code.co_consts if isinstance(each, types.CodeType))
    )


def test_every_operator_brings_along_all_that_it_names():
    for each in operators().values():
        program = call(each.name, *(INPUT for _ in each.takes))
        text = stand_alone(program, "A reason.")
        made = {}
        exec(compile(text, each.name, "exec"), made)
        known = {*made, *dir(builtins), "__name__", "__module__", "__qualname__", "__annotations__"}
        assert not unknown_names(compile(text, each.name, "exec"), known), each.name
        assert "medalist" not in text
        assert text.startswith("# A reason.\n")


def test_long_literals_become_constants_and_shared_parts_are_made_once():
    table = tuple((number, (1.5, float("inf"), "a'b", None, True)) for number in range(30))
    shared = call("turned", INPUT, turn=4)
    program = call("from_roles", shared, call("to_roles", shared, order="most"), fixed=table)
    text = stand_alone(program)
    assert text.count("turned(start") == 1
    made = {}
    exec(text, made)
    assert made["FIXED"] == table
    assert len(in_words(program)) == 3
