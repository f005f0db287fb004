"""Scripts as people write them, recorded: what is judged of each, that inputs are fresh, and that a mistake is seen."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medalist.families.speedup.contract import Contract, read_contract
from medalist.families.speedup.judging import check_equal, read_answer
from medalist.families.speedup.recording import record_task, write_fast_script
from medalist.families.speedup.refusals import Refused
from medalist.families.speedup.worker import as_arguments, load, pack, unpack

SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True)
class Kind:
    """A script, what is called of it, and a mistake that must be seen: a piece of its text and what stands there then."""

    name: str
    calls: str
    mistake: tuple[str, str]
    harmless: tuple[str, str]
    level: int = 1
    arguments: tuple[str, ...] = ()


KINDS = [
    Kind("table_loops", "summarise", ("** power", "** 3"), ("rows = []", "rows = list()")),
    Kind("top_level", "whole_script", ("[3]", "[4]"), ("distances = []", "distances = list()")),
    Kind(
        "reads_csv",
        "whole_script",
        ("0.0) +", "0.001) +"),
        ("totals = {}", "totals = dict()"),
        arguments=("--top", "4"),
    ),
    Kind("torch_training", "whole_script", ("lr=1e-1", "lr=1.2e-1"), ("history = []", "history = list()")),
    Kind(
        "estimator", "KMeans.fit", ("mean(axis=0)", "mean(axis=0) + 1e-3"), ("labels = []", "labels = list()")
    ),
    Kind(
        "texts_and_dicts", "featurize", ("word not in stop_words", "True"), ("counts = []", "counts = list()")
    ),
    Kind("global_arrays", "whole_script", ("total += ", "total -= "), ("total = 0.0", "total = 0 * 1.0")),
    Kind("generators", "simulate", ("0.5 else", "0.4 else"), ("paths = []", "paths = list()")),
    Kind("picky", "score", ("** 0.5", "** 0.51"), ("total = 0.0", "total = 0 * 1.0"), level=0),
    Kind("beside", "total", ("+= square", "-= square"), ("out = 0.0", "out = 0 * 1.0")),
]


@dataclass(frozen=True)
class Recorded:
    kind: Kind
    script: Path
    task: Path

    @property
    def contract(self) -> Contract:
        return read_contract(self.task)

    @property
    def about(self) -> dict[str, Any]:
        return json.loads((self.task / "recording.json").read_text())

    def inputs(self, seed: int, level: int | None = None) -> Mapping[str, Any]:
        return self.contract.inputs.load()(seed, level)

    def edited(self, folder: Path, edit: tuple[str, str]) -> Path:
        text = (self.task / "program.py").read_text()
        before, fence, after = text.partition("# ---- Added by Medalist: it")
        assert edit[0] in before
        (folder / "program.py").write_text(before.replace(*edit) + fence + after)
        return folder / "program.py"

    def answer(self, program: Path, seed: int) -> bytes:
        arguments = as_arguments(unpack(pack(self.inputs(seed))))
        return pack(load(str(program), self.contract.entry)(**arguments))

    def compare(self, program: Path, seed: int) -> None:
        """Raises Refused."""
        contract = self.contract
        truth = read_answer(self.answer(contract.program, seed), contract)
        check_equal(read_answer(self.answer(program, seed), contract), truth, contract)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def recorded(request, tmp_path_factory) -> Recorded:
    kind = request.param
    if kind.name == "torch_training":
        pytest.importorskip("torch")
    home = tmp_path_factory.mktemp(kind.name)
    shutil.copytree(SCRIPTS, home / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    script = home / "scripts" / f"{kind.name}.py"
    before = _state(script.parent)
    task = record_task(script, home / "task", arguments=kind.arguments)
    assert _state(script.parent) == before, "the script's folder was touched"
    return Recorded(kind, script, task)


def _state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_the_contract_names_what_is_called_and_can_be_read(recorded):
    contract = recorded.contract
    assert recorded.about["call"]["name"] == recorded.kind.calls
    assert recorded.kind.calls.partition(".")[0] in contract.required
    assert contract.oracle is None
    words = (recorded.task / "CONTRACT.md").read_text()
    assert f"`{recorded.kind.calls}" in words
    assert f"at least **{contract.target:g} times**" in words


def test_inputs_are_as_fresh_as_the_program_allows(recorded):
    assert recorded.about["level"] == recorded.kind.level
    one, same, other, first = (
        recorded.inputs(seed, level) for seed, level in ((1, None), (1, None), (2, None), (1, 0))
    )
    assert pack(one) == pack(same)
    for different in (other, first):
        assert (pack({**one, "seed": 0}) == pack({**different, "seed": 0})) == (recorded.kind.level == 0)


def test_the_program_is_the_same_as_itself_and_a_harmless_change_is_no_difference(recorded, tmp_path):
    recorded.compare(recorded.contract.program, seed=5)
    recorded.compare(recorded.edited(tmp_path, recorded.kind.harmless), seed=6)


def test_a_mistake_is_seen(recorded, tmp_path):
    with pytest.raises(Refused):
        recorded.compare(recorded.edited(tmp_path, recorded.kind.mistake), seed=7)


def test_the_way_back_is_a_script_that_prints_the_same(recorded, tmp_path):
    program = recorded.edited(tmp_path, recorded.kind.harmless)
    made = write_fast_script(recorded.task, program, tmp_path / "out", recorded.script)
    assert made.same, made.said
    assert made.changed
    assert made.file.name == f"{recorded.kind.name}_fast.py"
    assert made.file.read_text() == recorded.script.read_text().replace(*recorded.kind.harmless)


def test_a_program_that_was_not_changed_is_the_original(recorded, tmp_path):
    made = write_fast_script(recorded.task, recorded.contract.program, tmp_path, recorded.script)
    assert (made.same, made.changed) == (True, False)
    assert made.file.read_text() == recorded.script.read_text()


def test_a_script_that_prints_otherwise_is_said_to(tmp_path):
    script = tmp_path / "mine" / "top_level.py"
    script.parent.mkdir()
    shutil.copyfile(SCRIPTS / "top_level.py", script)
    task = record_task(script, tmp_path / "task")
    program = tmp_path / "program.py"
    program.write_text((task / "program.py").read_text().replace("[3]", "[9]"))
    made = write_fast_script(task, program, tmp_path / "out", script)
    assert (made.same, made.changed) == (False, True)
    assert "It prints 'mean third distance" in made.said
