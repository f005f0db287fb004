"""A desk over a real session: a workspace whose jobs really run, and a small family to hand in for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medalist.core.budget import Budget, Limits
from medalist.core.errors import SubmissionInvalid
from medalist.core.event import Event, EventLog, read_events
from medalist.core.family import Validation
from medalist.core.score import Direction, Score, ScoreStatus
from medalist.core.task import Task
from medalist.machine.hardware import read_hardware
from medalist.search.population import Population
from medalist.session.session import Session
from medalist.session.supervisor import CheckSettings, Supervisor
from medalist.tools.desk import Desk, DeskSettings
from medalist.tools.tool import call
from medalist.training.review import ScriptFacts
from medalist.workspace.sandbox import choose_sandbox
from medalist.workspace.workspace import Workspace

SETTINGS = CheckSettings(
    first_look_seconds=1.0, budget_share=1.0, interval_seconds=1.0, heed_neighbours=False
)

DESK = DeskSettings(command_seconds=120.0)


class GuessFamily:
    """Hand in ``answer.txt`` with a number in it."""

    name, product, preload = "guess", "answer.txt", ()

    def validate(self, task: Task, product: Path) -> Validation:
        valid = product.read_text().strip().isdigit()
        return Validation(valid, "" if valid else "not a number", rows=1)


class GuessWorkshop:
    """Scores a folder by its ``points.txt``, more being better."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.population = Population()

    def script_facts(self) -> ScriptFacts:
        return ScriptFacts(rows=100)

    def brief(self) -> str:
        return "Guess a number."

    def score(self, folder: str) -> Score:
        try:
            points = float(self._session.read(f"{folder}/points.txt"))
        except (SubmissionInvalid, ValueError) as error:
            return Score("points", Direction.MAXIMIZE, "validation", None, ScoreStatus.FAILED, str(error))
        return Score("points", Direction.MAXIMIZE, "validation", points)

    def submit(self, candidate: Any, score: Score | None) -> bool:
        return self._session.submit(candidate, score)


@dataclass
class Office:
    """A desk with what a test looks at: the workspace on disk and the events."""

    session: Session
    root: Path
    attempt: Path
    desk: Desk

    def use(self, *calls: tuple[str, Mapping[str, Any]]) -> list[str]:
        """The answers of tool calls made one after the other, the desk being left as it is afterwards."""

        async def all_of_them() -> list[str]:
            answers = [await call(self.desk, name, arguments) for name, arguments in calls]
            await self.desk.rest()
            return answers

        return asyncio.run(all_of_them())

    def do(self, name: str, /, **arguments: Any) -> str:
        return self.use((name, arguments))[0]

    def read_events(self) -> list[Event]:
        return list(read_events(self.session.events.path))

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event.data for event in self.read_events() if event.kind == kind]

    def write(self, relative: str, text: str) -> Path:
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture(scope="session")
def hardware():
    return read_hardware()


@pytest.fixture
def make_office(tmp_path: Path, hardware) -> Iterator[Callable[..., Office]]:
    """Offices with settings of their own; every job is ended afterwards."""
    opened: list[Workspace] = []

    def make(
        *,
        budget: Budget | None = None,
        sandbox: str = "plain",
        settings: DeskSettings = DESK,
        preload: tuple[str, ...] = (),
        **desk: Any,
    ) -> Office:
        attempt = tmp_path / f"attempt{len(opened)}"
        public = tmp_path / "task" / "public"
        public.mkdir(parents=True, exist_ok=True)
        (public / "numbers.csv").write_text("id,value\n1,4\n2,6\n")
        chosen, _ = choose_sandbox(sandbox, cache=None)
        attempt.mkdir()
        workspace = Workspace.open(
            attempt / "workspace",
            public,
            sandbox=chosen,
            hardware=hardware,
            preload=preload,
            telemetry_seconds=0.2,
        )
        opened.append(workspace)
        workspace.warm_up()
        budget = budget or Budget(600)
        events = EventLog(attempt / "events.jsonl", elapsed=lambda: budget.elapsed)
        session = Session(
            task=Task("guess", "guess", public),
            family=GuessFamily(),
            workspace=workspace,
            supervisor=Supervisor(workspace, hardware, events, budget, SETTINGS),
            budget=budget,
            limits=Limits(),
            hardware=hardware,
            events=events,
            cores=hardware.core_ids,
            attempt_dir=attempt,
        )
        desk = Desk(session, GuessWorkshop(session), settings=settings, **desk)
        return Office(session, workspace.root, attempt, desk)

    yield make
    for workspace in opened:
        workspace.close()


@pytest.fixture
def office(make_office: Callable[..., Office]) -> Office:
    return make_office()
