"""A team (SPEC K12): what several engineers made of one task, joined by their validation predictions.

Each member's submission is taken in, scored anew on this attempt's own terms, and the family's
ensemble chooses weights on the predictions for rows that no model had seen. Whoever left nothing
that can be scored is left out and named. Needs no language model, and knows no family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medalist.session.session import Session
from medalist.session.workshop import Workshop


class TeamEngineer:
    """Joins the attempts in the folders ``members``; ``settings`` are the attempt's, and none is read.

    With fewer than two members that fit together the best one's submission stands by itself. A team in
    which nobody left anything falls back to the family's emergency submission.
    """

    name = "team"

    def __init__(self, members: Sequence[Path], settings: Mapping[str, Any]) -> None:
        self._members = tuple(members)

    def work(self, session: Session) -> None:
        """Adopt, then close, which blends. Raises InputError when there is nothing that can be worked on."""
        workshop: Workshop = session.family.workshop(session)
        known = {
            outcome.candidate.title for outcome in session.history if outcome.candidate.operator == "member"
        }
        adopted = [
            workshop.adopt(member / "submission", member.name)
            for member in self._members
            if member.name not in known
        ]
        left_out = [outcome for outcome in adopted if outcome.reason]
        session.note(
            f"{len(adopted) - len(left_out)} of {len(adopted)} members' submissions can be scored"
            + "".join(f"; {each.candidate.title} is left out: {each.reason.rstrip('.')}" for each in left_out)
            + "."
        )
        if not workshop.population.finished:
            workshop.prepare()
        workshop.close()
