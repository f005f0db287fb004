"""The playbook for competitions: the engineer that needs no language model (SPEC K2, K3, K4).

It puts the sample submission in place, explores, reads the hints, plans, launches a quick baseline,
puts a constant in place while that trains, and goes on improving as a search over candidates
(``playbook_search``) until the budget ends. Every decision is an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import InputError, SubmissionInvalid
from medalist.families.compete.delimited import open_bytes, sniff
from medalist.families.compete.explore import explore_command, refuse_failed
from medalist.families.compete.facts import Facts
from medalist.families.compete.files import find_files
from medalist.families.compete.kit import constant
from medalist.families.compete.operators import Operators
from medalist.families.compete.playbook_bench import Bench, Plan
from medalist.families.compete.playbook_pace import Pace
from medalist.families.compete.playbook_search import Search
from medalist.hints.book import load_hints
from medalist.hints.competition import competition_hints
from medalist.search.population import Population
from medalist.session.session import Session

_QUOTED_CHARACTERS = 2000
_LARGEST_SAMPLE_BYTES = 32 << 20  # reading a larger one would take the parent too long
_BASELINE_SHARE = 0.3  # of the budget, at most, for the first candidate
_SMALL_CPU_SECONDS = 4.0  # a baseline this cheap gains nothing from threads, and leaves cores for the next
_SAMPLE = Candidate(
    id="sample", operator="constant", folder="candidates/sample", title="the sample's own values"
)
_CONSTANT = Candidate(id="c00", operator="constant", folder="candidates/c00", title="a constant")


class PlaybookEngineer:
    """Competes on one competition a session. ``settings`` are the family's (see ``family``)."""

    name = "playbook"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def work(self, session: Session) -> None:
        """Compete until the budget is spent or nothing is left to try.

        Raises InputError when the folder holds nothing that can be competed on.
        """
        if not session.submissions:
            self._submit_sample(session)
        facts = self._explore(session)
        self._read_hints(session)
        weights = session.task.settings.get("weights")
        operators = Operators(
            facts,
            session.hardware,
            session.budget.total_seconds,
            session.rng,
            Path(weights) if weights else None,
        )
        population = Population(session.history)
        pace = Pace(session.budget.total_seconds)
        bench = Bench(session, operators, population, pace)
        search = Search(session, facts, operators, population, bench, pace)
        if not population.finished:
            self._open(session, facts, operators, bench, pace)
        search.run()

    def _submit_sample(self, session: Session) -> None:
        """The sample's own values where they are valid: something stands before anything was looked at (K3).

        A sample that cannot be used is left to exploring, which says why.
        """
        with suppress(InputError):
            sample = find_files(
                session.task.public, sample=str(session.task.settings.get("sample", ""))
            ).sample
            if sample is None or sample.stat().st_size > _LARGEST_SAMPLE_BYTES:
                return
            product = session.write(f"{_SAMPLE.folder}/submission.csv", _text_of(sample))
            if session.validate(product.relative_to(session.workspace.root)).valid:
                session.created(_SAMPLE)
                session.finished(Outcome(_SAMPLE, CandidateState.FINISHED))
                session.submit(_SAMPLE, None)

    def _explore(self, session: Session) -> Facts:
        """Facts left by an earlier process of this attempt, or from looking now."""
        try:
            return Facts.from_json(session.read("facts.json"))
        except SubmissionInvalid:
            pass
        completed = session.run(
            explore_command("facts.json", {**session.task.settings, "metric": session.task.metric}),
            timeout_seconds=session.budget.remaining,
        )
        refuse_failed(completed)
        facts = Facts.from_json(session.read("facts.json"))
        summary = {
            key: value for key, value in asdict(facts).items() if key not in ("columns", "csv_options")
        }
        session.events.append("explored", facts=summary, columns=len(facts.columns))
        for doubt in facts.doubts:
            session.events.append("doubt", text=doubt)
        for leak in facts.leaks:
            session.events.append("leak_found", text=leak)
        return facts

    def _read_hints(self, session: Session) -> None:
        """Into the trajectory: the book and a competition's own hints were read before any training (H2)."""
        if not self._settings.get("hints", True):
            return
        book = load_hints()
        own = competition_hints(session.task.public)
        session.events.append(
            "hints_read",
            hints=len(book),
            sections=list(book.sections),
            competition_hints=own[:_QUOTED_CHARACTERS],
        )

    def _open(self, session: Session, facts: Facts, operators: Operators, bench: Bench, pace: Pace) -> None:
        """Plan, launch the baseline, and put a constant in place while it trains."""
        session.events.append(
            "plan",
            drafts=[recipe.title for recipe in operators.waiting],
            budget_seconds=session.budget.total_seconds,
            reserve_seconds=round(pace.reserve_seconds, 1),
        )
        recipe = operators.baseline()
        large = recipe.expected_cpu_seconds > _SMALL_CPU_SECONDS
        seconds = _BASELINE_SHARE * session.budget.total_seconds
        bench.start(Plan("draft", recipe), all_cores=large, at_most_seconds=seconds)
        if session.best is None:
            self._submit_constant(session, facts)

    def _submit_constant(self, session: Session, facts: Facts) -> None:
        """The best constant guess: a valid submission before anything has been learned (K3)."""
        for name, text in constant.scripts(facts).items():
            session.write(f"{_CONSTANT.folder}/{name}", text)
        session.created(_CONSTANT)
        reason = self._failure_of_constant(session)
        session.finished(
            Outcome(_CONSTANT, CandidateState.FAILED if reason else CandidateState.FINISHED, reason=reason)
        )
        if reason and facts.sample_file:
            session.write(
                f"{_CONSTANT.folder}/submission.csv", _text_of(session.task.public / facts.sample_file)
            )
        session.submit(_CONSTANT, None, files=("train.py", "predict.py", "artifacts"))

    def _failure_of_constant(self, session: Session) -> str:
        """Run the constant's scripts; why they failed, or ""."""
        for script in ("train.py", "predict.py"):
            completed = session.run([script], cwd=_CONSTANT.folder, name=script.removesuffix(".py"))
            if completed.returncode != 0:
                return "".join(completed.output.strip().splitlines()[-1:]) or f"exit {completed.returncode}"
        return ""


def _text_of(table: Path) -> str:
    """A table as text, unpacked where it is zipped. Raises InputError when it cannot be read."""
    with open_bytes(table) as file:
        return file.read().decode(sniff(table).encoding, errors="replace")
