"""Reports are folds over files and events: complete, self-contained, and whole for a run that was killed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from medalist.core.budget import Limits
from medalist.core.event import Event, EventLog
from medalist.machine.gpu import GpuReading
from medalist.machine.telemetry import Reading
from medalist.runs import charts
from medalist.runs.attempt import run_attempt
from medalist.runs.checklist import checklist
from medalist.runs.figures import fold
from medalist.runs.report import markdown, read_story, timeline, write_page
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import FileStore
from medalist.runs.timeline import sentence, stamp
from medalist.session.supervised import LaunchRequest, Watched
from medalist.session.supervised_events import JobEvents
from medalist.training.checkpoint import Verdict, Verdicts
from medalist.training.kind import Kind
from medalist.training.review import SMALL_BATCH
from medalist.workspace.jobs import Job

Make = Callable[..., Path]


@pytest.fixture
def store(scripted_task: Make, tmp_path: Path) -> FileStore:
    task = scripted_task("submit 3", "malformed", "submit 5", "submit 4")
    made = FileStore(tmp_path / "a <b> run")
    made.create(RunSpec(tasks=(TaskSpec(task, "scripted"),), seeds=(0, 1), limits=Limits(attempt_seconds=30)))
    for record in made.attempts():
        run_attempt(made, record.spec.id)
    return made


def test_the_page_holds_everything_and_loads_nothing(store: FileStore, tmp_path: Path) -> None:
    page = write_page(store, tmp_path / "page.html").read_text()
    for wanted in (
        "job-playbook-seed1",
        "998",
        "In place: c03",
        "Checklist",
        "Candidates",
        "malformed",
        "&lt;b&gt;",
    ):
        assert wanted in page, wanted
    assert not re.search(r"(src|href)=[\"'](?!#)", page)
    assert not re.search(r"@import|url\(|<script|http", page)
    assert "<b>" not in page


def test_every_chart_is_well_formed(store: FileStore, tmp_path: Path) -> None:
    page = write_page(store, tmp_path / "page.html").read_text()
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert drawings
    for drawing in drawings:
        ElementTree.fromstring(drawing)


def test_the_markdown_tells_scores_checklist_and_timeline(store: FileStore) -> None:
    text = markdown(store)
    assert "| job-playbook-seed0 | finished | points | 5 | 998 |" in text
    assert "### Checklist" in text
    assert "[00:00] In place: c01" in text


def test_each_attempt_gets_its_own_page(store: FileStore) -> None:
    for record in store.attempts():
        assert (store.folder(record.spec.id) / "report.html").is_file()


def test_a_run_that_never_got_far_has_a_report(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "run")
    store.create(RunSpec(tasks=(TaskSpec(Path("/nowhere")),)))
    assert "nowhere" in write_page(store, tmp_path / "page.html").read_text()


def test_the_timeline_is_in_order_and_stamped(store: FileStore) -> None:
    lines = timeline(read_story(store, store.attempts()[0].spec.id).figures)
    assert all(re.match(r"\[\d\d:\d\d\] \S", line) for line in lines)
    assert lines[-1].endswith("Attempt ended (finished)")


@pytest.mark.parametrize(("seconds", "text"), [(7.9, "[00:07]"), (65, "[01:05]"), (3723, "[1:02:03]")])
def test_moments_read_as_clocks(seconds: float, text: str) -> None:
    assert stamp(seconds) == text


def test_a_relaunch_is_told_with_its_batches_and_rates() -> None:
    relaunch = Event(
        "relaunch",
        9,
        0,
        {"name": "train", "candidate": "c01", "why": "double_batch", "batch_before": 32, "batch": 64},
    )
    kept = Event("sizing_kept", 12, 0, {"rate_before": 1000.0, "rate": 1900.0, "unit": "samples/s"})
    assert sentence(relaunch) == "Relaunched c01 train (double batch), batch 32 → 64"
    assert sentence(kept) == "The change stays: 1000 → 1900 samples/s"


def test_looks_that_find_nothing_are_not_told() -> None:
    assert sentence(Event("checkpoint", 1, 0, {"verdict": "ok", "reason": "trains as it should"})) is None
    assert (
        sentence(Event("checkpoint", 1, 0, {"verdict": "stop_nan", "reason": "NaN"}))
        == "Checkpoint on a job: stop_nan – NaN"
    )


def test_the_score_line_climbs_whichever_way_the_metric_points() -> None:
    for high in (True, False):
        values = [0.6, 0.7, 0.8] if high else [0.8, 0.7, 0.6]
        marks = [charts.Mark(10.0 * i, value, "c", True) for i, value in enumerate(values)]
        drawing = charts.score_chart(marks, seconds=30, best_is_high=high)
        heights = [float(y) for y in re.findall(r'<circle[^>]* cy="([\d.]+)"', drawing)]
        assert heights == sorted(heights, reverse=True), "up is smaller in SVG"


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], [1e-9, 1e9], [0.0, 0.0], [-3.0, 2.0]])
def test_any_scores_can_be_drawn(values: list[float]) -> None:
    marks = [charts.Mark(i, value, "c", True) for i, value in enumerate(values)]
    ElementTree.fromstring(charts.score_chart(marks, seconds=0.0, best_is_high=True))


def _ticks(tmp_path: Path, *events: tuple[str, dict]) -> dict[str, bool | None]:
    moments = iter(range(100))
    log = EventLog(tmp_path / "events.jsonl", elapsed=lambda: 1.0, wall_clock=lambda: float(next(moments)))
    for kind, data in events:
        log.append(kind, **data)
    store = FileStore(tmp_path.parent)
    return {
        tick.habit: tick.held for tick in checklist(fold(store.events(tmp_path.name)), tmp_path / "workspace")
    }


def test_hints_must_be_read_before_the_first_launch(tmp_path: Path) -> None:
    for name, order, held in (
        ("a", ("hints_read", "job_started"), True),
        ("b", ("job_started", "hints_read"), False),
    ):
        (tmp_path / name).mkdir()
        assert (
            _ticks(tmp_path / name, *((kind, {}) for kind in order))[
                "Hints read before train.py was launched"
            ]
            is held
        )


def test_scripts_made_from_a_recipe_follow_the_hints_by_construction(tmp_path: Path) -> None:
    made = ("candidate_created", {"candidate": "c01", "recipe": {"estimator": "ridge"}})
    launches = [("job_started", {"candidate": name, "trains": "estimator"}) for name in ("c01", "")]
    ticks = _ticks(tmp_path, made, launches[0], ("hints_read", {}), launches[1])
    assert ticks["Hints read before train.py was launched"] is True


@pytest.mark.parametrize(("when", "held"), [(1.0, True), (9.0, False)])
def test_predict_py_is_asked_for_while_training_runs(tmp_path: Path, when: float, held: bool) -> None:
    folder = {"folder": "candidates/net", "name": "train"}
    written = {"tool": "write_file", "arguments": '{"path": "candidates/net/predict.py", "content": "im'}
    told = [
        Event("tool_called", when, when, written),
        Event("job_ended", 5.0, 5.0, {**folder, "trains": "network", "returncode": 0}),
        Event("job_ended", 99.0, 99.0, {**folder, "name": "predict", "trains": "none", "returncode": 0}),
    ]
    ticks = {tick.habit: tick.held for tick in checklist(fold(sorted(told, key=lambda e: e.time)), tmp_path)}
    assert ticks["predict.py written while training ran"] is held


@pytest.mark.parametrize(
    ("log", "habit", "held"),
    [
        ("RESOURCES: 2 CPU cores, GPU=none, Mixed Precision=OFF\n", "Monitoring lines printed", True),
        ("training...\n", "Monitoring lines printed", False),
        (
            "RESOURCES: 8 CPU cores, batch=128, GPU=A10, Mixed Precision=OFF\n",
            "Workers, prefetch, persistent workers, mixed precision",
            False,
        ),
        (
            "RESOURCES: 8 CPU cores, batch=128, GPU=A10, Mixed Precision=ON\n"
            "DataLoader: num_workers=7, prefetch_factor=4, persistent_workers=True\n",
            "Workers, prefetch, persistent workers, mixed precision",
            True,
        ),
        ("ModuleNotFoundError: No module named 'timm'\n", "No import, batch-assertion or precision error", False),
        ("AssertionError: Batch size should be even\n", "No import, batch-assertion or precision error", False),
        ("Fold 5/5, score 0.8\n", "No import, batch-assertion or precision error", True),
    ],
)  # fmt: skip
def test_the_checklist_reads_what_training_printed(tmp_path: Path, log: str, habit: str, held: bool) -> None:
    folder = tmp_path / "workspace" / "candidates" / "c01"
    folder.mkdir(parents=True)
    (folder / "train.log").write_text(log)
    reviewed = (
        "script_reviewed",
        {"folder": "candidates/c01", "candidate": "c01", "name": "train", "trains": "network"},
    )
    assert _ticks(tmp_path, reviewed)[habit] is held


def _checkpoint(memory_share: float) -> tuple[str, dict]:
    """A look as the supervisor writes it down, over one reading of a GPU."""
    gpu = GpuReading(0, "A10", int(memory_share * 24e9), int(24e9), 0.9, None)
    telemetry = SimpleNamespace(readings=[Reading(60.0, 1.0, 10**9, 2, (gpu,))])
    job = SimpleNamespace(id="j1", seconds=61.0, telemetry=telemetry)
    watched = Watched(
        LaunchRequest(("train.py",), candidate_id="c01"), ("train.py",), Kind.NETWORK, (0,), batch=64
    )
    watched.current = cast(Job, job)
    written = SimpleNamespace(append=lambda kind, **data: found.append((kind, data)))
    found: list[tuple[str, dict]] = []
    JobEvents(cast(EventLog, written)).checkpoint(watched, Verdict(Verdicts.OK, "trains as it should"))
    return found[0]


@pytest.mark.parametrize(("share", "held"), [(0.3, False), (0.7, True)])
def test_gpu_memory_is_read_from_the_supervisors_looks(tmp_path: Path, share: float, held: bool) -> None:
    folder = tmp_path / "workspace" / "candidates" / "c01"
    folder.mkdir(parents=True)
    (folder / "train.log").write_text("RESOURCES: 8 CPU cores, batch=128, GPU=A10, Mixed Precision=ON\n")
    reviewed = (
        "script_reviewed",
        {"folder": "candidates/c01", "candidate": "c01", "name": "train", "trains": "network"},
    )
    ticks = _ticks(tmp_path, reviewed, _checkpoint(share))
    assert ticks["GPU memory over half at the checkpoint, or relaunched"] is held


@pytest.mark.parametrize(("priority", "held"), [("CRITICAL", False), ("OPTIONAL", True)])
def test_a_batch_too_small_for_the_gpu_is_crossed(tmp_path: Path, priority: str, held: bool) -> None:
    folder = tmp_path / "workspace" / "candidates" / "c01"
    folder.mkdir(parents=True)
    (folder / "train.log").write_text("RESOURCES: 8 CPU cores, batch=32, GPU=A10, Mixed Precision=ON\n")
    reviewed = (
        "script_reviewed",
        {"folder": "candidates/c01", "candidate": "c01", "name": "train", "trains": "network"},
    )
    fired = ("hint_fired", {"candidate": "c01", "hint": SMALL_BATCH, "priority": priority})
    assert _ticks(tmp_path, reviewed, fired)["Batch at least the table's"] is held
