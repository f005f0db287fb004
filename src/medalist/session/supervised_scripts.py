"""The scripts of supervised jobs: read without following links, reviewed once, mended, written back, and explained."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Sequence

from medalist.core.errors import JobError
from medalist.core.event import EventLog
from medalist.hints.review import Finding
from medalist.machine.hardware import Hardware
from medalist.session.lessons import Lessons
from medalist.session.supervised import Watched
from medalist.training.checkpoint import Verdict, Verdicts
from medalist.training.kind import Kind, Reader, script_of
from medalist.training.recovery import recover, set_batch
from medalist.training.review import SMALL_BATCH, UNUSED_GPU, Review
from medalist.training.reviewer import Question, Reviewer, Said
from medalist.training.sizing import size_for
from medalist.workspace.files import open_inside
from medalist.workspace.jobs import runs_own_module
from medalist.workspace.workspace import Workspace

_LARGEST_SCRIPT_BYTES = 4_000_000
_LOG_END_CHARACTERS = 8000


class _Texts(dict[str, str | None]):
    """Files of one launch, each read once: what is reviewed, mended and reviewed again is one text."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, path: str) -> str | None:
        self[path] = self._read(path)
        return self[path]


class Refusal(Exception):
    """A script must be fixed and cannot be by machine; the text says what and how. Stays inside this room."""


class Scripts:
    """Reads, reviews and edits the scripts of one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        hardware: Hardware,
        events: EventLog,
        reviewer: Reviewer,
        lessons: Lessons,
        *,
        use_hints: bool = True,
    ) -> None:
        self._workspace = workspace
        self._hardware = hardware
        self._events = events
        self._reviewer = reviewer
        self._lessons = lessons
        self._use_hints = use_hints

    def review(self, watched: Watched) -> None:
        """Read the script behind a launch, mend what a machine can, and note kind and batch on ``watched``.

        Raises Refusal when something that must be fixed is left, or when it trains and may not yet.
        """
        request = watched.request
        if runs_own_module(watched.argv) or not request.checked:
            return
        texts = _Texts(lambda path: self._read(request.cwd, path))
        watched.script = "" if request.program else script_of(watched.argv, texts.__getitem__)
        said = Said(request.kind) if request.program else self._ask(watched, texts)
        watched.kind, found = said.kind, said.review
        if watched.kind.trains and request.training_refused:
            raise Refusal(request.training_refused)
        if found is None:
            return
        asked_for = texts[watched.script] or ""
        if found.must_fix:
            code, mended = self._mend(asked_for, watched, found.must_fix)
            if mended:
                texts[watched.script] = code
                said = self._ask(watched, texts)
                found = said.review or found
                self.write(watched, code)
                watched.code_before_review = asked_for
            self._report(watched, found, mended, asked_for)
        else:
            self._report(watched, found, (), asked_for)
        watched.batch, watched.script_monitors = said.batch, found.monitors
        watched.findings = found.findings
        if found.must_fix:
            raise Refusal(
                " ".join(f"Line {each.line}: {each.message} Fix: {each.fix}" for each in found.must_fix)
            )

    def kind_of(self, argv: Sequence[str], cwd: str) -> Kind:
        """What ``python ARGV...`` does in a folder of the workspace, by its text."""
        question = Question(
            tuple(argv), self._hardware, use_hints=False, beside=self._names_in(cwd), review=False
        )
        return self._reviewer.ask(question, lambda path: self._read(cwd, path)).kind

    def code_of(self, watched: Watched) -> str | None:
        """The text of the launch's own script; None where there is none, or none that can be read."""
        return self._read(watched.request.cwd, watched.script) if watched.script else None

    def write(self, watched: Watched, code: str) -> None:
        """Put ``code`` in the script's place. Raises JobError for a planted link, StoreError for a full disk."""
        relative = _relative(watched.request.cwd, watched.script)
        descriptor = open_inside(self._workspace.root, relative, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(code)

    def explain(self, watched: Watched) -> list[Finding]:
        """The hints that a failed job's log matches, each written to the events."""
        found = self._lessons.explain(watched.job.tail(_LOG_END_CHARACTERS)) if self._use_hints else []
        for finding in found:
            self._fired(watched, finding, source="log", mended=False)
        return found

    def _read(self, cwd: str, path: str) -> str | None:
        try:
            return self._workspace.read(_relative(cwd, path), limit=_LARGEST_SCRIPT_BYTES).decode(
                "utf-8", errors="replace"
            )
        except (FileNotFoundError, JobError):
            return None

    def _ask(self, watched: Watched, texts: _Texts) -> Said:
        request = watched.request
        question = Question(
            watched.argv,
            self._hardware.share(watched.cores),
            request.facts,
            use_hints=self._use_hints,
            beside=self._names_in(request.cwd),
        )
        return self._reviewer.ask(question, texts.__getitem__)

    def _names_in(self, cwd: str) -> tuple[str, ...] | None:
        try:
            return tuple(os.listdir(self._workspace.root / cwd))
        except OSError:
            return None

    def _mend(self, code: str, watched: Watched, findings: Sequence[Finding]) -> tuple[str, tuple[str, ...]]:
        """``code`` with every mechanical fix of ``findings``, and the ids of those that were applied."""
        from medalist.hints.mending import mend_script

        code, by_hints = mend_script(code, [each for each in findings if each.mechanical])
        mended = list(by_hints)
        wanted = {each.hint_id for each in findings}
        if UNUSED_GPU in wanted:
            moved = recover(Verdict(Verdicts.USE_GPU, ""), code, watched.argv, cores=len(watched.cores))
            code, mended = (moved.code, [*mended, UNUSED_GPU]) if moved.code is not None else (code, mended)
        if SMALL_BATCH in wanted:
            facts = watched.request.facts
            sizes = size_for("image", "", facts.image_pixels or 224, self._hardware, facts.rows)
            resized = set_batch(code, watched.argv, sizes.batch)
            if resized.code is not None:
                code, watched.argv = resized.code, resized.argv
                mended.append(SMALL_BATCH)
        return code, tuple(mended)

    def _report(self, watched: Watched, found: Review, mended: Sequence[str], asked_for: str) -> None:
        """``asked_for`` is the script's text as it came, whose hash tells whether the oracle had seen this one."""
        request = watched.request
        self._events.append(
            "script_reviewed",
            name=request.name,
            folder=request.cwd,
            candidate=request.candidate_id,
            script=watched.script,
            sha256=hashlib.sha256(asked_for.encode()).hexdigest(),
            trains=found.kind.name.lower(),
            batch=found.batch,
            monitors=found.monitors,
            verdict="refused" if found.must_fix else "mended" if mended else "approved",
            findings=[f"{each.hint_id} (line {each.line})" for each in found.findings],
            mended=list(mended),
        )
        for finding in found.findings:
            self._fired(watched, finding, source="script", mended=False)
        for hint_id in mended:
            self._events.append(
                "hint_fired",
                name=request.name,
                candidate=request.candidate_id,
                hint=hint_id,
                source="script",
                mended=True,
            )

    def _fired(self, watched: Watched, finding: Finding, *, source: str, mended: bool) -> None:
        self._events.append(
            "hint_fired",
            name=watched.request.name,
            candidate=watched.request.candidate_id,
            hint=finding.hint_id,
            priority=finding.priority,
            source=source,
            line=finding.line,
            message=finding.message,
            fix=finding.fix,
            mended=mended,
        )


def _relative(cwd: str, path: str) -> str:
    """A path given from ``cwd``, counted from the workspace; ``..`` is taken back where it stays inside."""
    return posixpath.normpath(posixpath.join(cwd, path))
