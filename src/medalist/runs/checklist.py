"""The checklist of good training (SPEC R10): each habit ticked or crossed, from files and events alone.

A habit that an attempt gave no occasion for (batch sizes where no network was trained) is neither:
``held`` is None, and the evidence says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from medalist.core.errors import SubmissionInvalid
from medalist.core.event import Event
from medalist.runs.figures import Figures
from medalist.runs.timeline import duration
from medalist.training.lines import Line, Loader, Resources, Step, parse_line
from medalist.training.review import SMALL_BATCH
from medalist.workspace.handover import read_inside

_KNOWN_ERRORS = {
    "import": re.compile(r"^(ModuleNotFoundError|ImportError)\b", re.MULTILINE),
    "batch assertion": re.compile(r"^AssertionError: .*batch", re.MULTILINE | re.IGNORECASE),
    "precision": re.compile(r"^RuntimeError: .*(Half|BFloat16|float16|dtype)", re.MULTILINE),
}


@dataclass(frozen=True)
class Tick:
    """One habit. ``held`` is None where there was no occasion for it."""

    habit: str
    held: bool | None
    evidence: str


@dataclass(frozen=True)
class Log:
    """What one training job printed."""

    name: str
    text: str
    lines: tuple[Line, ...]

    @property
    def resources(self) -> Resources | None:
        return next((line for line in self.lines if isinstance(line, Resources)), None)

    @property
    def network(self) -> bool:
        """A job that names a batch trains a network."""
        return self.resources is not None and self.resources.batch is not None


def checklist(figures: Figures, workspace: Path) -> list[Tick]:
    """Every habit of R10, in its order."""
    logs = list(read_logs(workspace, figures))
    networks = [log for log in logs if log.network]
    return [
        _hints_first(figures),
        _batch(figures, networks),
        _loader(networks),
        _oracle(figures, networks),
        _lines_printed(logs),
        _memory(figures, networks),
        _folds(figures, logs),
        _no_known_errors(logs),
        _predict_while_training(figures, workspace),
        _submission(figures),
        _time(figures),
    ]


def read_logs(workspace: Path, figures: Figures) -> Iterator[Log]:
    """The logs of jobs whose script trains something; files that are not plain files inside are left out."""
    reviewed = (event.data for event in figures.of("script_reviewed"))
    training = [d for d in reviewed if d.get("trains") != "none" and d.get("script") != "predict.py"]
    for relative in sorted({f"{data['folder']}/{data['name']}.log" for data in training}):
        try:
            text = read_inside(workspace, relative, limit_bytes=2_000_000)
        except SubmissionInvalid:
            continue
        said = (parse_line(line) for line in text.splitlines())
        yield Log(
            relative.removeprefix("candidates/"), text, tuple(line for line in said if line is not None)
        )


def _first(figures: Figures, kind: str) -> Event | None:
    return next(iter(figures.of(kind)), None)


def _hints_first(figures: Figures) -> Tick:
    """Before an engineer's own launch, that is: scripts made from a recipe follow the hints by construction (H2)."""
    habit = "Hints read before train.py was launched"
    read = _first(figures, "hints_read")
    by_recipe = {story.id for story in figures.candidates.values() if story.recipe}
    launches = (event for event in figures.of("job_started") if event.data.get("candidate") not in by_recipe)
    job = next((event for event in launches if event.data.get("trains") != "none"), None)
    if read is None:
        return Tick(habit, False, "never read")
    if job is None or read.time <= job.time:
        return Tick(habit, True, f"read at {duration(read.seconds)}")
    return Tick(habit, False, "read after the first launch")


def _batch(figures: Figures, networks: list[Log]) -> Tick:
    habit = "Batch at least the table's"
    if not networks:
        return Tick(habit, None, "no network was trained")
    small = [
        e
        for e in figures.of("hint_fired")
        if e.data.get("hint") == SMALL_BATCH and e.data.get("priority") == "CRITICAL"
    ]
    batches = ", ".join(f"{log.name}: {log.resources.batch}" for log in networks if log.resources)
    return Tick(habit, not small, batches)


def _loader(networks: list[Log]) -> Tick:
    habit = "Workers, prefetch, persistent workers, mixed precision"
    on_gpu = [log for log in networks if log.resources is not None and log.resources.gpu]
    if not on_gpu:
        return Tick(habit, None, "no network was trained on a GPU")
    for log in on_gpu:
        loader = next((line for line in log.lines if isinstance(line, Loader)), None)
        if loader is None or not (loader.workers and loader.prefetch and loader.persistent):
            return Tick(habit, False, f"{log.name}: {loader or 'no DataLoader line'}")
        if log.resources is not None and not log.resources.mixed_precision:
            return Tick(habit, False, f"{log.name}: mixed precision is off")
    return Tick(habit, True, f"{len(on_gpu)} jobs")


