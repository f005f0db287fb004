"""The tool that turns a folder into a candidate, has it scored, and puts it in place if it is better."""

from __future__ import annotations

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Score, ScoreStatus
from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.places import folder_of
from medalist.tools.telling import in_place


async def submit(desk: Desk, folder: str, title: str = "") -> str:
    """Hand in what a folder's scripts made. It is validated, its validation score is recomputed, and it
    replaces the submission in place if that score is better; what is in place is never lost.

    folder: The folder, relative to the workspace, with its scripts and what they wrote.
    title: What this solution is, in a few words.
    """
    session, workshop = desk.session, desk.workshop
    relative = folder_of(desk, folder)
    product = session.family.product
    validation = session.validate(f"{relative}/{product}")
    if not validation.valid:
        raise Refused(f"{folder}/{product} is not valid: {validation.reason}")
    candidate = Candidate(
        workshop.population.next_id(), "agent", folder=relative, title=title or f"what {folder} holds"
    )
    session.created(candidate)
    score = workshop.score(relative)
    usable = score.scored or score.status is ScoreStatus.UNSCORED
    state = CandidateState.FINISHED if usable else CandidateState.FAILED
    outcome = Outcome(candidate, state, score, reason=score.reason)
    workshop.population.tell(outcome)
    session.finished(outcome)
    if not usable:
        raise Refused(f"There is no validation score for {folder}: {score.reason}. {in_place(session)}")
    if workshop.submit(candidate, score):
        return f"Submitted as {candidate.id}: {_shown(score)}. It is in place now."
    return f"{candidate.id}: {_shown(score)}. It was not put in place: {session.refusal}. {in_place(session)}"


def _shown(score: Score) -> str:
    if not score.scored:
        return score.reason
    noise = f" ± {score.noise:.2g}" if score.noise else ""
    return f"validation {score.metric} {score.value:.6g}{noise} ({score.direction} is better)"
