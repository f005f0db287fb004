"""How every attempt at a competition opens, whoever the engineer is (SPEC K2, K3).

The sample's own values stand first, then exploring says what the competition is, then a constant
stands; what is trained beside that is the workshop's. Each step submits only through the session.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import InputError, SubmissionInvalid
from medalist.families.compete.delimited import open_bytes, sniff
from medalist.families.compete.explore import explore_command, refuse_failed
from medalist.families.compete.facts import Facts
from medalist.families.compete.files import find_files
from medalist.families.compete.kit import constant
from medalist.session.session import Session

FACTS = "facts.json"
_LARGEST_SAMPLE_BYTES = 32 << 20  # reading a larger one would take the parent too long
GUESS = "constant"
"""The operator of submissions that nothing was learned for."""
_SAMPLE = Candidate(id="sample", operator=GUESS, folder="candidates/sample", title="the sample's own values")
_CONSTANT = Candidate(id="c00", operator=GUESS, folder="candidates/c00", title="a constant")


def submit_sample(session: Session) -> None:
    """The sample's own values where they are valid: something stands before anything was looked at (K3).

    A sample that cannot be used is left to exploring, which says why.
    """
    with suppress(InputError):
        sample = find_files(session.task.public, sample=str(session.task.settings.get("sample", ""))).sample
        if sample is None or sample.stat().st_size > _LARGEST_SAMPLE_BYTES:
            return
        product = session.write(f"{_SAMPLE.folder}/submission.csv", _text_of(sample))
        if session.validate(product.relative_to(session.workspace.root)).valid:
            session.created(_SAMPLE)
            session.finished(Outcome(_SAMPLE, CandidateState.FINISHED))
            session.submit(_SAMPLE, None)


def explore(session: Session) -> Facts:
    """Facts left by an earlier process of this attempt, or from looking now. Raises InputError."""
    try:
        return Facts.from_json(session.read(FACTS))
    except SubmissionInvalid:
        pass
    completed = session.run(
        explore_command(FACTS, {**session.task.settings, "metric": session.task.metric}),
        timeout_seconds=session.budget.remaining,
    )
    refuse_failed(completed)
    facts = Facts.from_json(session.read(FACTS))
    summary = {key: value for key, value in asdict(facts).items() if key not in ("columns", "csv_options")}
    session.events.append("explored", facts=summary, columns=len(facts.columns))
    for doubt in facts.doubts:
        session.events.append("doubt", text=doubt)
    for leak in facts.leaks:
        session.events.append("leak_found", text=leak)
    return facts


def submit_constant(session: Session, facts: Facts) -> None:
    """The best constant guess: a valid submission before anything has been learned (K3)."""
    for name, text in constant.scripts(facts).items():
        session.write(f"{_CONSTANT.folder}/{name}", text)
    session.created(_CONSTANT)
    reason = _failure_of_constant(session)
    session.finished(
        Outcome(_CONSTANT, CandidateState.FAILED if reason else CandidateState.FINISHED, reason=reason)
    )
    if reason and facts.sample_file:
        session.write(f"{_CONSTANT.folder}/submission.csv", _text_of(session.task.public / facts.sample_file))
    session.submit(_CONSTANT, None, files=("train.py", "predict.py", "artifacts"))


def _failure_of_constant(session: Session) -> str:
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
