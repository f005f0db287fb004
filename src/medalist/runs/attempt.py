"""One attempt, opening to closing: workspace, session, engineer, ending, grade.

``main`` is the same for a process of its own, which is how ``runs/runner`` has a set's many at work.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import medalist
from medalist.core.budget import Budget
from medalist.core.errors import MedalistError, RunNotFound, StoreError, UsageError
from medalist.core.event import Event, EventLog
from medalist.core.family import Family, Opened, PassedOrNot, Tallies, find_family
from medalist.core.home import cache_folder
from medalist.core.patience import write_whole
from medalist.engineers.engineer import Engineer
from medalist.hints.learned import LearnedHints
from medalist.hints.learned import default_path as learned_hints_path
from medalist.machine.exclusive import yielding
from medalist.machine.hardware import Hardware, read_hardware
from medalist.runs.ending import Ending, clock_and_signals, undisturbed, until_interrupted
from medalist.runs.engineers import engineer_for
from medalist.runs.figures import fold
from medalist.runs.grading import GRADER_SECONDS, Grade, grade_product, judge_meanwhile
from medalist.runs.pulse import Pulse
from medalist.runs.report import write_attempt_page
from medalist.runs.resume import Earlier, earlier_work
from medalist.runs.runner import attempts_at_once
from medalist.runs.store import AttemptRecord, AttemptState, FileStore, Store, write_json
from medalist.runs.verdict import reach
from medalist.session.session import Session
from medalist.session.supervisor import Supervisor
from medalist.training.checkpoint import CheckSettings
from medalist.training.reviewer import Reviewer
from medalist.training.sizing import MeasuredSizes
from medalist.workspace.sandbox import choose_sandbox
from medalist.workspace.workspace import Workspace

_HURRIED_GRADER_SECONDS = 10.0
"""How long a grade is waited for after Ctrl-C."""


@dataclass(frozen=True)
class Attempted:
    """An attempt's record after it ended, and the error of Medalist's own that ended it, if one did."""

    record: AttemptRecord
    error: MedalistError | None = None


def run_attempt(
    store: Store,
    attempt_id: str,
    *,
    cores: Sequence[int] = (),
    listen: Callable[[Event], None] | None = None,
    engineer: Engineer | None = None,
) -> Attempted:
    """Run or resume one attempt until it ends, and save what it made whatever the ending.

    ``cores`` are the ids it may use; all there are when empty. ``engineer`` works instead of the one
    that the attempt names: a guest, say, whom no name can call. A final attempt is returned as it
    is. Raises UsageError when another process is at work on it, StoreError when nothing can be
    written; every other ending is told in the record.
    """
    record = store.read(attempt_id)
    if record.state.final:
        return Attempted(record)
    if store.alive(attempt_id):
        raise UsageError(
            "This attempt is being worked on by another process.",
            where=str(store.folder(attempt_id)),
            next_step="Wait for it, or stop it first.",
        )
    earlier = earlier_work(store, attempt_id)
    budget = Budget(record.spec.limits.attempt_seconds, spent_seconds=earlier.seconds)
    folder = store.folder(attempt_id)
    events = EventLog(folder / "events.jsonl", elapsed=lambda: budget.elapsed)
    if listen is not None:
        events.listen(listen)
    store.write(replace(record, state=AttemptState.RUNNING))
    work = _Work(store, record, budget, events, earlier, tuple(cores), engineer)
    pulse = Pulse(store, attempt_id, budget, folder / "telemetry.jsonl")
    ending = Ending()
    with clock_and_signals(budget), ending, yielding(budget.pause, budget.resume):
        pulse.start()
        work.run()
    with undisturbed():
        return _close(work, ending, pulse)


@dataclass
class _Work:
    """The parts of a running attempt. ``family`` and ``opened`` stand once the task could be opened."""

    store: Store
    record: AttemptRecord
    budget: Budget
    events: EventLog
    earlier: Earlier
    cores: tuple[int, ...]
    engineer: Engineer | None
    family: Family | None = None
    opened: Opened | None = None
    isolation: str = ""
    at_once: int = 1
    """How many attempts of the run there are at the same time."""

    @property
    def folder(self) -> Path:
        return self.store.folder(self.record.spec.id)

    def run(self) -> None:
        """Open everything, let the engineer work, and leave no process of its behind."""
        spec = self.record.spec
        self.family = find_family(spec.task.family)
        self.opened = self.family.open(spec.task.path, spec.task.settings)
        hardware = read_hardware()
        self.at_once = _at_once(self.store, hardware)
        hardware = hardware.share(self.cores)
        self._announce(hardware)
        with ExitStack() as closing:
            reviewer = Reviewer()
            closing.callback(_closed_in_peace, reviewer)
            reviewer.start()
            sandbox, probe = choose_sandbox(spec.sandbox, cache=cache_folder() / "sandbox.json")
            self.isolation = sandbox.isolation
            self.events.append(
                "sandbox_chosen", sandbox=sandbox.name, isolation=sandbox.isolation, probe=asdict(probe)
            )
            workspace = Workspace.open(
                self.folder / "workspace",
                self.opened.task.public,
                sandbox=sandbox,
                hardware=hardware,
                cores=hardware.core_ids,
                preload=self.family.preload,
                readable=self.opened.readable,
                telemetry_path=self.folder / "telemetry.jsonl",
                clock=lambda: self.budget.elapsed,
                sharers=self.at_once,
            )
            closing.callback(_closed_in_peace, workspace)
            workspace.warm_up()
            engineer = self.engineer or engineer_for(spec, self.family, self._settings(), self.store)
            engineer.work(self._session(workspace, hardware, reviewer))

    def _settings(self) -> dict[str, Any]:
        return {**self.record.spec.task.settings, "hints": self.record.spec.hints}

    def _session(self, workspace: Workspace, hardware: Hardware, reviewer: Reviewer) -> Session:
        assert self.family is not None
        assert self.opened is not None
        return Session(
            task=self.opened.task,
            family=self.family,
            workspace=workspace,
            supervisor=Supervisor(
                workspace,
                hardware,
                self.events,
                self.budget,
                self._check_settings(),
                hints=self.record.spec.hints,
                measured=MeasuredSizes(cache_folder() / "sizes.json", hardware.fingerprint),
                reviewer=reviewer,
                learned=LearnedHints(learned_hints_path()),
            ),
            budget=self.budget,
            limits=self.record.spec.limits,
            hardware=hardware,
            events=self.events,
            cores=hardware.core_ids,
            attempt_dir=self.folder,
            seed=self.record.spec.seed,
            settings=self._settings(),
            history=self.earlier.history,
            best=self.earlier.best,
            submissions=self.earlier.submissions,
            judge=judge_meanwhile(self.family, self.opened),
        )

    def _check_settings(self) -> CheckSettings:
        """The checks as they are set; ``check_seconds`` and ``heed_neighbours`` among the task's settings
        shorten their intervals and keep a machine's other work from excusing idle cores (tests)."""
        settings = self.record.spec.task.settings
        seconds = float(settings.get("check_seconds") or CheckSettings.first_look_seconds)
        return CheckSettings(
            first_look_seconds=seconds,
            interval_seconds=seconds,
            heed_neighbours=bool(settings.get("heed_neighbours", True)),
        )

    def _announce(self, hardware: Hardware) -> None:
        spec = self.record.spec
        assert self.opened is not None
        self.events.append(
            "attempt_started",
            attempt=spec.id,
            task=self.opened.task.id,
            family=spec.task.family,
            engineer=spec.engineer,
            seed=spec.seed,
            budget_seconds=self.budget.total_seconds,
            resumed=self.earlier.resumed,
            hardware=asdict(hardware),
            version=medalist.__version__,
        )


