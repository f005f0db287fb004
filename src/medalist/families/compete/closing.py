"""What a person wants to read at an attempt's end, in two sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from medalist.core.score import Score
from medalist.search.population import Population

_NAMED = 5  # members of the blend


def closing_notes(population: Population, best: Score | None, weights: Mapping[str, float]) -> Iterator[str]:
    """How many candidates there were, what stands, and what it is a blend of by ``weights``, if it is one."""
    if best is None or best.value is None:
        yield "No candidate beat the constant; the constant submission stands."
        return
    noise = f" ± {best.noise:.4g} (differences inside that are noise)" if best.noise else ""
    yield (
        f"{len(population.finished)} candidates finished, {len(population.failed)} failed; "
        f"validation {best.metric} {best.value:.5g}{noise}."
    )
    if weights:
        parts = sorted(weights.items(), key=lambda item: -item[1])
        named = ", ".join(f"{population[m].candidate.title} ({m}) {w:.0%}" for m, w in parts[:_NAMED])
        rest = len(parts) - _NAMED
        smaller = f", and {rest} with less" if rest > 0 else ""
        yield f"The submission is a blend: {named}{smaller}."
