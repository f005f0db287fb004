"""Why a candidate is refused: one of a few reasons that can be counted, and a sentence for a person."""

from __future__ import annotations

from enum import StrEnum

from medalist.core.errors import SubmissionInvalid


class Reason(StrEnum):
    """What a candidate did. The value is what reports carry."""

    NEVER_SUBMITTED = "never submitted"
    WRONG_PLACE = "wrong place"
    RENAMED = "renamed classes"
    DOES_NOT_RUN = "does not run"
    SLOW_IMPORT = "imports too slowly"
    SPOKE_EARLY = "spoke before GO"
    BAD_ANSWER = "malformed answer"
    NOT_FINITE = "answers not finite"
    DID_NOT_TRAIN = "did not train"
    OTHER_FUNCTION = "other function"
    LEARNED_LESS = "learned less"
    WIDENED = "took more cores"
    LEFT_PROCESSES = "left processes"
    TIMED_OUT = "timed out"
    TOO_SLOW = "too slow"


class Refused(SubmissionInvalid):
    """A candidate is refused for ``reason``; ``what`` says what it did, and how much."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what)
        self.reason = reason

    @property
    def told(self) -> str:
        """The reason and the sentence, as reports and engineers get them."""
        return f"{self.reason}: {self.what}"
