"""What a consultation of the oracle comes to: the verdict that a critic must fill in, and the answer around it.

Plain dataclasses: the critic's reply is parsed into them by pydantic (``llm.door``), and whoever only
reads them (tools, reports, the command line) pays for no such import.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["strategy", "review", "debug"]
Decision = Literal["approve", "must_fix", "advice"]
_DECIDED: dict[Decision, str] = {
    "approve": "Approved: launch it as it stands.",
    "must_fix": "Must be fixed before launch:",
    "advice": "Advice:",
}


FIELDS: dict[str, str] = {
    "decision": "approve (launch as it stands), must_fix (first the items), or advice (nothing was up for approval)",
    "plan": "what to do now, step by step, concrete enough to be done without asking again; Markdown",
    "must_fix": "a list, each item a sentence: what is wrong and where, why it wastes the run, what to write instead",
    "batch_size": "the batch size to train with on this machine; null where no network is trained",
    "gpu_use": "whether the GPU is used and kept busy (precision, loader), or that there is none",
    "leakage": "what leaks from validation or test into training, or that nothing was found to",
    "resuming": "whether best and last checkpoint are saved and a stopped training goes on",
    "metric": "the task's metric, and whether validation computes that one",
    "time_estimate_seconds": "how long the training takes on this machine; null where it cannot be told",
}
"""What each field of a verdict holds, in the words in which panel and critic are told."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One decision and one plan; ``FIELDS`` says what each field holds.

    Raises ValueError where they contradict each other, which the critic is told.
    """

    decision: Decision
    plan: str
    must_fix: tuple[str, ...] = ()
    batch_size: int | None = None
    gpu_use: str = ""
    leakage: str = ""
    resuming: str = ""
    metric: str = ""
    time_estimate_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.decision == "must_fix" and not self.must_fix:
            raise ValueError("the decision must_fix needs at least one item in must_fix, with its reason")
        if self.decision == "approve" and self.must_fix:
            raise ValueError("what must be fixed cannot be approved: empty must_fix, or decide must_fix")
        if not self.plan.strip() and not self.must_fix:
            raise ValueError("the plan is empty")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError("batch_size must be at least 1, or null")
        if self.time_estimate_seconds is not None and not self.time_estimate_seconds >= 0:
            raise ValueError("time_estimate_seconds must not be negative; null where it cannot be told")

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "must_fix": list(self.must_fix)}

    def findings(self) -> list[tuple[str, str]]:
        """What was judged, as label and text, of what the verdict says anything about."""
        seconds = self.time_estimate_seconds
        time = "" if seconds is None else f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
        said = (
            ("batch size", "" if self.batch_size is None else str(self.batch_size)),
            ("GPU use", self.gpu_use),
            ("leakage", self.leakage),
            ("resuming", self.resuming),
            ("metric", self.metric),
            ("time estimate", time),
        )
        return [(label, text) for label, text in said if text]

    def as_text(self) -> str:
        """The verdict as Markdown, for an engineer or a person."""
        items = [f"{number}. {item}" for number, item in enumerate(self.must_fix, 1)]
        judged = [f"- {label}: {text}" for label, text in self.findings()]
        parts = ["\n".join([_DECIDED[self.decision], *items]), "\n".join(judged), self.plan.strip()]
        return "\n\n".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class ReviewVerdict(Verdict):
    """The verdict on a training script: approved or not, and every question of a review answered."""

    decision: Literal["approve", "must_fix"]  # pyright: ignore[reportIncompatibleVariableOverride]

    def __post_init__(self) -> None:
        super().__post_init__()
        named = {
            "gpu_use": self.gpu_use,
            "leakage": self.leakage,
            "resuming": self.resuming,
            "metric": self.metric,
        }
        unsaid = [name for name, text in named.items() if not text.strip()]
        if unsaid:
            raise ValueError(f"a review says something about each of: {', '.join(unsaid)}")


def verdict_type(kind: Kind) -> type[Verdict]:
    """What the critic of a question of that kind must reply with."""
    return ReviewVerdict if kind == "review" else Verdict


@dataclass(frozen=True)
class Member:
    """One of the panel and what came of asking it. ``reason`` says why one was left out.

    ``name`` is the display name, ``model`` the name of ``llm.names``; ``took_seconds`` from asking to answer.
    """

    name: str
    model: str
    status: Literal["answered", "left_out"]
    text: str = ""
    reason: str = ""
    next_step: str = ""
    took_seconds: float = 0.0
    tokens: int = 0
    cost_usd: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Answer:
    """What came of one question.

    ``by`` says who wrote the verdict: the ``critic``; a ``member``, where the critic failed; or ``hints``,
    the knowledge base, where nobody could answer. ``note`` says why it was not the critic.
    """

    kind: Kind
    verdict: Verdict
    by: Literal["critic", "member", "hints"]
    members: tuple[Member, ...] = ()
    critic: str = ""
    note: str = ""
    tokens: int = 0
    cost_usd: float = 0.0
    took_seconds: float = 0.0

    @property
    def text(self) -> str:
        """The verdict for reading, with the note where there is one."""
        return f"{self.note}\n\n{self.verdict.as_text()}" if self.note else self.verdict.as_text()

    def as_dict(self) -> dict[str, Any]:
        members = [member.as_dict() for member in self.members]
        return {**asdict(self), "members": members, "verdict": self.verdict.as_dict()}


def closing_verdict(text: str, kind: Kind) -> Verdict | None:
    """The verdict that a panel member closed its answer with; None where there is none that holds."""
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(verdict_type(kind))
    for said in reversed([each for each in _objects(text) if "decision" in each]):
        try:
            return adapter.validate_python(said)
        except ValidationError:
            continue
    return None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Every JSON object in a text, outermost ones only."""
    decoder, position = json.JSONDecoder(), text.find("{")
    while position >= 0:
        try:
            found, end = decoder.raw_decode(text, position)
        except ValueError:
            end = position + 1
        else:
            if isinstance(found, dict):
                yield found
        position = text.find("{", end)
