"""Attempts at one task again and again: how many passed, what the best of them made, and a summary as a file.

A run of trials is a run whose attempts are numbered (``RunSpec.numbered``); everything here is read from its files.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medalist.core.errors import MedalistError
from medalist.core.event import Event
from medalist.core.family import MakesTasks, PutBack, find_family
from medalist.runs.pass_rates import pass_all, pass_at, wilson_interval
from medalist.runs.results import AttemptResult
from medalist.runs.runner import run_all
from medalist.runs.store import AttemptRecord, FileStore, Store, write_json
from medalist.runs.trial_lines import write_summary
from medalist.runs.verdict import Verdict, verdict_of

MANY = (1, 5, 10)
"""The numbers of tries for which it is said how often one of them, or all, would pass."""

SCRIPT = "script"
"""The setting of a task that was made of somebody's script: where that lies."""

_SCRIPT_FILE = "script.json"


@dataclass(frozen=True)
class Trial:
    """One attempt: its number in the run, from 1, and what came of it. ``product`` is None where none is in place."""

    number: int
    state: str
    verdict: Verdict
    result: AttemptResult

    @property
    def product(self) -> Path | None:
        return self.result.submission

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.number,
            "state": self.state,
            **self.verdict.as_dict(),
            "file": None if self.product is None else str(self.product),
            "seconds": self.result.seconds,
            "cost_usd": self.result.cost_usd,
        }


@dataclass(frozen=True)
class Trials:
    """What a run of trials came to. Attempts that were stopped, or could not be judged, count neither way."""

    run_dir: Path | None = None
    all: tuple[Trial, ...] = ()
    script: PutBack | None = None
    """The fast copy of the script that the task was made of, if it was made of one."""

    @property
    def decided(self) -> tuple[Trial, ...]:
        """Those whose verdict says something of the engineer."""
        return tuple(trial for trial in self.all if trial.verdict.decided)

    @property
    def successes(self) -> int:
        return sum(trial.verdict.passed for trial in self.decided)

    @property
    def passed(self) -> bool:
        """Whether there is a product that passed."""
        return self.successes > 0

    @property
    def pass_rate(self) -> float | None:
        """The share that passed; None while nothing is decided."""
        return self.successes / len(self.decided) if self.decided else None

    @property
    def pass_rate_interval(self) -> tuple[float, float] | None:
        """Wilson's, at 95 %."""
        return wilson_interval(self.successes, len(self.decided)) if self.decided else None

    @property
    def average_steps(self) -> float | None:
        steps = [trial.verdict.steps for trial in self.decided]
        return sum(steps) / len(steps) if steps else None

    @property
    def best(self) -> Trial | None:
        """The one with the highest lower bound: of those that passed, else of those whose answers were right."""
        measured = [trial for trial in self.decided if trial.verdict.low is not None and trial.product]
        passed = [trial for trial in measured if trial.verdict.passed]
        return max(passed or measured, key=lambda trial: trial.verdict.low or 0.0, default=None)

    def passes_of(self, estimate: Callable[[int, int, int], float]) -> dict[str, float]:
        """``pass_at`` or ``pass_all`` for as many tries as there were at most."""
        count = len(self.decided)
        return {str(k): round(estimate(k, self.successes, count), 4) for k in MANY if k <= count}

    @property
    def reasons(self) -> dict[str, int]:
        """How often each kind of reason kept an attempt from passing, the commonest first."""
        kinds = Counter(trial.verdict.kind for trial in self.decided if not trial.verdict.passed)
        return dict(kinds.most_common())

    def as_dict(self) -> dict[str, Any]:
        """JSON values under the keys of ``medalist speedup --json``."""
        interval, best = self.pass_rate_interval, self.best
        verdict = best.verdict if best else Verdict(False)
        return {
            "run_dir": None if self.run_dir is None else str(self.run_dir),
            "passed": self.passed,
            "attempts": len(self.all),
            "pass_rate": self.pass_rate,
            "pass_rate_interval": None if interval is None else [round(end, 4) for end in interval],
            "average_steps": self.average_steps,
            "best": {
                "file": str(best.product) if best else None,
                **{name: getattr(verdict, name) for name in ("ratio", "low", "high", "equal")},
            },
            "pass_at": self.passes_of(pass_at),
            "pass_all": self.passes_of(pass_all),
            "reasons": self.reasons,
            "runs": [trial.as_dict() for trial in self.all],
            "cost_usd": round(sum(trial.result.cost_usd for trial in self.all), 6),
            "script": None if self.script is None else {**asdict(self.script), "file": str(self.script.file)},
        }


def read_trials(store: Store) -> Trials:
    """A run's trials as they stand on disk."""
    numbered = enumerate(store.attempts(), start=1)
    return Trials(
        store.root,
        tuple(_trial(store, number, record) for number, record in numbered),
        _put_back_before(store),
    )


def run_trials(
    store: FileStore,
    *,
    on_event: Callable[[str, Event], None] | None = None,
    on_trial: Callable[[Trial], None] | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Trials:
    """Make every attempt that is not made yet and write ``run_summary.md``, after Ctrl-C too.

    ``on_trial`` hears of each as it ends, in that order. Where the task was made of somebody's script, a copy with
    the best product in it is written at the end, of which ``tell`` hears. Raises as ``run_all`` does.
    """
    numbers = {record.spec.id: number for number, record in enumerate(store.attempts(), start=1)}

    def ended(attempt_id: str) -> None:
        if on_trial is not None:
            on_trial(_trial(store, numbers[attempt_id], store.read(attempt_id)))

    try:
        run_all(store, on_event=on_event, on_end=ended)
        _put_back(store, read_trials(store), tell)
    finally:
        write_summary(store, read_trials(store))
    return read_trials(store)


def _trial(store: Store, number: int, record: AttemptRecord) -> Trial:
    result = AttemptResult.from_record(store.root, record)
    return Trial(number, str(record.state), verdict_of(record), result)


def _put_back(store: FileStore, trials: Trials, tell: Callable[[str], None]) -> None:
    """Write the copy of the script, and ``script.json`` about it; nothing where no product answers as it must."""
    task, best = store.spec().tasks[0], trials.best
    family = find_family(task.family)
    if (
        best is None
        or best.product is None
        or SCRIPT not in task.settings
        or not isinstance(family, MakesTasks)
    ):
        return
    script = Path(task.settings[SCRIPT])
    try:
        made = family.put_back(task.path, best.product.resolve(), script, store.root, task.settings, tell)
    except MedalistError as error:
        tell(error.what)
        return
    write_json(store.root / _SCRIPT_FILE, {**asdict(made), "file": str(made.file)})


def _put_back_before(store: Store) -> PutBack | None:
    try:
        said = json.loads((store.root / _SCRIPT_FILE).read_text(encoding="utf-8"))
        return PutBack(Path(said["file"]), said["same"], said["said"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
