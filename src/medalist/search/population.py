"""The population of one attempt: every candidate with what became of it, and who came from whom.

State is a fold over outcomes: told the same outcomes in the same order, two populations are equal,
which is how a resumed attempt gets its search back. Knows no family and reads no file.
"""

from __future__ import annotations

from collections.abc import Iterable

from medalist.core.candidate import Candidate, CandidateState, Outcome

_FINAL = (CandidateState.FINISHED, CandidateState.FAILED)


class Population:
    """Candidates in the order they were created; a finished or failed one never changes again."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self._outcomes: dict[str, Outcome] = {}
        for outcome in outcomes:
            self.tell(outcome)

    def __len__(self) -> int:
        return len(self._outcomes)

    def __contains__(self, candidate_id: str) -> bool:
        return candidate_id in self._outcomes

    def __getitem__(self, candidate_id: str) -> Outcome:
        return self._outcomes[candidate_id]

    def start(self, candidate: Candidate) -> None:
        """Count ``candidate`` as running."""
        self.tell(Outcome(candidate, CandidateState.RUNNING))

    def tell(self, outcome: Outcome) -> None:
        """Take in what became of a candidate. Raises ValueError when its fate was already sealed."""
        known = self._outcomes.get(outcome.candidate.id)
        if known is not None and known.state in _FINAL:
            raise ValueError(f"candidate {outcome.candidate.id} is {known.state} and cannot change")
        self._outcomes[outcome.candidate.id] = outcome

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(self._outcomes.values())

    @property
    def finished(self) -> tuple[Outcome, ...]:
        """Those that trained and were scored."""
        return tuple(
            o for o in self.outcomes if o.state is CandidateState.FINISHED and o.score and o.score.scored
        )

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self.outcomes if o.state is CandidateState.FAILED)

    @property
    def running(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self.outcomes if o.state not in _FINAL)

    @property
    def best(self) -> Outcome | None:
        """The finished candidate with the best score; the earlier of two equal ones."""
        best: Outcome | None = None
        for outcome in self.finished:
            if outcome.score is not None and outcome.score.better_than(best.score if best else None):
                best = outcome
        return best

    def made_by(self, operator: str) -> tuple[Outcome, ...]:
        """Everything one operator made, running and failed ones included."""
        return tuple(o for o in self.outcomes if o.candidate.operator == operator)

    def children(self, candidate_id: str) -> tuple[Outcome, ...]:
        return tuple(o for o in self.outcomes if candidate_id in o.candidate.parents)

    def next_id(self) -> str:
        """An id no candidate has: ``c01``, ``c02``, ... in order of creation."""
        number = len(self._outcomes) + 1
        while f"c{number:02d}" in self._outcomes:
            number += 1
        return f"c{number:02d}"
