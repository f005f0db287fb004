"""The playbook's search: candidates side by side until the budget ends, then one last ensemble.

The policy (``search.tree``) says which operator on which parents; this loop keeps the cores busy,
submits what is better, and keeps a reserve for the closing. The best of many candidates compared on
the same rows looks better than it is (winner's curse), a blend of them less so: a single candidate
therefore has to beat what stands by a margin, an ensemble has not.
"""

from __future__ import annotations

from medalist.core.candidate import CandidateState, Outcome
from medalist.core.score import Direction, Score
from medalist.families.compete.facts import Facts
from medalist.families.compete.operators import Operators
from medalist.families.compete.playbook_bench import Bench, Plan
from medalist.families.compete.playbook_pace import Pace
from medalist.families.compete.recipes import Recipe
from medalist.hints.book import load_hints
from medalist.search.policy import Proposal
from medalist.search.population import Population
from medalist.search.tree import TreeSearch, TreeSettings
from medalist.session.session import Session

_LONGEST_LOOK_SECONDS = 0.5
_DECLINED_IN_A_ROW = 50
_NAMED = 5  # members of the blend, in the closing note
_STRETCH = 4.0  # five folds, planned at four times what is left, still get one through
_SINGLE_MARGIN = 0.25  # of the score's noise


class Search:
    """One session's search. ``run`` returns when the budget is spent or nothing is left to try."""

    def __init__(
        self,
        session: Session,
        facts: Facts,
        operators: Operators,
        population: Population,
        bench: Bench,
        pace: Pace,
    ) -> None:
        self._session = session
        self._operators = operators
        self._population = population
        self._bench = bench
        self._pace = pace
        self._policy = TreeSearch(TreeSettings(drafts=len(operators.waiting)), session.rng)
        self._pending: Plan | None = None
        self._constant = _constant_score(facts)
        for outcome in population.outcomes:
            # What was lost with a killed process has used no measured time and may be tried again.
            known = outcome.state is CandidateState.FINISHED or outcome.cpu_seconds > 0
            if known and outcome.candidate.operator != "ensemble" and outcome.candidate.recipe:
                operators.mark_tried(Recipe.from_dict(outcome.candidate.recipe))

    def run(self) -> None:
        self._search()
        self._close()
        self._report()

    # ---------------------------------------------------------------- search

    def _search(self) -> None:
        budget, pace = self._session.budget, self._pace
        while budget.remaining > pace.reserve_seconds:
            self._fill()
            if not self._bench.busy:
                return
            self._look(budget.remaining - pace.reserve_seconds)

    def _fill(self) -> None:
        """Start candidates while there is room; one that needs more cores than are free waits for them."""
        while self._bench.free_cores:
            plan = self._pending or self._next_plan()
            if plan is None:
                return
            self._pending = None
            if not self._bench.has_room(plan.recipe):
                self._pending = plan
                return
            self._bench.start(plan)

    def _next_plan(self) -> Plan | None:
        """The policy's next proposal that an operator can fill.

        With nothing else under way even a training that will only get through part of its folds is
        better than idle cores.
        """
        remaining = self._session.budget.remaining
        affordable = self._pace.affordable_cpu_seconds(remaining)
        if not self._bench.busy:
            affordable *= _STRETCH
        for _ in range(_DECLINED_IN_A_ROW):
            proposals = self._policy.ask(self._population, 1, remaining)
            if not proposals:
                return None
            plan = self._plan(proposals[0], affordable)
            if plan is not None:
                return plan
            self._policy.declined(proposals[0])
        return None

    def _plan(self, proposal: Proposal, affordable_cpu_seconds: float) -> Plan | None:
        """What the operator makes of a proposal; None where it has nothing that fits."""
        operators, population = self._operators, self._population
        if proposal.operator == "draft":
            recipe = operators.draft(affordable_cpu_seconds, self._bench.free_cores)
            return Plan("draft", recipe) if recipe else None
        if proposal.operator == "ensemble":
            return self._ensemble_plan(proposal.parents)
        parent = population[proposal.parents[0]].candidate
        made_of = Recipe.from_dict(parent.recipe)
        if proposal.operator == "improve":
            recipe = operators.improve(made_of, affordable_cpu_seconds)
            return Plan("improve", recipe, proposal.parents) if recipe else None
        repair = operators.debug(made_of, self._bench.scripts_of(parent), self._bench.log_of(parent))
        if repair is None:
            return None
        self._session.note(f"{parent.id} failed and is tried again: {repair.reason}.")
        return Plan("debug", repair.recipe, proposal.parents, repair.scripts, repair.hint_ids)

    def _ensemble_plan(self, members: tuple[str, ...]) -> Plan:
        recipes = {name: Recipe.from_dict(self._population[name].candidate.recipe) for name in members}
        return Plan("ensemble", self._operators.ensemble(recipes), members)

    def _look(self, seconds: float) -> None:
        """Wait for news, move candidates on, submit what is better."""
        self._session.wait(min(_LONGEST_LOOK_SECONDS, max(0.02, seconds)))
        for outcome in self._bench.collect():
            self._policy.tell(outcome)
            if outcome.candidate.operator == "debug" and outcome.state is CandidateState.FINISHED:
                self._learn(outcome)
            if self._deserves_submission(outcome):
                self._bench.submit(outcome)

    def _learn(self, outcome: Outcome) -> None:
        """A candidate that failed, was mended and then finished leaves a hint for later attempts (H4)."""
        mended = outcome.candidate
        failed = self._population[mended.parents[0]].candidate
        fixes = [hint.fix for name in outcome.hint_ids if (hint := load_hints().get(name))]
        self._session.learn(
            self._bench.log_of(failed),
            "\n".join(fixes) or f"It was too big; a smaller one worked: {mended.title}.",
            f"{failed.id} failed, {mended.id} finished",
        )

    def _deserves_submission(self, outcome: Outcome) -> bool:
        if outcome.state is not CandidateState.FINISHED or outcome.score is None:
            return False
        standing = self._session.best
        if not outcome.score.better_than(standing) or not outcome.score.better_than(self._constant):
            return False
        if outcome.candidate.operator == "ensemble" or standing is None:
            return True
        return _lead(outcome.score, standing) > _SINGLE_MARGIN * (outcome.score.noise or 0.0)

    @property
    def _ensembles(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self._population.finished if o.candidate.operator == "ensemble")

    # --------------------------------------------------------------- closing

    def _close(self) -> None:
        """Spend the reserve: stop what still trains, then the last ensemble of all that finished."""
        budget, pace = self._session.budget, self._pace
        self._pending = None
        for outcome in self._bench.stop_training("the budget ended first"):
            self._policy.tell(outcome)
        self._finish_flights()
        singles = tuple(
            o.candidate.id for o in self._population.finished if o.candidate.operator != "ensemble"
        )
        tried = {o.candidate.parents for o in self._ensembles}
        if len(singles) > 1 and singles not in tried and budget.remaining > pace.step_seconds("ensemble"):
            self._bench.start(self._ensemble_plan(singles))
            self._finish_flights()

    def _finish_flights(self) -> None:
        while self._bench.busy and not self._session.budget.spent:
            self._look(self._session.budget.remaining)
        self._bench.stop_all("the budget ended first")

    def _report(self) -> None:
        """What a person wants to read at the end."""
        population, best = self._population, self._session.best
        if best is None or best.value is None:
            self._session.note("No candidate beat the constant; the constant submission stands.")
            return
        noise = f" ± {best.noise:.4g} (differences inside that are noise)" if best.noise else ""
        self._session.note(
            f"{len(population.finished)} candidates finished, {len(population.failed)} failed; "
            f"validation {best.metric} {best.value:.5g}{noise}."
        )
        ensembles = [o for o in self._ensembles if o.score == best]
        if ensembles:
            weights = self._bench.weights(ensembles[0].candidate)  # later ones as good stayed out
            parts = sorted(weights.items(), key=lambda item: -item[1])
            named = ", ".join(f"{population[m].candidate.title} ({m}) {w:.0%}" for m, w in parts[:_NAMED])
            rest = len(parts) - _NAMED
            smaller = f", and {rest} with less" if rest > 0 else ""
            self._session.note(f"The submission is a blend: {named}{smaller}.")


def _lead(score: Score, standing: Score) -> float:
    """How far apart two scores of one metric are."""
    return abs((score.value or 0.0) - (standing.value or 0.0))


def _constant_score(facts: Facts) -> Score | None:
    """The validation score of the best constant, which a submission has to beat."""
    if facts.constant_score is None:
        return None
    return Score(facts.metric, Direction(facts.direction), "validation", facts.constant_score)
