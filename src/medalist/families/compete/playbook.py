"""The playbook for competitions: the engineer that needs no language model (SPEC K2, K3, K4).

It puts the sample submission in place, explores, reads the hints, plans, launches a quick baseline,
puts a constant in place while that trains, and goes on improving as a search over candidates
(``playbook_search``) until the budget ends. Every decision is an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medalist.families.compete.playbook_search import Search
from medalist.families.compete.workshop import CompeteWorkshop
from medalist.search.tree import TreeSearch, TreeSettings
from medalist.session.session import Session


class PlaybookEngineer:
    """Competes on one competition a session. ``settings`` are the family's (see ``family``)."""

    name = "playbook"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def work(self, session: Session) -> None:
        """Compete until the budget is spent or nothing is left to try.

        Raises InputError when the folder holds nothing that can be competed on.
        """
        workshop = CompeteWorkshop(session)
        workshop.explore()
        if self._settings.get("hints", True):
            session.read_hints()
        if workshop.population.finished:
            workshop.take_up_interrupted()
        else:
            session.events.append(
                "plan",
                drafts=[recipe.title for recipe in workshop.operators.waiting],
                budget_seconds=session.budget.total_seconds,
                reserve_seconds=round(workshop.pace.reserve_seconds, 1),
            )
            workshop.begin()
        Search(workshop, TreeSearch(TreeSettings(drafts=workshop.operators.planned), session.rng)).run()
