"""A family's trade as any engineer may use it: what is told, how files become candidates, its own operators.

The playbook, the agent, evolution and guests all stand in one session with one workshop. What they
make goes the same way: files in a folder of the workspace, a candidate, a score recomputed by the
family on the engineer's own split, a submission if it is better. Policies and engineers know
nothing of a family beyond this protocol.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from medalist.core.candidate import Candidate, Outcome
from medalist.core.score import Score
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.training.review import ScriptFacts


@dataclass(frozen=True)
class Draft:
    """A candidate to be: its files by name and what made them.

    ``recipe`` is what the family's own operators need to derive others (empty for files that a
    language model wrote); ``threads`` how many cores it wants; ``expected_cpu_seconds`` plans, never judges.
    ``at_most_seconds`` is when it is asked to end, where that is sooner than the budget's end.
    """

    operator: str
    title: str
    files: Mapping[str, str]
    parents: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    hint_ids: tuple[str, ...] = ()
    threads: int = 1
    expected_cpu_seconds: float = 0.0
    at_most_seconds: float = math.inf


@runtime_checkable
class WordsOperators(Protocol):
    """A workshop whose candidates are no training scripts: it says in its own words what a language model is asked for
    as an operator of the search, and hints on training are left out.
    """

    operator_words: Mapping[str, str]
    """By the operator's name; one that is missing keeps the usual words."""


@runtime_checkable
class Workshop(Protocol):
    """One family's trade in one session. Not for use from several threads."""

    population: Population
    """Every candidate of the attempt with what became of it; earlier processes' included."""

    scripts: Sequence[str]
    """Names of the files that a draft must hold at least."""

    def prepare(self) -> None:
        """Explore, and put an emergency submission in place that no ending can lose (SPEC K3).

        Idempotent. Raises InputError when there is nothing that can be worked on.
        """
        ...

    def brief(self) -> str:
        """What is to be solved and how an answer is handed in, as Markdown for a language model or a person.

        Files and folders, what was found out, the score to beat, and the contract: which files a
        candidate's folder must hold and what they must print and write. No hidden figure.
        """
        ...

    def script_facts(self) -> ScriptFacts:
        """What scripts train on, for the checks."""
        ...

    def files_of(self, candidate: Candidate) -> dict[str, str]:
        """A candidate's own source files by name, as they stand in its folder."""
        ...

    def log_of(self, candidate: Candidate) -> str:
        """What its last step printed."""
        ...

    def score(self, folder: str) -> Score:
        """The validation score of what a folder's scripts left, recomputed; FAILED with a reason otherwise."""
        ...

    def submit(self, candidate: Candidate, score: Score | None) -> bool:
        """Put a candidate's product in place, scripts and what they need included, if it is better.

        A score without a value counts as None. A scored candidate that ``population`` does not know
        becomes part of it, so that the closing may build on it.
        """
        ...

    def adopt(self, folder: Path, title: str) -> Outcome:
        """Take in what another attempt at the same task submitted, as a candidate of this one, scored here.

        ``folder`` is that attempt's ``submission`` folder. What cannot be scored is a failed outcome
        with the reason.
        """
        ...

    # -------------------------------------------------- candidates side by side

    def propose(self, proposal: Proposal) -> Draft | None:
        """What the family's own operator (draft, improve, debug, crossover, ensemble) makes of a proposal."""
        ...

    @property
    def has_free_cores(self) -> bool:
        """Whether a candidate that wants one core may find it now."""
        ...

    def room_for(self, draft: Draft) -> bool:
        """Whether cores and memory allow this one now."""
        ...

    def start(self, draft: Draft) -> Candidate:
        """Write its files and launch it under every check; its steps go on inside ``collect``."""
        ...

    def collect(self, timeout_seconds: float) -> Sequence[Outcome]:
        """Wait for news at most that long; the candidates that came to their end (already told to ``population``)."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a started candidate has not ended yet."""
        ...

    @property
    def seconds_left(self) -> float:
        """Seconds that may still go into candidates; what the closing needs is not among them."""
        ...

    def close(self) -> None:
        """Stop what runs and use what is left of the budget for the closing (a last ensemble, say)."""
        ...
