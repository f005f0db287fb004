"""The session: everything an engineer can do in one attempt, and the checks it cannot go round.

An engineer never touches the workspace's jobs itself. It launches through the session, which has
every training script reviewed and every training job watched (``session.supervisor``); it submits
through the session, which takes its own copy, validates that, and swaps it in only when it is
better. A hidden score never enters here.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from medalist.core.budget import Budget, Limits
from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import StoreError, SubmissionInvalid
from medalist.core.event import EventLog
from medalist.core.family import Family, Validation
from medalist.core.patience import when_there_is_room, write_whole
from medalist.core.score import Score
from medalist.core.task import Task
from medalist.hints.book import load_hints
from medalist.hints.competition import competition_hints
from medalist.machine.hardware import Hardware
from medalist.session.supervisor import LaunchRequest, News, Supervisor, Watched
from medalist.training.review import ScriptFacts
from medalist.workspace.files import make_folder_inside, open_inside
from medalist.workspace.handover import read_inside, take_file, take_tree
from medalist.workspace.jobs import runs_own_module
from medalist.workspace.workspace import Completed, Workspace

_QUOTED_CHARACTERS = 2000


Judge = Callable[[Path, Callable[[], bool]], Mapping[str, Any]]
"""Runs a family's judge in a process of its own on a file out of the workspace's reach, and gives its report.

