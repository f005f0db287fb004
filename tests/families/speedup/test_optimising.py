"""The optimiser's search on a real program: what is equal and faster stays, all else goes, and the rest is said."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from program_probe import ANY_ARRAY, PlainBench

from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.laboratory import Laboratory
from medalist.families.speedup.optimiser.optimising import Optimising, Result
from medalist.families.speedup.optimiser.probing import Probing
from medalist.families.speedup.optimiser.proposals import propose
from medalist.families.speedup.optimiser.report import report_of
from medalist.families.speedup.optimiser.requests import Proposals, Source
from medalist.families.speedup.optimiser.search import Teller
from medalist.families.speedup.optimiser.transformation import Edit, Program

MAKER = """
import numpy as np

def make_inputs(seed, size=200):
    return {"values": np.random.default_rng(seed).standard_normal(size)}
"""

PROGRAM = '''
import numpy as np


def sums(values):
    """Running sums, the slow way."""
    result = []
    for last in range(len(values)):
        total = 0.0
        for value in values[: last + 1]:
            total += value
        result.append(total)
    return np.array(result)


def largest(values):
    """The distance of each to the furthest."""
    result = []
    for value in values:
        furthest = 0.0
        for other in values:
            furthest = max(furthest, abs(value - other))
        result.append(furthest)
    return np.array(result)


def run(values):
    return {"sums": sums(values), "largest": largest(values)}
'''

SLOW_SUMS = PROGRAM[PROGRAM.index("    result = []") : PROGRAM.index("    return np.array(result)")]
SLOW_LARGEST = PROGRAM[PROGRAM.rindex("    result = []") : PROGRAM.rindex("    return np.array(result)")]
BY_ROWS = "    result = [max(np.abs(values - value)) for value in values]\n"


@dataclass
class Replaces:
    """Offers a text with one passage replaced."""

    name: str
    passage: str
    replacement: str
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterable[Edit]:
        if self.passage in program.text:
            text = program.text.replace(self.passage, self.replacement, 1)
            yield Edit(self.name, f"{self.name} in place", "It is the same.", text, program.facts.seconds / 2)


@dataclass
class Breaks:
    """Fails, as no transformation should."""

    name: str = "broken"
    needs: tuple[str, ...] = ()

    def edits(self, program: Program) -> Iterator[Edit]:
        raise ValueError("not a program for me")


CUMULATIVE = Replaces("cumulative sum", SLOW_SUMS, "    result = np.cumsum(values)\n")
ROWS = Replaces("rows", SLOW_LARGEST, BY_ROWS)
ENDS = Replaces(
    "ends", SLOW_LARGEST, "    result = np.maximum(values.max() - values, values - values.min())\n"
)
WRONG = Replaces("wrong", SLOW_LARGEST, "    result = values.max() - values\n")
USELESS = Replaces("useless", "    return {", "    again = values.copy()\n    values = again\n    return {")
CRASHES = Replaces("crashes", "    return {", "    values.nothing()\n    return {")


class OwnLaboratory(Laboratory):
    """Asks the transformations of a test."""

    offered: tuple = ()

    def edits(self, text: str, facts: Facts) -> Proposals:
        return propose(Program(text, "run", facts), self.offered)


@dataclass
class Told:
    said: list[str] = field(default_factory=list)
    tried: dict[str, str] = field(default_factory=dict)

    @property
    def teller(self) -> Teller:
        return Teller(
            self.said.append, lambda edit, reason, gain: self.tried.__setitem__(edit.transformation, reason)
        )


def optimise(
    folder: Path, *offered: object, program: str = PROGRAM, maker: str = MAKER
) -> tuple[Result, Told]:
    bench = PlainBench(folder)
    bench.write("inputs.py", maker)
    source = Source("run", "inputs.py", "make_inputs", ANY_ARRAY, "answers")
    laboratory = OwnLaboratory(Probing(bench, "optimiser"), source, program)
    laboratory.offered = offered
    told = Told()
    return Optimising(laboratory, told.teller, seed=1, remaining=lambda: 600.0).work(), told


def test_what_is_equal_and_faster_stays_and_what_is_not_is_told(tmp_path: Path) -> None:
    result, told = optimise(tmp_path, CUMULATIVE, WRONG, USELESS, CRASHES, Breaks())
    assert "np.cumsum" in result.text
    assert [step.edit.transformation for step in result.steps] == ["cumulative sum"]
    assert told.tried["cumulative sum"] == ""
    assert told.tried["wrong"].startswith("not equal: largest is off by")
    assert told.tried["useless"].startswith("not faster")
    assert told.tried["crashes"].startswith("does not run: AttributeError")
    assert result.failures == {"broken": "ValueError: not a program for me"}
    assert result.proof is not None
    assert max(result.proof.excess.values()) <= 1
    report = report_of(result)
    assert "## 1. Cumulative sum in place" in report
    assert "not a program for me" in report


def test_of_two_ways_to_do_one_thing_the_faster_stays_beside_other_edits(tmp_path: Path) -> None:
    result, told = optimise(tmp_path, ROWS, ENDS, CUMULATIVE)
    assert "np.maximum(values.max()" in result.text, told.tried
    assert "np.cumsum" in result.text, told.tried
    assert {step.edit.transformation for step in result.steps} == {"ends", "cumulative sum"}


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        (PROGRAM, "Nothing was found"),
        (PROGRAM.replace("sums(values),", "sum(values),"), "Nothing was found"),
        (
            PROGRAM.replace("def run(values)", "def run(value)"),
            "cannot be run on inputs of its own: TypeError",
        ),
        (PROGRAM.replace('"sums": sums(values)', '"sums": np.random.random(3)'), "Nothing was found"),
    ],
)
def test_where_nothing_holds_the_original_is_returned_and_it_is_said(
    tmp_path: Path, program: str, sentence: str
) -> None:
    result, _ = optimise(tmp_path, WRONG, USELESS, program=program)
    assert result.text == program
    assert sentence in result.said
    assert result.said.endswith("The original is returned.")
    assert result.proof is None
    assert sentence in report_of(result)


def test_what_holds_only_on_inputs_of_development_is_taken_back(tmp_path: Path) -> None:
    random = Random(1)
    development = [random.getrandbits(31) for _ in range(3)]
    maker = MAKER.replace(
        "standard_normal(size)}", f"standard_normal(size) + 5 * (seed not in {development})}}"
    )
    lucky = Replaces("lucky", SLOW_SUMS, "    result = np.cumsum(values) + (values.mean() > 3)\n")
    result, told = optimise(tmp_path, lucky, ENDS, maker=maker)
    assert told.tried["lucky"] == ""
    assert [step.edit.transformation for step in result.steps] == ["ends"], told
    assert any(each.edit.transformation == "lucky" and each.final for each in result.let_go)
