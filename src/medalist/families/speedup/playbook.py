"""The playbook for speed-up tasks: the engineer that needs no language model (SPEC S7).

It hands in the unchanged program first, so that no ending leaves nothing, then lets the optimiser search, and hands in
what is faster and was proven equal on inputs drawn afterwards. ``optimisation.md`` beside it says what was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import InputError
from medalist.core.score import Direction, Score
from medalist.families.speedup.optimiser.laboratory import Laboratory
from medalist.families.speedup.optimiser.optimising import Optimising, Result
from medalist.families.speedup.optimiser.probing import Probing
from medalist.families.speedup.optimiser.report import report_of
from medalist.families.speedup.optimiser.requests import Source
from medalist.families.speedup.optimiser.search import Teller
from medalist.families.speedup.optimiser.transformation import Edit
from medalist.session.session import Session

REPORT = "optimisation.md"

_FOLDER = "optimiser"
_RESERVE_SECONDS = 10.0


class SpeedupPlaybook:
    """Makes one program faster a session. ``settings`` are the family's; none of them changes what it does."""

    name = "playbook"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def work(self, session: Session) -> None:
        """Optimise until nothing more is found or the budget ends. Raises InputError for a program that is no text."""
        told = session.task.settings
        try:
            original = (session.task.public / told["program"]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"The program cannot be read: {error}.", where=told["program"]) from None
        _hand_in(session, "original", "the program as it is", original, 1.0)
        optimising = Optimising(
            laboratory_in(session, original),
            _teller(session),
            seed=session.seed,
            remaining=lambda: session.budget.remaining - _RESERVE_SECONDS,
        )
        _conclude(session, optimising.work())


def laboratory_in(session: Session, original: str) -> Laboratory:
    """Where the optimiser tries what becomes of ``original``, a text of the session's program."""
    told = session.task.settings
    file, _, maker = told["maker"].partition(":")
    source = Source(
        entry=told["entry"],
        maker_file=f"input/{file}",
        maker=maker,
        rules=tuple((rule["pattern"], rule["rtol"], rule["atol"]) for rule in told["outputs"]),
        answers=f"{_FOLDER}/answers",
        threads=told["threads"],
    )
    probing = Probing(session, _FOLDER, session.cores[: told["threads"]])
    return Laboratory(probing, source, original, lambda: session.budget.remaining - _RESERVE_SECONDS)


def _teller(session: Session) -> Teller:
    def record(edit: Edit, reason: str, gain: float) -> None:
        session.events.append(
            "family.edit_tried",
            transformation=edit.transformation,
            title=edit.title,
            kept=not reason,
            gain=round(gain, 3),
            reason=reason,
        )
        session.note(
            f"Kept, {gain:.2f} times as fast: {edit.title}." if not reason else f"Not kept: {reason}."
        )

    return Teller(session.note, record)


def _conclude(session: Session, result: Result) -> None:
    report = report_of(result)
    session.write(REPORT, report)
    if result.proof is None:
        session.note(result.said)
        return
    session.events.append(
        "family.optimised",
        ratio=round(result.proof.ratio, 2),
        proof=[call.name for call in result.proof.calls],
        excess=dict(result.proof.excess),
        steps=[
            {
                "transformation": step.edit.transformation,
                "title": step.edit.title,
                "gain": round(step.gain, 3),
                "verified": step.worst,
            }
            for step in result.steps
        ],
    )
    count = len(result.steps)
    made_by = f"{count} {'transformation' if count == 1 else 'transformations'}"
    _hand_in(session, "optimised", made_by, result.text, result.proof.ratio, report)
    session.note(
        f"{result.proof.ratio:.1f} times as fast by {made_by}, equal on {len(result.proof.calls)} inputs"
        f" drawn afterwards ({result.proof.worst})."
    )


def _hand_in(session: Session, name: str, title: str, text: str, ratio: float, report: str = "") -> None:
    folder = f"candidates/{name}"
    session.write(f"{folder}/{session.family.product}", text)
    if report:
        session.write(f"{folder}/{REPORT}", report)
    candidate = Candidate(name, "optimise" if report else "draft", folder=folder, title=title)
    session.created(candidate)
    score = Score(session.task.metric, session.task.direction or Direction.MAXIMIZE, "validation", ratio)
    session.finished(Outcome(candidate, CandidateState.FINISHED, score))
    session.submit(candidate, score, files=(REPORT,))
