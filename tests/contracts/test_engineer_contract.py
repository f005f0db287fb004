"""What every engineer must hold, whichever family brings it: each runs a real attempt here."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from speedup_grading import TOY as SLOW_TOY

from medalist.core.budget import Limits
from medalist.core.family import find_families
from medalist.engineers.engineer import Engineer
from medalist.runs.attempt import Attempted, run_attempt
from medalist.runs.figures import Figures, fold
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import AttemptState, FileStore

TOY = Path(__file__).parents[2] / "examples" / "toy_family" / "task"
BUDGET_SECONDS = 12.0


def small_competition(folder: Path) -> Path:
    """Does the sum of two columns exceed one?"""
    folder.mkdir()
    rows = [(i, (i * 37 % 101) / 101, (i * 53 % 97) / 97) for i in range(400)]
    lines = [f"{i},{a:.4f},{b:.4f}" for i, a, b in rows]
    labels = [int(a + b + ((i * 7) % 5 - 2) / 20 > 1) for i, a, b in rows]
    train = "\n".join(f"{line},{label}" for line, label in zip(lines[:300], labels[:300], strict=True))
    (folder / "train.csv").write_text(f"id,a,b,above\n{train}\n")
    (folder / "test.csv").write_text("id,a,b\n" + "\n".join(lines[300:]) + "\n")
    (folder / "sample_submission.csv").write_text(
        "id,above\n" + "\n".join(f"{i},0" for i in range(300, 400)) + "\n"
    )
    return folder


def mirrored_puzzles(folder: Path) -> Path:
    """Every row is turned round."""
    path = folder / "puzzles.json"
    rows = [[[1, 2, 3], [4, 5, 6]], [[7, 0, 2], [3, 3, 1]], [[5, 6, 0], [1, 8, 9]]]
    pairs = [{"input": grid, "output": [row[::-1] for row in grid]} for grid in rows]
    task = {"train": pairs[:2], "test": pairs[2:]}
    path.write_text(json.dumps({"ab": task, "cd": {**task, "train": []}}))
    return path


TASKS = {
    "arc": mirrored_puzzles,
    "mean": lambda _: TOY,
    "compete": lambda folder: small_competition(folder / "competition"),
    "speedup": lambda _: SLOW_TOY,
}


@pytest.fixture(params=TASKS)
def attempt(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    installed_families: None,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[FileStore, Attempted, Figures]:
    if request.param == "speedup":  # nobody else's timing on this machine is waited for
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    store = FileStore(tmp_path / "run")
    task = TaskSpec(TASKS[request.param](tmp_path), request.param)
    store.create(RunSpec(tasks=(task,), limits=Limits(attempt_seconds=BUDGET_SECONDS)))
    name = store.attempts()[0].spec.id
    attempted = run_attempt(store, name)
    return store, attempted, fold(store.events(name))


def test_every_familys_playbook_is_an_engineer(installed_families: None) -> None:
    for name, family in find_families().items():
        assert isinstance(family.playbook({}), Engineer), name


def test_an_engineer_ends_by_itself_with_a_valid_product_in_place(
    attempt: tuple[FileStore, Attempted, Figures],
) -> None:
    """And leaves no process, scores what it submits, and never replaces a submission by a worse one."""
    store, attempted, figures = attempt
    assert attempted.record.state in (AttemptState.FINISHED, AttemptState.LIMIT), attempted.record.reason
    assert attempted.record.result["valid"]
    placed = [score for _, score in figures.submitted]
    for earlier, later in pairwise(placed):
        # Guesses that nothing was learned for carry no score; once one is scored, only better ones follow.
        assert later.better_than(earlier) if later is not None else earlier is None
    assert attempted.record.result["validation_score"] is not None
    created = {event.data["candidate"] for event in figures.of("candidate_created")}
    assert {event.data["candidate"] for event in figures.of("submitted", "candidate_finished")} <= created
    workspace = str(store.folder(attempted.record.spec.id) / "workspace")
    assert not [p for p in psutil.process_iter(["cmdline"]) if workspace in " ".join(p.info["cmdline"] or [])]
