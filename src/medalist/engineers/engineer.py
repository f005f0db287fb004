"""What an engineer is: a policy that works in a session until it is done or a limit ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from medalist.session.session import Session


@runtime_checkable
class Engineer(Protocol):
    """The policy at work in one attempt."""

    name: str

    def work(self, session: Session) -> None:
        """Work until done. May raise BudgetSpent; whatever was submitted by then stays in place."""
        ...
