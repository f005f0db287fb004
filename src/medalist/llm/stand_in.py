"""The review that stands in where no language model answers: the knowledge base and the training checks (SPEC O3).

It reads what a script says, as before every launch. What only a mind could judge (the metric, the
time, whether a plan is any good) it does not judge, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from medalist.core.errors import InputError
from medalist.hints.book import load_hints
from medalist.hints.review import Finding, check_script
from medalist.llm.verdict import ReviewVerdict
from medalist.machine.hardware import Hardware
from medalist.training.kind import Kind
from medalist.training.review import SMALL_BATCH, UNUSED_GPU, Review, ScriptFacts, review
from medalist.training.sizing import size_for

LEAKAGE, SAVING, PRECISION = (
    "Leakage and CV/LB mismatch",
    "Saving and checkpoints",
    "GPU memory and precision",
)
"""Sections of the knowledge base that answer a question of the review."""
_CUSTOMARY_PIXELS = 224


def review_by_hints(
    files: Mapping[str, str],
    hardware: Hardware,
    facts: ScriptFacts | None = None,
) -> ReviewVerdict:
    """Review scripts (text by name) as the checks before a launch do; never approves what they would refuse.

    ``files`` holds at least one Python script; others are left out.
    """
    scripts = {name: code for name, code in files.items() if name.endswith(".py")}
    known = facts or ScriptFacts()
    told: list[tuple[str, Finding]] = []
    broken: list[str] = []
    reviews: list[Review] = []
    for name, code in scripts.items():
        try:
            found = check_script(code, hardware=hardware, filename=name)
            reviews.append(review(code, hardware, known, hint_findings=found))
        except InputError as error:
            broken.append(f"{error.what} {error.where}")
            continue
        told += [(name, finding) for finding in reviews[-1].findings]
    must_fix = [*broken, *(_text(name, each) for name, each in told if each.must_fix)]
    advice = [_text(name, each) for name, each in told if not each.must_fix]
    return ReviewVerdict(
        decision="must_fix" if must_fix else "approve",
        plan=_plan(advice),
        must_fix=tuple(must_fix),
        batch_size=_batch(reviews, [each for _, each in told], hardware, known),
        gpu_use=_judged(told, PRECISION, UNUSED_GPU) or _gpu_text(hardware),
        leakage=_judged(told, LEAKAGE) or "nothing that the knowledge base knows of",
        resuming=_judged(told, SAVING, "no-resume") or "nothing amiss in how it saves and loads",
        metric="not judged without a language model",
    )


def _plan(advice: list[str]) -> str:
    if advice:
        return "\n".join(["Also worth doing:", *(f"- {each}" for each in advice)])
    return "The knowledge base and the checks before a launch have nothing more to say."


def _text(name: str, finding: Finding) -> str:
    return f"{name} line {finding.line}: {finding.message} Fix: {' '.join(finding.fix.split())}"


def _judged(told: Iterable[tuple[str, Finding]], section: str, *ids: str) -> str:
    """What was found of a section's hints, and of those named by ``ids``."""
    wanted = {*ids, *(hint.id for hint in load_hints() if hint.section == section)}
    return "; ".join(
        f"{name} line {each.line}: {each.message}" for name, each in told if each.hint_id in wanted
    )


def _gpu_text(hardware: Hardware) -> str:
    if not hardware.gpus:
        return "there is no GPU on this machine"
    return f"nothing amiss in how it uses the {hardware.gpus[0].name}"


def _batch(
    reviews: list[Review], findings: list[Finding], hardware: Hardware, facts: ScriptFacts
) -> int | None:
    """The scripts' own batch, or the table's where theirs must be larger; None where no network is trained."""
    if any(each.hint_id == SMALL_BATCH and each.must_fix for each in findings):
        return size_for("image", "", facts.image_pixels or _CUSTOMARY_PIXELS, hardware, facts.rows).batch
    return next((each.batch for each in reviews if each.kind is Kind.NETWORK and each.batch), None)