It may take minutes, unless the second argument, which is asked now and then, says that it is waited for no more. May be
called in any thread.
"""


@dataclass
class Session:
    """One engineer's hands on one attempt. Built by ``runs.attempt``, used by one engineer.

    ``history`` holds the outcomes of an earlier process of the same attempt, oldest first, and
    ``best`` the score of the submission that stands in ``attempt_dir/submission`` (None when none
    does, or when it has no score). ``cores`` are the ids this attempt may use. ``judge``, where the family
    has one for use meanwhile (``core.family.JudgesMeanwhile``), is that.
    """

    task: Task
    family: Family
    workspace: Workspace
    supervisor: Supervisor
    budget: Budget
    limits: Limits
    hardware: Hardware
    events: EventLog
    cores: tuple[int, ...]
    attempt_dir: Path
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Outcome] = ()
    best: Score | None = None
    submissions: int = 0
    judge: Judge | None = None
    refusal: str = ""
    """Why the last product that was handed in and stayed out did so."""
    _waiting_news: list[News] = field(default_factory=list)

    @property
    def rng(self) -> random.Random:
        """A fresh generator for this attempt's seed; the same sequence on every call."""
        return random.Random(self.seed)

    @property
    def submission_dir(self) -> Path:
        """Where the submission in place stands; a link swapped atomically to the newest folder."""
        return self.attempt_dir / "submission"

    def note(self, text: str) -> None:
        """A sentence for the timeline."""
        self.events.append("note", text=text)

    # ------------------------------------------------------------------ code

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_seconds: float | None = None,
        cwd: str = ".",
        cores: Sequence[int] = (),
        name: str = "command",
    ) -> Completed:
        """Run a short command to its end; ``argv`` is what follows ``python``.

        A family's own commands (``-m medalist.families...``) run as they are. Anything else goes through
        the supervisor, so a script that trains, or outlives 30 seconds, is under every check here too.
        """
        limit = min(timeout_seconds or self.limits.command_seconds, self.limits.command_seconds)
        if runs_own_module(argv):
            return self.workspace.run(argv, timeout_seconds=limit, cwd=cwd, cores=tuple(cores))
        watched = self.launch(argv, cwd=cwd, name=name, cores=tuple(cores), seconds_limit=limit)
        while not watched.ended:
            self._waiting_news += self.supervisor.poll()
            watched.job.wait(0.1)
        return watched.completed()

    def launch(
        self,
        argv: Sequence[str],
        *,
        cwd: str = ".",
        name: str = "job",
        candidate_id: str = "",
        cores: Sequence[int] = (),
        seconds_limit: float | None = None,
        facts: ScriptFacts | None = None,
        sizing_key: str = "",
    ) -> Watched:
        """Start a job in the background, reviewed first and watched until it ends.

        ``facts`` say what the script trains on (rows, image size, classes) and ``sizing_key`` which
        measured batch sizes apply (``training.sizing.job_key``); both sharpen the checks. A script
        with must-fix findings that cannot be mended mechanically is not started: the
        returned job has ended, and its news say what to fix.
        """
        request = LaunchRequest(
            argv=tuple(argv),
            cwd=cwd,
            name=name,
            candidate_id=candidate_id,
            cores=tuple(cores),
            seconds_limit=seconds_limit,
            facts=facts or ScriptFacts(),
            sizing_key=sizing_key,
        )
        return self.start(request)

    def start(self, request: LaunchRequest) -> Watched:
        """As ``launch``, for a request in full; what it leaves open, cores and time limit, is the attempt's."""
        longest = self.limits.command_seconds
        limit = min(request.seconds_limit or longest, longest)
        return self.supervisor.launch(
            replace(request, cores=request.cores or self.cores, seconds_limit=limit)
        )

    def wait(self, timeout_seconds: float) -> list[News]:
        """What happened to jobs; returns at the first news, or empty after ``timeout_seconds``."""
        news, self._waiting_news = self._waiting_news, []
        if news:
            return news
        return self.supervisor.wait(timeout_seconds)

    def read_hints(self) -> None:
        """Into the trajectory: the book and the task's own hints were read before any training (SPEC H2)."""
        book = load_hints()
        own = competition_hints(self.task.public)
        self.events.append(
            "hints_read",
            hints=len(book),
            sections=list(book.sections),
            competition_hints=own[:_QUOTED_CHARACTERS],
        )

    def learn(self, log: str, fix: str, evidence: str) -> None:
        """Keep what resolved a failure, for later ones (``session.lessons``); nothing where hints are off."""
        self.supervisor.lessons.learn(log, fix, evidence)

    def read(self, relative: str | Path) -> str:
        """The text of a file in the workspace; links are not followed. Raises SubmissionInvalid."""
        return read_inside(self.workspace.root, relative)

    def write(self, relative: str | Path, text: str) -> Path:
        """Write a text file in the workspace, folders included; never through a link.

        Raises JobError for a path that is a link or leads out, StoreError when the disk refuses.
        """
        place = PurePosixPath(relative)
        root = self.workspace.root

        def write() -> None:
            make_folder_inside(root, str(place.parent))
            descriptor = open_inside(root, str(place), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)

        try:
            when_there_is_room(write)
        except OSError as error:
            raise StoreError(
                f"{relative} cannot be written: {error.strerror or error}.",
                where=str(root / place),
                next_step="Free disk space or give another folder with --out.",
            ) from error
        return root / place

    # ------------------------------------------------------------ candidates

    def created(self, candidate: Candidate) -> None:
        """Announce a candidate whose files stand in the workspace."""
        self.events.append(
            "candidate_created",
            candidate=candidate.id,
            operator=candidate.operator,
            parents=list(candidate.parents),
            folder=candidate.folder,
            title=candidate.title,
            recipe=dict(candidate.recipe),
        )

    def finished(self, outcome: Outcome) -> None:
        """Record what became of a candidate."""
        finished = outcome.state is CandidateState.FINISHED
        self.events.append(
            "candidate_finished" if finished else "candidate_failed",
            candidate=outcome.candidate.id,
            operator=outcome.candidate.operator,
            title=outcome.candidate.title,
            score=outcome.score.as_dict() if outcome.score else None,
            seconds_used=round(outcome.seconds, 3),
            cpu_seconds=round(outcome.cpu_seconds, 3),
            reason=outcome.reason,
            hint_ids=list(outcome.hint_ids),
        )

    # ------------------------------------------------------------ submitting

    def validate(self, relative: str | Path) -> Validation:
        """Whether a file of the workspace is a well-formed product; never raises for its content."""
        staged = self.attempt_dir / ".staged" / self.family.product
        try:
            take_file(self.workspace.root, relative, staged)
        except SubmissionInvalid as refused:
            return Validation(False, refused.what)
        validation = self.family.validate(self.task, staged)
        staged.unlink()
        return validation

    def submit(
        self,
        candidate: Candidate,
        score: Score | None,
        *,
        files: Sequence[str] | Mapping[str, str] = (),
        product: str = "",
        weights: Mapping[str, float] | None = None,
        decided: bool = False,
    ) -> bool:
        """Put a candidate's product in place if it is valid and better than the one there.

        ``product`` and ``files`` (files or folders that should travel along) are relative to the
        candidate's folder; a mapping of ``files`` says where in the workspace each name lies instead.
        ``product`` defaults to the family's. ``weights`` say what each member of an ensemble counts,
        by id, and are told with the submission. ``score`` is the validation score;
        None stands for a guess that nothing was learned for, which goes in while nothing scored stands. With
        ``decided`` it is the engineer's last word, and goes in whatever scores stand against it.
        Everything is copied out of the
        workspace first and validated there, so that it cannot change afterwards. Returns whether it
        is in place now. Raises StoreError when it cannot be written; what stood there stays.
        """
        better = self.best is None or (score is not None and score.better_than(self.best))
        if not (better or decided):
            self.refuse(candidate, score, "not better than the submission in place")
            return False
        folder = self.attempt_dir / "submissions" / f"{self.submissions + 1:03d}-{candidate.id}"
        shutil.rmtree(folder, ignore_errors=True)
        root, source = self.workspace.root, Path(candidate.folder)
        try:
            take_file(root, source / (product or self.family.product), folder / self.family.product)
            validation = self.family.validate(self.task, folder / self.family.product)
            self.events.append(
                "validated", candidate=candidate.id, valid=validation.valid, reason=validation.reason
            )
            if not validation.valid:
                raise SubmissionInvalid(validation.reason)
            places = files if isinstance(files, Mapping) else {name: str(source / name) for name in files}
            for name, place in places.items():
                if (root / place).is_dir():
                    take_tree(root, place, folder / name)
                elif (root / place).exists():
                    take_file(root, place, folder / name)
        except SubmissionInvalid as refused:
            shutil.rmtree(folder, ignore_errors=True)
            self.refuse(candidate, score, refused.what)
            return False
        self._swap_in(folder)
        self.submissions += 1
        self.best = score
        self.events.append(
            "submitted",
            candidate=candidate.id,
            title=candidate.title,
            score=score.as_dict() if score else None,
            better_than_constant=score is not None,
            weights=dict(weights or {}),
            file=str(self.submission_dir / self.family.product),
        )
        return True

    def update(self, text: str) -> None:
        """Put a fuller version of the product in place, one that its family wrote itself and vouches for.

        For products that grow part by part, hundreds of times: whole or not at all, but without a look at it and
        without a word in the trajectory; ``submit`` comes before it, and again at the end. Raises StoreError.
        """
        write_whole(self.submission_dir.resolve() / self.family.product, text)

    def refuse(self, candidate: Candidate, score: Score | None, reason: str) -> None:
        """Record why a candidate's product stays out."""
        self.refusal = reason
        self.events.append(
            "submission_refused",
            candidate=candidate.id,
            score=score.as_dict() if score else None,
            reason=reason,
        )

    def _swap_in(self, folder: Path) -> None:
        """Point ``submission`` at ``folder`` in one rename, then drop what it pointed at before."""
        link = self.submission_dir
        before = link.resolve() if link.is_symlink() else None
        fresh = self.attempt_dir / ".submission-next"
        try:
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(os.path.relpath(folder, self.attempt_dir))
            fresh.replace(link)
        except OSError as error:
            raise StoreError(
                f"The submission cannot be put in place: {error.strerror or error}.",
                where=str(link),
                next_step="Free disk space or give another folder with --out.",
            ) from error
        if before is not None and before != folder.resolve():
            shutil.rmtree(before, ignore_errors=True)