def _at_once(store: Store, hardware: Hardware) -> int:
    try:
        return attempts_at_once(store.spec(), hardware)
    except (RunNotFound, StoreError):
        return 1  # the run's own file is damaged; its attempts stand by themselves


def _close(work: _Work, ending: Ending, pulse: Pulse) -> Attempted:
    """Save everything there is to save; a write that fails does not keep the others from happening."""
    failed_writes: list[StoreError] = []

    def attempt(write: Callable[[], Any]) -> None:
        try:
            write()
        except StoreError as error:
            failed_writes.append(error)

    telemetry = pulse.stop()
    attempt(lambda: work.events.append("telemetry_summary", **telemetry))
    attempt(lambda: work.events.append("attempt_ended", state=ending.state, reason=ending.reason))
    if ending.traceback:
        attempt(lambda: write_whole(work.folder / "crash.txt", ending.traceback, durable=True))
    result = _result(work)
    state, reason = _have_graded(
        work, ending, lambda seconds: attempt(lambda: result.update(_graded(work, ending, seconds)))
    )
    record = replace(work.record, state=state, reason=reason, result=result)
    attempt(lambda: work.store.write(record))
    attempt(lambda: write_attempt_page(work.store, work.record.spec.id))
    error = ending.error if isinstance(ending.error, MedalistError) else None
    if state is AttemptState.LIMIT:
        error = None
    return Attempted(record, error or (failed_writes[0] if failed_writes else None))