def _oracle(figures: Figures, networks: list[Log]) -> Tick:
    habit = "Oracle's verdict names the batch size"
    verdicts = [event for event in figures.of("oracle_verdict") if event.data.get("decision")]
    if not verdicts:
        return Tick(habit, None, "the oracle was not asked")
    named = [str(event.data["batch_size"]) for event in verdicts if event.data.get("batch_size")]
    if not named and not networks:
        return Tick(habit, None, "no network was trained")
    return Tick(habit, bool(named), f"batch {', '.join(dict.fromkeys(named)) or 'never named'}")


def _lines_printed(logs: list[Log]) -> Tick:
    habit = "Monitoring lines printed"
    if not logs:
        return Tick(habit, None, "no training job left a log")
    silent = [log.name for log in logs if log.resources is None]
    return Tick(habit, not silent, f"silent: {', '.join(silent[:5])}" if silent else f"{len(logs)} logs")


def _memory(figures: Figures, networks: list[Log]) -> Tick:
    habit = "GPU memory over half at the checkpoint, or relaunched"
    if not any(log.resources and log.resources.gpu for log in networks):
        return Tick(habit, None, "no network was trained on a GPU")
    seen = (event.data.get("evidence", {}) for event in figures.of("checkpoint"))
    shares = [float(evidence["gpu_memory_share"]) for evidence in seen if evidence.get("gpu_memory_share")]
    good = bool(shares) and max(shares) > 0.5
    evidence = f"highest share {max(shares):.0%}, {figures.relaunches} relaunches" if shares else "no reading"
    return Tick(habit, good or figures.relaunches > 0, evidence)


def _folds(figures: Figures, logs: list[Log]) -> Tick:
    habit = "Folds complete, or ended gracefully"
    crashed = [story for story in figures.candidates.values() if story.failed]
    done = sum(
        max((step.fold or 0 for step in log.lines if isinstance(step, Step)), default=0) for log in logs
    )
    if not figures.candidates:
        return Tick(habit, None, "no candidate")
    return Tick(
        habit, not crashed, f"{done} folds; {len(crashed)} of {len(figures.candidates)} candidates failed"
    )


def _no_known_errors(logs: list[Log]) -> Tick:
    habit = "No import, batch-assertion or precision error"
    seen = [
        f"{kind} in {log.name}"
        for log in logs
        for kind, pattern in _KNOWN_ERRORS.items()
        if pattern.search(log.text)
    ]
    return Tick(habit, not seen, "; ".join(seen[:5]) or f"{len(logs)} logs")


def _predict_while_training(figures: Figures, workspace: Path) -> Tick:
    """By when each folder's predict.py was first written: as a tool was asked to, else as the file says."""
    habit = "predict.py written while training ran"
    ended = {
        str(event.data.get("folder")): event.time
        for event in figures.of("job_ended")
        if event.data.get("trains") != "none" and event.data.get("returncode") == 0
    }
    if not ended:
        return Tick(habit, None, "no training job ended well")
    late = [
        PurePosixPath(folder).name
        for folder, moment in ended.items()
        if (written := _first_written(figures, workspace, f"{folder}/predict.py")) is None or written > moment
    ]
    return Tick(
        habit, not late, f"late in {', '.join(late[:5])}" if late else "before each training job ended"
    )


def _first_written(figures: Figures, workspace: Path, path: str) -> float | None:
    """The moment (Unix time) a file was first written; None when it never was."""
    asked = f'"path": "{path}"'
    for event in figures.of("tool_called"):
        if event.data.get("tool") == "write_file" and asked in str(event.data.get("arguments")):
            return event.time
    try:
        return (workspace / path).lstat().st_mtime
    except OSError:
        return None


def _submission(figures: Figures) -> Tick:
    first = figures.first_valid_seconds
    evidence = (
        "none in place"
        if first is None
        else f"first after {duration(first)}, {len(figures.submitted)} in all"
    )
    return Tick("Submission valid", first is not None, evidence)


def _time(figures: Figures) -> Tick:
    habit = "Total time within the plan"
    planned = figures.started.get("budget_seconds")
    if not planned:
        return Tick(habit, None, "the attempt never started")
    return Tick(
        habit, figures.seconds <= planned + 10, f"{duration(figures.seconds)} of {duration(planned)} planned"
    )
