"""The competition trade as any engineer may use it: the family's side of ``session.workshop.Workshop``.

The playbook, the agent, evolution and guests hold the same one. It opens the attempt, makes the kit's
drafts, runs candidates on the bench, submits what is better, and spends the end on a last ensemble.
The best of many candidates compared on the same rows looks better than it is (winner's curse), a
blend of them less so: a single candidate has to beat what stands by a margin, an ensemble has not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Direction, Score
from medalist.families.compete import opening
from medalist.families.compete.brief import write_brief
from medalist.families.compete.candidate_files import (
    SCRIPTS,
    has_models,
    is_blend,
    last_log,
    source_files,
    variant_of,
)
from medalist.families.compete.closing import closing_notes
from medalist.families.compete.facts import Facts
from medalist.families.compete.judging import Judge
from medalist.families.compete.operators import Operators, mend
from medalist.families.compete.playbook_bench import Bench, script_facts
from medalist.families.compete.playbook_pace import Pace
from medalist.families.compete.recipes import Recipe
from medalist.hints.book import load_hints
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.session.session import Session
from medalist.session.workshop import Draft
from medalist.training.review import ScriptFacts
from medalist.workspace.handover import take_tree

_BASELINE_SHARE = 0.3  # of the budget, at most, for the first candidate
_LONGEST_WAIT_SECONDS = 300.0  # for the baseline, where somebody else is to begin after it
_SMALL_CPU_SECONDS = 4.0  # a baseline this cheap gains nothing from threads, and leaves cores for the next
_LONGEST_LOOK_SECONDS = 0.5
_SHORTEST_LOOK_SECONDS = 0.02
_STRETCH = 4.0  # five folds, planned at four times what is left, still get one through
_SINGLE_MARGIN = 0.25  # of the score's noise


class CompeteWorkshop:
    """One session's workshop. See the protocol for what each method promises."""

    scripts: Sequence[str] = SCRIPTS

    def __init__(self, session: Session) -> None:
        self._session = session
        # Guesses that nothing was learned for are no beginnings to build on.
        self.population = Population(o for o in session.history if o.candidate.operator != opening.GUESS)
        self.pace = Pace(session.budget.total_seconds)
        self._explored = self._prepared = False
        self._faults: dict[str, str] = {}
        self._standing: Candidate | None = None

    @cached_property
    def facts(self) -> Facts:
        """What exploring found. Raises InputError when there is nothing that can be competed on."""
        return opening.explore(self._session)

    @cached_property
    def operators(self) -> Operators:
        """The kit's operators; what an earlier process of this attempt tried is not offered again."""
        session = self._session
        weights = session.task.settings.get("weights")
        operators = Operators(
            self.facts,
            session.hardware,
            session.budget.total_seconds,
            session.rng,
            Path(weights) if weights else None,
            session.supervisor.measured,
        )
        for outcome in self.population.outcomes:
            # What was lost with a killed process has used no measured time and may be tried again.
            known = outcome.state is CandidateState.FINISHED or outcome.cpu_seconds > 0
            if known and outcome.candidate.recipe and not is_blend(outcome.candidate):
                operators.mark_tried(Recipe.from_dict(outcome.candidate.recipe))
        return operators

    @cached_property
    def bench(self) -> Bench:
        return Bench(self._session, self.facts, self._judge, self.population, self.pace)

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self._session, self.facts)

    # --------------------------------------------------------------- opening

    def explore(self) -> Facts:
        """Put the sample's own values in place, then look at the competition. Idempotent."""
        if not self._explored and not self._session.submissions:
            opening.submit_sample(self._session)
        self._explored = True
        return self.facts

    def begin(self, at_most_seconds: float = math.inf) -> None:
        """Launch the kit's first draft, and put a constant in place while it trains."""
        session = self._session
        if self.operators.waiting and not self.take_up_interrupted():
            recipe = self.operators.baseline()
            seconds = min(at_most_seconds, _BASELINE_SHARE * session.budget.total_seconds)
            draft = replace(self._drafted("draft", recipe), at_most_seconds=seconds)
            self.bench.start(draft, all_cores=recipe.expected_cpu_seconds > _SMALL_CPU_SECONDS)
        if session.best is None:
            opening.submit_constant(session, self.facts)

    def take_up_interrupted(self) -> bool:
        """Go on with what an earlier process of this attempt was training when it ended; whether there was any."""
        interrupted = [o.candidate for o in self.population.outcomes if o.interrupted and o.candidate.recipe]
        for lost in reversed(interrupted):  # the latest of those that went on from each other
            recipe = Recipe.from_dict(lost.recipe)
            drafted = self._drafted(lost.operator, recipe, lost.parents, self.files_of(lost))
            if has_models(self._session, lost) and self.operators.is_new(recipe) and self.room_for(drafted):
                self.operators.mark_tried(recipe)
                candidate = self.bench.start(drafted, after=lost)
                self._session.note(f"{candidate.id} goes on where {lost.id} was interrupted.")
        return self.busy

    def prepare(self) -> None:
        self.explore()
        if self._prepared or self.population.finished:
            return
        self._prepared = True
        self.begin(_LONGEST_WAIT_SECONDS)
        while self.busy and not self._session.budget.spent:
            self.collect(_LONGEST_LOOK_SECONDS)

    # ---------------------------------------------------------- what is told

    def brief(self) -> str:
        return write_brief(self._session, self.facts)

    def script_facts(self) -> ScriptFacts:
        return script_facts(self.facts, {})

    def files_of(self, candidate: Candidate) -> dict[str, str]:
        return source_files(self._session, candidate)

    def log_of(self, candidate: Candidate) -> str:
        said = last_log(self._session, candidate)
        reason = self.population[candidate.id].reason if candidate.id in self.population else ""
        return said if reason in said else f"{said}\n{reason}".strip()

    def score(self, folder: str) -> Score:
        return self._judge.score(folder)

    # ------------------------------------------------------------ submitting

    def submit(self, candidate: Candidate, score: Score | None) -> bool:
        scored = score if score is not None and score.scored else None
        if scored is not None and candidate.id not in self.population:
            self.population.tell(Outcome(candidate, CandidateState.FINISHED, scored))
        if scored is not None and self._session.submissions and not scored.better_than(self._constant):
            self._session.refuse(candidate, scored, "not better than a constant")
            return False
        return self._put_in_place(candidate, scored)

    def _put_in_place(self, candidate: Candidate, score: Score | None) -> bool:
        placed = self.bench.submit(candidate, score)
        if placed:
            self._standing = candidate
        return placed

    def adopt(self, folder: Path, title: str) -> Outcome:
        session, name = self._session, self.population.next_id()
        candidate = Candidate(id=name, operator="member", folder=f"candidates/{name}", title=title)
        taken = take_tree(folder.resolve(), ".", session.workspace.root / candidate.folder)
        session.created(candidate)
        if (
            taken and not session.submissions
        ):  # better than the sample's own values, before anything is scored
            session.submit(candidate, None, files=tuple(source_files(session, candidate)))
        self.explore()
        score = self._judge.score(candidate.folder)
        reason = score.reason if taken else f"There is no submission at {folder}"
        state = CandidateState.FINISHED if score.scored else CandidateState.FAILED
        outcome = Outcome(candidate, state, score if score.scored else None, reason=reason)
        self.population.tell(outcome)
        session.finished(outcome)
        self._take_up(outcome)
        return outcome

    @cached_property
    def _constant(self) -> Score | None:
        """The validation score of the best constant, which a submission has to beat."""
        facts = self.facts
        if facts.constant_score is None:
            return None
        return Score(facts.metric, Direction(facts.direction), "validation", facts.constant_score)

    def _take_up(self, outcome: Outcome) -> None:
        """Submit what has just ended if it deserves to stand."""
        score, standing = outcome.score, self._session.best
        if outcome.state is not CandidateState.FINISHED or score is None:
            return
        if not score.better_than(standing) or not score.better_than(self._constant):
            return
        if outcome.candidate.operator != "ensemble" and standing is not None:
            lead = abs((score.value or 0.0) - (standing.value or 0.0))
            if lead <= _SINGLE_MARGIN * (score.noise or 0.0):
                return
        self._put_in_place(outcome.candidate, score)

    # ------------------------------------------------- candidates side by side

    def propose(self, proposal: Proposal) -> Draft | None:
        """With nothing else under way even a training that will only get through part of its folds is
        better than idle cores."""
        affordable = self.pace.affordable_cpu_seconds(self._session.budget.remaining)
        if not self.busy:
            affordable *= _STRETCH
        if proposal.operator == "draft":
            recipe = self.operators.draft(affordable, self.bench.free_cores)
            return self._drafted("draft", recipe) if recipe else None
        if proposal.operator == "ensemble":
            return self._ensemble(proposal.parents)
        parent = self.population[proposal.parents[0]].candidate
        if proposal.operator == "improve" and parent.recipe:
            recipe = self.operators.improve(Recipe.from_dict(parent.recipe), affordable)
            return self._drafted("improve", recipe, proposal.parents) if recipe else None
        return self._repair(parent) if proposal.operator == "debug" else None

    def _drafted(
        self,
        operator: str,
        recipe: Recipe,
        parents: tuple[str, ...] = (),
        scripts: Mapping[str, str] | None = None,
        hint_ids: tuple[str, ...] = (),
    ) -> Draft:
        """A recipe's draft; ``scripts`` replace those of the kit."""
        return Draft(
            operator=operator,
            title=recipe.title,
            files={**self.operators.scripts(recipe), **(scripts or {})},
            parents=parents,
            recipe=recipe.as_dict(),
            hint_ids=hint_ids,
            threads=self.operators.threads(recipe),
            expected_cpu_seconds=recipe.expected_cpu_seconds,
        )

    def _repair(self, parent: Candidate) -> Draft | None:
        files, log = self.files_of(parent), self.log_of(parent)
        if parent.recipe:
            repair = self.operators.debug(Recipe.from_dict(parent.recipe), files, log)
            if repair is None:
                return None
            self._session.note(f"{parent.id} failed and is tried again: {repair.reason}.")
            return self._drafted("debug", repair.recipe, (parent.id,), repair.scripts, repair.hint_ids)
        mended, hint_ids = mend(files, log)
        if not hint_ids or set(SCRIPTS) - set(files):
            return None
        self._session.note(f"{parent.id} failed and is tried again: mended by {', '.join(hint_ids)}.")
        title = f"{parent.title}, mended"
        return Draft("debug", title, {**files, **mended}, (parent.id,), hint_ids=hint_ids)

    def _ensemble(self, members: Sequence[str]) -> Draft | None:
        """A blend of those whose predictions fit together; one of them alone is none."""
        candidates = [self.population[name].candidate for name in members]
        fitting = {c.id: variant_of(c, self.population) for c in candidates if not self._fault(c)}
        if len(fitting) < 2:
            return None
        return self._drafted("ensemble", self.operators.ensemble(fitting), tuple(fitting))

    def _fault(self, candidate: Candidate) -> str:
        """Why a candidate cannot be a member of an ensemble; what the kits write always can."""
        if candidate.recipe:
            return ""
        if candidate.id not in self._faults:
            fault = self._faults[candidate.id] = self._judge.fault(candidate.folder)
            if fault:
                self._session.note(f"{candidate.id} ({candidate.title}) stays out of ensembles: {fault}.")
        return self._faults[candidate.id]

    @property
    def has_free_cores(self) -> bool:
        return self.bench.free_cores > 0

    def room_for(self, draft: Draft) -> bool:
        return self.bench.has_room(self._threads(draft))

    def start(self, draft: Draft) -> Candidate:
        return self.bench.start(replace(draft, threads=self._threads(draft)))

    def _threads(self, draft: Draft) -> int:
        return max(1, min(draft.threads, len(self._session.cores)))

    def collect(self, timeout_seconds: float) -> Sequence[Outcome]:
        self._session.wait(timeout_seconds)
        outcomes = self.bench.collect()
        for outcome in outcomes:
            finished = outcome.state is CandidateState.FINISHED
            if finished and outcome.candidate.operator == "debug":
                self._learn(outcome)
            if finished:  # now, for the closing has no time to look at all of them
                self._fault(outcome.candidate)
            self._take_up(outcome)
        return outcomes

    def _learn(self, outcome: Outcome) -> None:
        """A candidate that failed, was mended and then finished leaves a hint for later attempts (H4)."""
        mended = outcome.candidate
        failed = self.population[mended.parents[0]].candidate
        fixes = [hint.fix for name in outcome.hint_ids if (hint := load_hints().get(name))]
        self._session.learn(
            self.log_of(failed),
            "\n".join(fixes) or f"It was too big; a smaller one worked: {mended.title}.",
            f"{failed.id} failed, {mended.id} finished",
        )

    @property
    def busy(self) -> bool:
        return "bench" in self.__dict__ and self.bench.busy

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._session.budget.remaining - self.pace.reserve_seconds)

    # --------------------------------------------------------------- closing

    def close(self) -> None:
        """Spend the reserve: stop what still trains, then the last ensemble of all that finished."""
        if not self._explored:
            return
        self.bench.stop_training("the budget ended first")
        self._finish_flights()
        singles = [o.candidate.id for o in self.population.finished if o.candidate.operator != "ensemble"]
        if self._session.budget.remaining > self.pace.step_seconds("ensemble"):
            last = self._ensemble(singles)
            tried = {o.candidate.parents for o in self.population.finished if is_blend(o.candidate)}
            if last is not None and last.parents not in tried:
                self.bench.start(last)
                self._finish_flights()
        best = self._session.best
        # An earlier process's ensemble is told by its score: later ones as good stayed out.
        blends = [o.candidate for o in self.population.made_by("ensemble") if o.score == best]
        standing = self._standing or next(iter(blends), None)
        weights = self.bench.weights(standing) if standing else {}
        for note in closing_notes(self.population, best, weights):
            self._session.note(note)

    def _finish_flights(self) -> None:
        while self.busy and not self._session.budget.spent:
            left = self._session.budget.remaining
            self.collect(min(_LONGEST_LOOK_SECONDS, max(_SHORTEST_LOOK_SECONDS, left)))
        self.bench.stop_all("the budget ended first")
