"""How trials are told, line by line: the console lines people know from preferencemodel/hello-py, and a summary.

``opening``, ``ending`` and ``results`` are that harness's lines to the letter; what Medalist knows beyond them
(intervals, pass@k, reasons) stands in ``beyond``, below its closing block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from medalist.core.patience import write_whole
from medalist.runs.pass_rates import pass_all, pass_at
from medalist.runs.store import Store
from medalist.runs.timeline import duration
from medalist.runs.verdict import Verdict

if TYPE_CHECKING:
    from medalist.runs.trials import Trial, Trials

SUMMARY_FILE = "run_summary.md"
_RULE = "=" * 60


def opening(attempts: int, *, concurrent: bool) -> str:
    """What is said before the first attempt."""
    return (
        f"Running {attempts} test iterations {'concurrently' if concurrent else 'sequentially'}...\n{_RULE}"
    )


def ending(trial: Trial) -> str:
    """The line of an attempt that has ended."""
    verdict = trial.verdict
    if verdict.passed:
        found = f" ({verdict.note})" if verdict.note else ""
        return f"✓ Run {trial.number}: SUCCESS - {speed(verdict) or 'passed'}{found}"
    return f"✗ Run {trial.number}: FAILURE - {verdict.reason or verdict.kind}"


def results(trials: Trials) -> str:
    """The closing block, with the empty line above it."""
    count, passed = len(trials.decided), trials.successes
    rate, steps = trials.pass_rate or 0.0, trials.average_steps or 0.0
    lines = [
        "",
        _RULE,
        "Test Results:",
        f"  Passed: {passed}/{count}",
        f"  Failed: {count - passed}/{count}",
        f"  Pass Rate: {rate * 100:.1f}%",
        f"  Average Steps: {steps:.1f}",
        _RULE,
    ]
    return "\n".join(lines)


def beyond(trials: Trials) -> list[str]:
    """What else there is to say of trials, a line each."""
    lines = []
    if undecided := len(trials.all) - len(trials.decided):
        lines.append(
            f"Not decided: {undecided} of {len(trials.all)}, stopped or not judged; they count neither way."
        )
    if trials.pass_rate_interval and len(trials.decided) > 1:
        low, high = trials.pass_rate_interval
        lines.append(f"Pass rate between {low:.1%} and {high:.1%} (Wilson, 95 %).")
        once, always = trials.passes_of(pass_at), trials.passes_of(pass_all)
        told = [
            f"pass@{k} {once[k]:.1%}, pass^{k} {always[k]:.1%}"
            for k in once
            if 1 < int(k) < len(trials.decided)
        ]
        lines += [f"{'; '.join(told)}."] if told else []
    if trials.reasons:
        lines.append(
            f"Not passed: {', '.join(f'{kind} ({count})' for kind, count in trials.reasons.items())}."
        )
    if trials.best:
        lines.append(f"Best: run {trials.best.number}, {speed(trials.best.verdict)}: {trials.best.product}")
    if trials.script:
        warning = "" if trials.script.same else " Look at it before you use it."
        lines.append(f"A copy of your script: {trials.script.file}. {trials.script.said}{warning}")
    return lines


def speed(verdict: Verdict) -> str:
    """``54.2x (51.9x to 56.0x), equal``; "" where no ratio was measured."""
    if verdict.ratio is None or verdict.low is None or verdict.high is None:
        return ""
    equal = ", equal" if verdict.equal else ""
    return f"{verdict.ratio:.1f}x ({verdict.low:.1f}x to {verdict.high:.1f}x){equal}"


def write_summary(store: Store, trials: Trials) -> None:
    """Write ``run_summary.md`` into the run's folder. Raises StoreError when it cannot be written."""
    write_whole(store.root / SUMMARY_FILE, summary(store, trials), durable=True)


def summary(store: Store, trials: Trials) -> str:
    """The run as Markdown: the closing block, what else there is to say, and a row for each attempt."""
    spec = store.spec()
    headings = ("run", "verdict", "ratio", "steps", "time", "why not", "product")
    rows = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    rows += [_row(store, trial) for trial in trials.all]
    parts = [
        f"# {store.root.name}",
        "",
        f"{spec.engineers[0].capitalize()} on {spec.tasks[0].path.name}, {len(trials.all)} attempts, "
        f"{'one after another' if spec.jobs == 1 else 'at once'}.",
        "",
        "```",
        results(trials).lstrip("\n"),
        "```",
        "",
        *(f"- {line}" for line in beyond(trials)),
        "",
        *rows,
        "",
        "`medalist report` makes a page of it; each run's folder holds its trajectory, workspace and grade.",
    ]
    return "\n".join(parts) + "\n"


def _row(store: Store, trial: Trial) -> str:
    verdict, product = trial.verdict, trial.product
    cells = [
        str(trial.number),
        "passed" if verdict.passed else verdict.kind,
        speed(verdict) or "–",
        str(verdict.steps),
        duration(trial.result.seconds),
        verdict.reason or verdict.note or "–",
        str(product.relative_to(store.root)) if product and product.is_relative_to(store.root) else "–",
    ]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
