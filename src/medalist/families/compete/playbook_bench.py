"""The bench: candidates on their way from a draft to a scored outcome, several at a time.

A candidate goes through steps in the cores it was given: train (in the background, watched), score
(a short child), predict, and submit where that is better than what stands. Whatever goes wrong at
any step becomes a failed outcome with a reason; nothing here ends the attempt. The parent reads JSON
and text only, never arrays.

Drafts come from the family's kits, with a recipe, or from elsewhere (a language model, say), without.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import JobError, SubmissionInvalid
from medalist.core.score import Score
from medalist.families.compete.candidate_files import is_blend, source_files
from medalist.families.compete.facts import Facts
from medalist.families.compete.judging import Judge
from medalist.families.compete.kit.scripts import working_problem
from medalist.families.compete.playbook_pace import Pace
from medalist.families.compete.recipes import sizing_key
from medalist.search.population import Population
from medalist.session.session import Session
from medalist.session.supervisor import Watched
from medalist.session.workshop import Draft
from medalist.training.review import ScriptFacts
from medalist.workspace.handover import take_tree

_LARGEST_MEMBER_BYTES = 64 << 20


@dataclass
class _InFlight:
    """A candidate between launch and outcome."""

    candidate: Candidate
    draft: Draft
    cores: tuple[int, ...]
    step: str
    watched: Watched
    began: float
    cpu_seconds: float = 0.0
    score: Score | None = None


class Bench:
    """Runs candidates for one session and tells the population what became of them."""

    def __init__(
        self, session: Session, facts: Facts, judge: Judge, population: Population, pace: Pace
    ) -> None:
        self._session = session
        self._facts = facts
        self._judge = judge
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

    def has_room(self, threads: int) -> bool:
        """Whether cores, and memory by the largest job so far, allow one more candidate now."""
        memory = self._session.hardware.memory_bytes
        enough = not self._flights or (len(self._flights) + 1) * self._largest_job_bytes < 0.8 * memory
        return threads <= len(self._free) and enough

    def start(self, draft: Draft, *, all_cores: bool = False, after: Candidate | None = None) -> Candidate:
        """Write a candidate's files and launch its training; predict.py is written while it trains.

        Training is asked to end by a deadline that follows from the pace and the draft. It is killed
        much later than that, for one slow fold of a baseline is better than none. ``after`` is an
        interrupted candidate whose models it goes on from.
        """
        session = self._session
        name = self._population.next_id()
        candidate = Candidate(
            id=name,
            operator=draft.operator,
            parents=draft.parents,
            folder=f"candidates/{name}",
            title=draft.title,
            recipe=draft.recipe,
        )
        files = dict(draft.files)
        session.write(f"{candidate.folder}/train.py", files.pop("train.py"))
        self._link_members(candidate)
        session.created(candidate)
        self._population.start(candidate)
        cores = self._take(len(self._free) if all_cores else draft.threads)
        latest = self._deadline(candidate)
        seconds = min(latest, draft.at_most_seconds)
        if after is not None:
            root = session.workspace.root
            take_tree(root, f"{after.folder}/artifacts", root / candidate.folder / "artifacts")
        watched = session.launch(
            ["train.py", "--seconds", f"{seconds:.1f}", *(["--resume"] if after else [])],
            cwd=candidate.folder,
            name="train",
            candidate_id=candidate.id,
            cores=cores,
            seconds_limit=min(latest, 2 * seconds) + self._pace.after_training_seconds,
            facts=script_facts(self._facts, draft.recipe),
            sizing_key=sizing_key(draft.recipe),
        )
        self._flights.append(_InFlight(candidate, draft, cores, "train", watched, session.budget.elapsed))
        try:
            for file_name, text in {**files, "README.md": _readme(candidate)}.items():
                session.write(f"{candidate.folder}/{file_name}", text)
        except JobError as error:  # what trains has planted a link there
            session.supervisor.kill(watched, error.what)
        return candidate

    def collect(self) -> list[Outcome]:
        """Move on every candidate whose step has ended; those that came to their end."""
        ended = [flight for flight in self._flights if flight.watched.ended]
        outcomes = [outcome for flight in ended if (outcome := self._moved_on(flight))]
        for outcome in outcomes:
            self._population.tell(outcome)
            self._session.finished(outcome)
        return outcomes

    def stop_training(self, reason: str) -> list[Outcome]:
        """Kill single candidates that still train; those that only predict, and ensembles, go on."""
        return self._stop(
            [f for f in self._flights if f.step == "train" and not is_blend(f.candidate)], reason
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

    def submit(self, candidate: Candidate, score: Score | None) -> bool:
        """Put a candidate's submission in place if it is better than the one there.

        Its scripts, artifacts and members travel along. Artifacts of a member that are too large to
        copy each time stay behind; the ensemble's ``predict.py`` trains such a member again.
        """
        files = {name: f"{candidate.folder}/{name}" for name in self._names(candidate)}
        try:
            weights = self.weights(candidate)
        except (SubmissionInvalid, ValueError, KeyError) as error:
            self._session.refuse(candidate, score, f"its weights cannot be read: {error}")
            return False
        for member in weights:
            other = self._population[member].candidate
            small = (
                _bytes_in(self._session.workspace.root / other.folder / "artifacts") <= _LARGEST_MEMBER_BYTES
            )
            names = self._names(other) if small else source_files(self._session, other)
            files |= {f"members/{member}/{name}": f"{other.folder}/{name}" for name in names}
        return self._session.submit(candidate, score, files=files, weights=weights)

    def _names(self, candidate: Candidate) -> list[str]:
        """What of a candidate's folder travels with its submission; members of its own are others' to bring."""
        own = [] if is_blend(candidate) else ["members"]
        return [*source_files(self._session, candidate), "README.md", "artifacts", *own]

    def weights(self, candidate: Candidate) -> dict[str, float]:
        """An ensemble's weights by member id; empty for a single candidate."""
        if not is_blend(candidate):
            return {}
        return json.loads(self._session.read(f"{candidate.folder}/artifacts/weights.json"))["weights"]

    # ------------------------------------------------------------------ steps

    def _moved_on(self, flight: _InFlight) -> Outcome | None:
        try:
            return self._advance(flight)
        except JobError as error:  # its next script has gone, say
            return self._end(flight, CandidateState.FAILED, error.what)

    def _advance(self, flight: _InFlight) -> Outcome | None:
        completed = flight.watched.completed()
        flight.cpu_seconds += completed.cpu_seconds
        if completed.returncode != 0:
            return self._end(flight, CandidateState.FAILED, flight.watched.why_it_failed())
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
        blend = is_blend(flight.candidate)
        if blend and not flight.score.better_than(self._session.best):
            return self._end(flight, CandidateState.FINISHED)
        flight.step = "predict"
        flight.watched = self._session.launch(
            ["predict.py", "--reuse"] if blend else ["predict.py"],
            cwd=flight.candidate.folder,
            name="predict",
            candidate_id=flight.candidate.id,
            cores=flight.cores,
            seconds_limit=max(1.0, self._session.budget.remaining),
        )
        return None

    def _score(self, candidate: Candidate) -> Score:
        before = self._session.budget.elapsed
        score = self._judge.score(candidate.folder)
        self._pace.took("score", self._session.budget.elapsed - before)
        return score

    def _learn(self, flight: _InFlight, seconds: float) -> None:
        """Correct the pace and the memory a job needs by a training that has just ended."""
        if is_blend(flight.candidate):
            self._pace.took("ensemble", seconds)
            return
        end = flight.watched.job.ended
        self._largest_job_bytes = max(self._largest_job_bytes, end.max_rss_bytes if end else 0)
        if not flight.candidate.recipe:
            return
        metrics = json.loads(self._session.read(f"{flight.candidate.folder}/artifacts/metrics.json"))
        share = metrics.get("folds_done", 1) / max(1, metrics.get("folds", 1))
        # Beside busy neighbours a second of CPU takes longer than a second; the clock is what is planned with.
        taken = max(flight.cpu_seconds, seconds)
        self._pace.trained(flight.draft.expected_cpu_seconds, taken, share)

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
            hint_ids=flight.draft.hint_ids,
        )

    def _deadline(self, candidate: Candidate) -> float:
        """Seconds a training may take; an ensemble's comes out of the reserve that was kept for it."""
        remaining = self._session.budget.remaining
        if is_blend(candidate):
            return max(1.0, remaining - self._pace.after_training_seconds)
        return max(1.0, self._pace.training_seconds(remaining))

    def _take(self, count: int) -> tuple[int, ...]:
        taken, self._free = self._free[:count], self._free[count:]
        return tuple(taken)

    def _link_members(self, candidate: Candidate) -> None:
        """Show an ensemble its members as ``members/<id>``, so that its scripts need no other path."""
        if candidate.operator != "ensemble":
            return
        folder = self._session.workspace.root / candidate.folder / "members"
        for member in candidate.parents:
            folder.mkdir(exist_ok=True)
            target = self._session.workspace.root / self._population[member].candidate.folder
            (folder / member).symlink_to(os.path.relpath(target, folder))


def script_facts(facts: Facts, recipe: Mapping[str, Any]) -> ScriptFacts:
    """What a candidate trains on: images at the size its recipe asks for, else at their own."""
    guesses_classes = len(facts.targets) == 1 and working_problem(facts) != "regression"
    own = max(facts.image.width, facts.image.height) if facts.image else None
    return ScriptFacts(
        rows=facts.rows_train,
        image_pixels=recipe.get("options", {}).get("size", own),
        classes=len(facts.classes) if guesses_classes else None,
    )


def _bytes_in(folder: Path) -> int:
    """Of the files directly in a folder; nothing where somebody took it away."""
    try:
        return sum(path.lstat().st_size for path in folder.iterdir())
    except OSError:
        return 0


def _readme(candidate: Candidate) -> str:
    return (
        f"{candidate.title}: `python train.py --data FOLDER` trains it, then\n"
        "`python predict.py --data FOLDER` writes submission.csv; FOLDER holds the competition's files.\n"
    )
