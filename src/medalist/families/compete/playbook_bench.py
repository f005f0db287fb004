"""The playbook's bench: candidates on their way from a recipe to a scored outcome, several at a time.

A candidate goes through steps in the cores it was given: train (in the background, watched), score
(a short child), predict, and submit where that is better than what stands. Whatever goes wrong at
any step becomes a failed outcome with a reason; nothing here ends the attempt. The parent reads JSON
and text only, never arrays.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import SubmissionInvalid
from medalist.core.score import Score
from medalist.families.compete.operators import Operators
from medalist.families.compete.playbook_pace import Pace
from medalist.families.compete.recipes import Recipe
from medalist.families.compete.scoring import read_score, scoring_command
from medalist.search.population import Population
from medalist.session.session import Session
from medalist.session.supervisor import Watched

_SCRIPTS = ("train.py", "predict.py")
_LOG_TAIL_CHARACTERS = 2000
_LARGEST_MEMBER_BYTES = 64 << 20


@dataclass(frozen=True)
class Plan:
    """A candidate to be: what ``operator`` made of ``parents``. ``scripts`` replace those of the kit."""

    operator: str
    recipe: Recipe
    parents: tuple[str, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    hint_ids: tuple[str, ...] = ()


@dataclass
class _InFlight:
    """A candidate between launch and outcome."""

    candidate: Candidate
    recipe: Recipe
    hint_ids: tuple[str, ...]
    cores: tuple[int, ...]
    step: str
    watched: Watched
    began: float
    cpu_seconds: float = 0.0
    score: Score | None = None


class Bench:
    """Runs candidates for one session and tells the population what became of them."""

    def __init__(self, session: Session, operators: Operators, population: Population, pace: Pace) -> None:
        self._session = session
        self._operators = operators
        self._population = population
        self._pace = pace
        self._free = list(session.cores)
        self._flights: list[_InFlight] = []
        self._largest_job_bytes = 0

    @property
    def busy(self) -> bool:
        return bool(self._flights)

    @property
    def free_cores(self) -> int:
        return len(self._free)

    def has_room(self, recipe: Recipe) -> bool:
        """Whether cores, and memory by the largest job so far, allow one more candidate now."""
        memory = self._session.hardware.memory_bytes
        enough = not self._flights or (len(self._flights) + 1) * self._largest_job_bytes < 0.8 * memory
        return self._operators.threads(recipe) <= len(self._free) and enough

    def start(self, plan: Plan, *, all_cores: bool = False, at_most_seconds: float = math.inf) -> Candidate:
        """Write a candidate's files and launch its training; predict.py is written while it trains.

        Training is asked to end by a deadline that follows from the pace, and within ``at_most_seconds``.
        It is killed much later than that, for one slow fold of a baseline is better than none.
        """
        session = self._session
        name = self._population.next_id()
        candidate = Candidate(
            id=name,
            operator=plan.operator,
            parents=plan.parents,
            folder=f"candidates/{name}",
            title=plan.recipe.title,
            recipe=plan.recipe.as_dict(),
        )
        scripts = {**self._operators.scripts(plan.recipe), **plan.scripts}
        session.write(f"{candidate.folder}/train.py", scripts.pop("train.py"))
        self._link_members(candidate, plan.recipe)
        session.created(candidate)
        self._population.start(candidate)
        cores = self._take(len(self._free) if all_cores else self._operators.threads(plan.recipe))
        latest = self._deadline(plan.recipe)
        seconds = min(latest, at_most_seconds)
        watched = session.launch(
            ["train.py", "--seconds", f"{seconds:.1f}"],
            cwd=candidate.folder,
            name="train",
            candidate_id=candidate.id,
            cores=cores,
            seconds_limit=min(latest, 2 * seconds) + self._pace.after_training_seconds,
        )
        for file_name, text in scripts.items():
            session.write(f"{candidate.folder}/{file_name}", text)
        session.write(f"{candidate.folder}/README.md", _readme(candidate))
        began = session.budget.elapsed
        self._flights.append(_InFlight(candidate, plan.recipe, plan.hint_ids, cores, "train", watched, began))
        return candidate

    def collect(self) -> list[Outcome]:
        """Move on every candidate whose step has ended; those that came to their end."""
        ended = [flight for flight in self._flights if flight.watched.ended]
        outcomes = [outcome for flight in ended if (outcome := self._advance(flight))]
        for outcome in outcomes:
            self._population.tell(outcome)
            self._session.finished(outcome)
        return outcomes

    def stop_training(self, reason: str) -> list[Outcome]:
        """Kill single candidates that still train; those that only predict, and ensembles, go on."""
        return self._stop(
            [f for f in self._flights if f.step == "train" and f.recipe.kit != "ensemble"], reason
        )

    def stop_all(self, reason: str) -> list[Outcome]:
        """Kill everything that still runs; those candidates fail with ``reason``."""
        return self._stop(list(self._flights), reason)

    def _stop(self, flights: list[_InFlight], reason: str) -> list[Outcome]:
        outcomes = []
        for flight in flights:
            self._session.supervisor.kill(flight.watched, reason)
            outcome = self._end(flight, CandidateState.FAILED, reason)
            self._population.tell(outcome)
            self._session.finished(outcome)
            outcomes.append(outcome)
        return outcomes

    def submit(self, outcome: Outcome) -> bool:
        """Put a finished candidate's submission in place if it is better than the one there.

        Its scripts, artifacts and members travel along. Artifacts of a member that are too large to
        copy each time stay behind; the ensemble's ``predict.py`` trains such a member again.
        """
        candidate = outcome.candidate
        files = {name: f"{candidate.folder}/{name}" for name in (*_SCRIPTS, "README.md", "artifacts")}
        weights = self.weights(candidate)
        for member in weights:
            folder = self._population[member].candidate.folder
            small = _bytes_in(self._session.workspace.root / folder / "artifacts") <= _LARGEST_MEMBER_BYTES
            names = (*_SCRIPTS, "artifacts") if small else _SCRIPTS
            files |= {f"members/{member}/{name}": f"{folder}/{name}" for name in names}
        return self._session.submit(candidate, outcome.score, files=files, weights=weights)

    def weights(self, candidate: Candidate) -> dict[str, float]:
        """An ensemble's weights by member id; empty for a single candidate."""
        if candidate.operator != "ensemble":
            return {}
        return json.loads(self._session.read(f"{candidate.folder}/artifacts/weights.json"))["weights"]

    def scripts_of(self, candidate: Candidate) -> dict[str, str]:
        """The scripts as they stand in a candidate's folder; an interrupted one may lack some."""
        found = {}
        for name in _SCRIPTS:
            with suppress(SubmissionInvalid):
                found[name] = self._session.read(f"{candidate.folder}/{name}")
        return found

    def log_of(self, candidate: Candidate) -> str:
        """What a candidate's last step printed."""
        for name in ("predict.log", "train.log"):
            with suppress(SubmissionInvalid):
                return self._session.read(f"{candidate.folder}/{name}")
        return ""

    # ------------------------------------------------------------------ steps

    def _advance(self, flight: _InFlight) -> Outcome | None:
        completed = flight.watched.completed()
        flight.cpu_seconds += completed.cpu_seconds
        if completed.returncode != 0:
            tail = completed.output[-_LOG_TAIL_CHARACTERS:].strip()
            return self._end(
                flight, CandidateState.FAILED, _last_line(tail) or f"exit {completed.returncode}"
            )
        if flight.step == "predict":
            self._pace.took("predict", completed.seconds)
            return self._end(flight, CandidateState.FINISHED)
        try:
            self._learn(flight, completed.seconds)
        except (SubmissionInvalid, ValueError) as error:
            return self._end(flight, CandidateState.FAILED, f"Its metrics.json cannot be read: {error}")
        flight.score = self._score(flight.candidate)
        if not flight.score.scored:
            return self._end(flight, CandidateState.FAILED, flight.score.reason)
        best = self._session.best
        if flight.candidate.operator == "ensemble" and not flight.score.better_than(best):
            return self._end(flight, CandidateState.FINISHED)
        flight.step = "predict"
        flight.watched = self._session.launch(
            ["predict.py", "--reuse"] if flight.candidate.operator == "ensemble" else ["predict.py"],
            cwd=flight.candidate.folder,
            name="predict",
            candidate_id=flight.candidate.id,
            cores=flight.cores,
            seconds_limit=max(1.0, self._session.budget.remaining),
        )
        return None

    def _score(self, candidate: Candidate) -> Score:
        before = self._session.budget.elapsed
        completed = self._session.run(
            scoring_command(candidate.folder), timeout_seconds=max(2.0, self._session.budget.remaining)
        )
        self._pace.took("score", self._session.budget.elapsed - before)
        return read_score(completed)

    def _learn(self, flight: _InFlight, seconds: float) -> None:
        """Correct the pace and the memory a job needs by a training that has just ended."""
        if flight.candidate.operator == "ensemble":
            self._pace.took("ensemble", seconds)
            return
        metrics = json.loads(self._session.read(f"{flight.candidate.folder}/artifacts/metrics.json"))
        share = metrics.get("folds_done", 1) / max(1, metrics.get("folds", 1))
        # Beside busy neighbours a second of CPU takes longer than a second; the clock is what is planned with.
        taken = max(flight.cpu_seconds, seconds)
        self._pace.trained(flight.recipe.expected_cpu_seconds, taken, share)
        end = flight.watched.job.ended
        self._largest_job_bytes = max(self._largest_job_bytes, end.max_rss_bytes if end else 0)

    def _end(self, flight: _InFlight, state: CandidateState, reason: str = "") -> Outcome:
        self._flights.remove(flight)
        self._free = sorted([*self._free, *flight.cores])
        return Outcome(
            candidate=flight.candidate,
            state=state,
            score=flight.score if state is CandidateState.FINISHED else None,
            seconds=self._session.budget.elapsed - flight.began,
            cpu_seconds=flight.cpu_seconds,
            reason=reason,
            hint_ids=flight.hint_ids,
        )

    def _deadline(self, recipe: Recipe) -> float:
        """Seconds a training may take; an ensemble's comes out of the reserve that was kept for it."""
        remaining = self._session.budget.remaining
        if recipe.kit == "ensemble":
            return max(1.0, remaining - self._pace.after_training_seconds)
        return max(1.0, self._pace.training_seconds(remaining))

    def _take(self, count: int) -> tuple[int, ...]:
        taken, self._free = self._free[:count], self._free[count:]
        return tuple(taken)

    def _link_members(self, candidate: Candidate, recipe: Recipe) -> None:
        """Show an ensemble its members as ``members/<id>``, so that its scripts need no other path."""
        members = recipe.options.get("members", ()) if recipe.kit == "ensemble" else ()
        folder = self._session.workspace.root / candidate.folder / "members"
        for member in members:
            folder.mkdir(exist_ok=True)
            (folder / member).symlink_to(PurePosixPath("../..") / member)


def _bytes_in(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.iterdir())


def _last_line(text: str) -> str:
    return text.splitlines()[-1].strip() if text else ""


def _readme(candidate: Candidate) -> str:
    return (
        f"{candidate.title}: `python train.py --data FOLDER` trains it, then\n"
        "`python predict.py --data FOLDER` writes submission.csv; FOLDER holds the competition's files.\n"
    )
