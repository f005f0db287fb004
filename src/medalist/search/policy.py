"""The seam between search and execution: a policy is asked for proposals and told outcomes.

A policy decides *which operator on which parents*; what an operator does, and how a candidate is
run and scored, is the family's. Tree search lives in ``tree``; other policies stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from medalist.core.candidate import Outcome
from medalist.search.population import Population


@dataclass(frozen=True)
class Proposal:
    """Apply ``operator`` to ``parents`` (candidate ids; none for a draft)."""

    operator: str
    parents: tuple[str, ...] = ()


class Policy(Protocol):
    """A search strategy by ask and tell."""

    def ask(self, population: Population, free_slots: int, remaining_seconds: float) -> list[Proposal]:
        """At most ``free_slots`` proposals to run now; fewer, or none, when nothing is worth starting."""
        ...

    def tell(self, outcome: Outcome) -> None:
        """A proposal's candidate has ended, well or badly."""
        ...

    def declined(self, proposal: Proposal) -> None:
        """The family has no candidate for this proposal; do not make it again."""
        ...
