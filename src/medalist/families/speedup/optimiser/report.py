"""What optimising a program came to, for a person: each transformation, its gain, and its proof of equality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from medalist.families.speedup.optimiser.optimising import Result
from medalist.families.speedup.optimiser.requests import Call
from medalist.families.speedup.optimiser.steps import LetGo, Proof, Step

_MOST_LET_GO = 40


def report_of(result: Result) -> str:
    """Markdown. The gains are the search's own, of single edits; a judge measures the ratio of the whole."""
    return "\n".join([*_summary(result), *_steps(result.steps), *_let_go(result)]) + "\n"


def _summary(result: Result) -> Iterator[str]:
    yield "# What was made faster"
    yield ""
    proof = result.proof
    if proof is None:
        yield result.said
        yield ""
        return
    count = len(result.steps)
    yield (
        f"{count} {'transformation' if count == 1 else 'transformations'}: {_seconds(proof.original_seconds)} became"
        f" {_seconds(proof.seconds)}, {proof.ratio:.1f} times as fast by the optimiser's own measure."
    )
    yield ""
    yield f"Proof: after the last edit {_inputs(proof)} drawn; the original and the result were run on each."
    yield f"The furthest that any array strayed: {proof.worst}."
    yield ""
    yield from _tolerances(proof.excess)


def _steps(steps: tuple[Step, ...]) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield f"## {number}. {step.edit.title}"
        yield ""
        yield f"*{step.edit.transformation}*: {step.gain:.2f} times as fast, on {step.inputs}. {step.edit.reason}"
        yield ""
        yield f"Verified on {_calls(step.calls)}: {step.worst}."
        yield ""


def _let_go(result: Result) -> Iterator[str]:
    tried = [
        each for each in result.let_go if each.edit.title not in {step.edit.title for step in result.steps}
    ]
    if not tried and not result.failures:
        return
    yield "## Tried and not kept"
    yield ""
    for each in tried[:_MOST_LET_GO]:
        yield _let_go_line(each)
    if len(tried) > _MOST_LET_GO:
        yield f"- and {len(tried) - _MOST_LET_GO} more"
    for name, failure in result.failures.items():
        yield f"- {name}: failed on this program ({failure})"
    yield ""


def _let_go_line(each: LetGo) -> str:
    return f"- {each.edit.title} ({each.edit.transformation}): {each.reason}"


def _tolerances(excess: Mapping[str, float]) -> Iterator[str]:
    yield "| output | largest difference, as a share of what is allowed |"
    yield "|---|---|"
    for name, share in excess.items():
        yield f"| `{name}` | {share:.1e} |"
    yield ""


def _inputs(proof: Proof) -> str:
    count = len(proof.calls)
    return f"{count} fresh {'input was' if count == 1 else 'inputs were'}"


def _calls(calls: tuple[Call, ...]) -> str:
    return ", ".join(f"seed {call.seed}" + (f" at size {call.size}" if call.size else "") for call in calls)


def _seconds(values: tuple[float, ...]) -> str:
    mean = sum(values) / len(values)
    return f"{mean:.1f} s" if mean >= 10 else f"{mean * 1000:.0f} ms" if mean < 1 else f"{mean:.2f} s"
