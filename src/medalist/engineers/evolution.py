"""Evolution with language-model operators beside the family's own, in one population.

A policy of ``search/`` says which operator on which parents; who carries it out, the family or a
language model, is drawn by a share that is corrected by what has paid off. While candidates train,
requests are on their way; a core that would stand idle meanwhile goes to the family. Every script is
reviewed before its launch and watched like any other. Knows nothing of a task beyond ``Workshop``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.errors import UsageError
from medalist.engineers.agent_oracle import oracle_beside
from medalist.engineers.evolution_writer import Answered, Writer
from medalist.llm.door import Door
from medalist.llm.settings import LlmSettings
from medalist.search.moves import singles
from medalist.search.policy import Policy, Proposal
from medalist.search.population import Population
from medalist.search.shares import PaidShares
from medalist.search.shinka import ShinkaSearch, ShinkaSettings
from medalist.search.tree import TreeSearch, TreeSettings
from medalist.session.session import Session
from medalist.session.workshop import Draft, WordsOperators, Workshop

MODEL, FAMILY = "language model", "family"
_LOOK_SECONDS = 0.25
_DECLINED_IN_A_ROW = 50
_LEAST_CANDIDATE_SECONDS = 30.0
_MOST_REQUESTS = 8
_SHORTEST_TRAINING_SECONDS = 2.0


@dataclass(frozen=True)
class EvolutionSettings:
    """What a person may set of evolution, by the same names among a task's settings.

    ``policy``: ``shinka`` (islands) or ``tree``. ``model_share``: how much of the proposals the language
    model gets to begin with, 1 for all but ensembles. ``requests``: how many are under way at once (0: as
    many as there are cores, at most 8). ``candidate_share``: of the whole budget, what one candidate may take.
    """

    policy: str = "shinka"
    model_share: float = 0.5
    requests: int = 0
    candidate_share: float = 0.25
    hints: bool = True

    @staticmethod
    def among(settings: Mapping[str, Any]) -> EvolutionSettings:
        """Those of ``settings`` that are evolution's. Raises UsageError for one that cannot be used."""
        known = {field.name for field in fields(EvolutionSettings)}
        chosen = EvolutionSettings(**{name: value for name, value in settings.items() if name in known})
        if chosen.policy not in ("shinka", "tree"):
            raise UsageError(f"There is no policy {chosen.policy!r}.", next_step="Choose shinka or tree.")
        if not 0 <= float(chosen.model_share) <= 1:
            raise UsageError(f"model_share is {chosen.model_share}, and must lie between 0 and 1.")
        return chosen


class EvolutionEngineer:
    """Evolves candidates until the budget ends. ``settings`` are the attempt's; see ``EvolutionSettings``."""

    name = "evolution"

    def __init__(self, llm: LlmSettings, settings: Mapping[str, Any]) -> None:
        """Raises UsageError when no language model is named."""
        if not llm.model:
            raise UsageError(
                "The engineer 'evolution' needs a language model.",
                where="--model",
                next_step="Name one, such as --model anthropic:claude-sonnet-4-5, or work without: --engineer playbook.",
            )
        self._llm = llm
        self._settings = EvolutionSettings.among(settings)

    def work(self, session: Session) -> None:
        """Evolve until the budget is spent or nothing is left to try.

        At the limit in money or tokens, or when the language model fails again and again, the family's
        operators go on alone. Raises LlmError before anything is begun when it cannot be asked at all,
        and InputError when there is nothing that can be worked on.
        """
        with Door(self._llm, session.events, session.attempt_dir / "llm.jsonl") as door:
            door.check(self._llm.model)
            workshop: Workshop = session.family.workshop(session)
            hints = self._settings.hints and not isinstance(workshop, WordsOperators)
            if hints:
                session.read_hints()
            workshop.prepare()
            writer = self._writer(session, workshop, door, hints=hints)
            try:
                _Evolution(session, workshop, writer, self._policy(session), self._settings).run()
            finally:
                writer.close()
        workshop.close()

    def _policy(self, session: Session) -> Policy:
        if self._settings.policy == "tree":
            return TreeSearch(TreeSettings(), session.rng)
        return ShinkaSearch(ShinkaSettings(), session.rng)

    def _writer(self, session: Session, workshop: Workshop, door: Door, *, hints: bool) -> Writer:
        seconds = self._settings.candidate_share * session.budget.total_seconds
        return Writer(
            door,
            self._llm.model,
            session,
            workshop,
            at_once=self._settings.requests or min(len(session.cores), _MOST_REQUESTS),
            seconds=max(seconds, min(_LEAST_CANDIDATE_SECONDS, session.budget.total_seconds)),
            hints=hints,
            oracle=oracle_beside(self._llm, door, session, workshop),
        )


