"""The playbook's search: a policy over a workshop's own drafts, side by side until the budget ends."""

from __future__ import annotations

from medalist.search.policy import Policy
from medalist.session.workshop import Draft, Workshop

_LONGEST_LOOK_SECONDS = 0.5
_SHORTEST_LOOK_SECONDS = 0.02
_DECLINED_IN_A_ROW = 50


class Search:
    """One session's search. ``run`` returns when the budget is spent or nothing is left to try."""

    def __init__(self, workshop: Workshop, policy: Policy) -> None:
        self._workshop = workshop
        self._policy = policy
        self._pending: Draft | None = None

    def run(self) -> None:
        while self._workshop.seconds_left:
            self._fill()
            if not self._workshop.busy:
                break
            seconds = min(_LONGEST_LOOK_SECONDS, max(_SHORTEST_LOOK_SECONDS, self._workshop.seconds_left))
            for outcome in self._workshop.collect(seconds):
                self._policy.tell(outcome)
        self._workshop.close()

    def _fill(self) -> None:
        """Start candidates while there is room; one that needs more cores than are free waits for them."""
        while self._workshop.has_free_cores:
            draft = self._pending or self._next_draft()
            if draft is None:
                return
            self._pending = None
            if not self._workshop.room_for(draft):
                self._pending = draft
                return
            self._workshop.start(draft)

    def _next_draft(self) -> Draft | None:
        """The policy's next proposal that an operator can fill."""
        for _ in range(_DECLINED_IN_A_ROW):
            proposals = self._policy.ask(self._workshop.population, 1, self._workshop.seconds_left)
            if not proposals:
                return None
            draft = self._workshop.propose(proposals[0])
            if draft is not None:
                return draft
            self._policy.declined(proposals[0])
        return None