def _have_graded(work: _Work, ending: Ending, grade: Callable[[float], None]) -> tuple[AttemptState, str]:
    """Call ``grade`` with the seconds it may take; the state and reason that the attempt has after that.

    Where tasks are passed or not, graders take minutes and wait for one another, so they can be stopped.
    """
    if ending.state is AttemptState.INTERRUPTED:
        with until_interrupted():
            grade(_HURRIED_GRADER_SECONDS)
    elif isinstance(work.family, PassedOrNot):
        with until_interrupted(echo_seconds=0.0):
            grade(GRADER_SECONDS * work.at_once)
            return ending.state, ending.reason
        return AttemptState.INTERRUPTED, "stopped while it was graded"
    else:
        grade(GRADER_SECONDS)
    return ending.state, ending.reason


def _result(work: _Work) -> dict[str, Any]:
    """The attempt's figures as its record keeps them; ``submission`` is None when none is in place."""
    figures = fold(work.store.events(work.record.spec.id))
    product = work.folder / "submission" / (work.family.product if work.family else "")
    in_place = bool(figures.submitted) and product.is_file()
    best = figures.best
    facts = figures.explored.get("facts") or figures.explored
    asked = work.opened.task if work.opened else None
    return {
        "submission": str(product) if in_place else None,
        "valid": in_place,
        "metric": best.metric if best else facts.get("metric") or (asked and asked.metric) or None,
        "direction": best.direction if best else facts.get("direction") or (asked and asked.direction),
        "validation_score": best.value if best else None,
        "hidden_score": None,
        "medal": None,
        "seconds": round(work.budget.elapsed, 2),
        "first_valid_seconds": figures.first_valid_seconds,
        "first_better_than_constant_seconds": figures.first_better_than_constant_seconds,
        "failures": figures.failures,
        "relaunches": figures.relaunches,
        "cost_usd": round(figures.cost_usd, 6),
        "tokens": figures.tokens,
        **_tallied(work, {}),
    }


def _tallied(work: _Work, report: Mapping[str, Any]) -> dict[str, Any]:
    """What the family counts, where it does; ``report`` is the grader's."""
    family = work.family
    return {"tally": dict(family.tally(work.folder, report))} if isinstance(family, Tallies) else {}


def _graded(work: _Work, ending: Ending, timeout_seconds: float) -> dict[str, Any]:
    """What grading adds to the attempt's figures; a verdict, also where there is nothing to grade, if it is one's task."""
    if not isinstance(work.family, PassedOrNot):
        grade = _grade(work, timeout_seconds)
        return {} if grade is None else {**_grade_figures(grade), **_tallied(work, grade.report)}
    figures = fold(work.store.events(work.record.spec.id))
    own = figures.in_place is not None and figures.in_place.operator != work.family.emergency
    grade = _grade(work, timeout_seconds) if own else None
    verdict = reach(ending.state, ending.reason, figures, grade)
    return {**({} if grade is None else _grade_figures(grade)), "verdict": verdict.as_dict()}


def _grade_figures(grade: Grade) -> dict[str, Any]:
    return {"hidden_score": grade.score, "medal": grade.medal, "valid": grade.valid}


def _grade(work: _Work, timeout_seconds: float) -> Grade | None:
    """Grade what is in place, if the task carries answers; what the grader said goes to ``grade.json``."""
    if work.family is None or work.opened is None or work.opened.answers is None:
        return None
    product = (work.folder / "submission" / work.family.product).resolve()
    if not product.is_file():
        return None
    grade = grade_product(
        work.family,
        work.opened.task,
        work.opened.answers,
        product,
        timeout_seconds=timeout_seconds,
        isolation=work.isolation,
    )
    write_json(work.folder / "grade.json", grade.as_dict())
    return grade


def _closed_in_peace(part: Workspace | Reviewer) -> None:
    with undisturbed():
        part.close()


def main(arguments: Sequence[str]) -> int:
    """One attempt of a set; ``arguments`` are the run's folder, the attempt's name and its cores.

    Returns an exit status: 0 when the attempt ended by itself, 1 or 130 when not.
    """
    run, attempt, *cores = arguments
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a background shell's children inherit it ignored
    try:
        attempted = run_attempt(FileStore(Path(run)), attempt, cores=[int(core) for core in cores])
    except MedalistError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    if attempted.error is not None:
        print(attempted.error, file=sys.stderr)
    return (
        130
        if attempted.record.state is AttemptState.INTERRUPTED
        else 0
        if attempted.record.state.final
        else 1
    )