class _Evolution:
    """The loop of one attempt: ask and draft while there is room, wait for what comes first, learn from it."""

    def __init__(
        self,
        session: Session,
        workshop: Workshop,
        writer: Writer,
        policy: Policy,
        settings: EvolutionSettings,
    ) -> None:
        self._session = session
        self._workshop = workshop
        self._writer = writer
        self._policy = policy
        share = float(settings.model_share)
        self._shares = PaidShares({MODEL: share, FAMILY: 1.0 - share}, session.rng)
        self._model_alone = share >= 1
        self._ready: list[tuple[str, Draft]] = []
        self._source: dict[str, str] = {}
        self._told_closed = False
        for outcome in workshop.population.outcomes:
            writer.remember(outcome.candidate.id, workshop.files_of(outcome.candidate))

    def run(self) -> None:
        while self._workshop.seconds_left:
            self._start_ready()
            self._propose()
            if not (self._workshop.busy or self._writer.pending or self._ready):
                return
            self._look()

    # ------------------------------------------------------------- proposing

    def _propose(self) -> None:
        """Hand out proposals while somebody can take one."""
        declined = 0
        while declined < _DECLINED_IN_A_ROW and (takers := self._takers()):
            proposals = self._policy.ask(self._view(), 1, self._workshop.seconds_left)
            if not proposals:
                return
            taker = FAMILY if proposals[0].operator == "ensemble" else self._shares.choose(takers)
            if taker == MODEL:
                self._writer.ask(proposals[0])
            elif self._family_takes(proposals[0]):
                declined = 0
            elif MODEL in takers:
                self._writer.ask(proposals[0])
            elif self._writer.closed:
                self._policy.declined(proposals[0])
                declined += 1
            else:
                return  # the language model may take it once it has room

    def _takers(self) -> list[str]:
        in_time = self._workshop.seconds_left > self._writer.usual_seconds + _SHORTEST_TRAINING_SECONDS
        waiting = sum(source == MODEL for source, _ in self._ready)
        model = [MODEL] if in_time and self._writer.has_room(beside=waiting) else []
        left_to_family = not (self._model_alone and not self._writer.closed)
        cores = self._workshop.has_free_cores and not self._ready
        return [*model, *([FAMILY] if left_to_family and cores else [])]

    def _family_takes(self, proposal: Proposal) -> bool:
        draft = self._workshop.propose(proposal)
        if draft is None:
            return False
        self._ready.append((FAMILY, draft))
        self._start_ready()
        return True

    def _start_ready(self) -> None:
        """Start drafts in the order they came; one that needs more cores than are free waits for them."""
        while self._ready and self._workshop.room_for(self._ready[0][1]):
            source, draft = self._ready.pop(0)
            candidate = self._workshop.start(draft)
            self._source[candidate.id] = source
            self._writer.remember(candidate.id, draft.files)

    def _view(self) -> Population:
        """The population as the policy must see it: what is asked for, or waits for cores, is under way too."""
        waiting = [*self._writer.pending, *(Proposal(d.operator, d.parents) for _, d in self._ready)]
        planned = [
            Outcome(Candidate(f"asked-{number}", each.operator, each.parents), CandidateState.PLANNED)
            for number, each in enumerate(waiting)
        ]
        return Population([*self._workshop.population.outcomes, *planned])

    # -------------------------------------------------------------- learning

    def _look(self) -> None:
        """Wait for jobs where there are any, else for answers."""
        seconds = min(_LOOK_SECONDS, self._workshop.seconds_left)
        busy = self._workshop.busy
        outcomes = self._workshop.collect(seconds) if busy else ()
        for outcome in outcomes:
            self._policy.tell(outcome)
            source = self._source.get(outcome.candidate.id)
            if source is not None and outcome.candidate.operator != "ensemble":
                self._shares.tell(source, paid=_paid(outcome, self._workshop.population))
        for answer in self._writer.answered(0.0 if busy else seconds):
            self._take(answer)
        if self._writer.closed and not self._told_closed:
            self._told_closed = True
            self._session.note(
                f"The language model is asked no more: {self._writer.closed.rstrip('.')}. The search goes on without it."
            )

    def _take(self, answer: Answered) -> None:
        if answer.draft is not None:
            self._ready.append((MODEL, answer.draft))
            return
        proposal = answer.proposal
        what = f"{proposal.operator} of {', '.join(proposal.parents)}".removesuffix(" of ")
        self._session.events.append(
            "warning", text=f"The language model's {what} came to nothing: {answer.reason}"
        )
        self._shares.tell(MODEL, paid=False)
        # Of these the policy proposes each once; anything else it will find again, or something better.
        if proposal.operator in ("debug", "ensemble") and not self._family_takes(proposal):
            self._policy.declined(proposal)


def _paid(outcome: Outcome, population: Population) -> bool:
    """Whether a candidate was worth making: better than its best parent, or a draft better than half of the others."""
    if outcome.state is not CandidateState.FINISHED or outcome.score is None:
        return False
    parents = [population[name] for name in outcome.candidate.parents]
    if parents:
        return all(outcome.score.better_than(parent.score) for parent in parents)
    others = [o for o in singles(population) if o is not outcome]
    return 2 * sum(outcome.score.better_than(other.score) for other in others) >= len(others)
