"""The report's part about language models: what the oracle was asked and said, and what each model took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from medalist.llm.verdict import Verdict
from medalist.runs.consultations import Consultation, consultations, share_trained
from medalist.runs.figures import Figures
from medalist.runs.language_models import ModelUse, dollars, language_models
from medalist.runs.timeline import duration, stamp

_DECIDED = {"approve": "approved", "must_fix": "must fix", "advice": "advice"}
_NO_VERDICT = "no verdict"
_FINDINGS = ("batch_size", "gpu_use", "leakage", "resuming", "metric", "time_estimate_seconds")
USE_HEADINGS = ("language model", "asked as", "calls", "failed", "tokens in", "tokens out", "cost", "time")


def oracle_section(figures: Figures) -> str:
    """Every question with its verdict open and the panel's answers folded; "" where nothing was asked."""
    found = consultations(figures.events)
    if not found:
        return ""
    return f'<p class="quiet">{escape(summary(found))}</p>' + "".join(map(_consultation, found))


def oracle_lines(figures: Figures) -> list[str]:
    """The same as Markdown, the panel's answers cut to who answered."""
    found = consultations(figures.events)
    lines = [summary(found), ""] if found else []
    for each in found:
        lines += [f"- {stamp(each.seconds)} **{_title(each)}** {_one_line(each.asked.get('question'))}"]
        lines += [f"  - {_one_line(text)}" for text in (_note(each), *_judged(each), _plan(each)) if text]
        lines += [f"  - {_member_line(member)}" for member in each.answers]
        lines += [f"  - {approval}" for approval in _approvals(each)]
    return lines


def use_rows(figures: Figures) -> list[list[str]]:
    """One row a language model, under ``USE_HEADINGS``."""
    return [_use_row(use) for use in language_models(figures.events)]


def record(of_attempts: Iterable[Figures]) -> str:
    """Over all attempts of a run: how many approved scripts trained at once; "" where none can be judged."""
    found = [each for figures in of_attempts for each in consultations(figures.events)]
    trained, judged = share_trained(found)
    return (
        f"Of {judged} scripts that the oracle approved, {trained} trained at the first launch."
        if judged
        else ""
    )


def summary(found: Sequence[Consultation]) -> str:
    """``3 questions, $0.012; of 2 approved scripts that were launched 1 trained at the first launch.``"""
    cost = sum(float(each.verdict.get("cost_usd") or 0.0) for each in found)
    questions = "One question" if len(found) == 1 else f"{len(found)} questions"
    approved = sum(len(each.approvals) for each in found)
    trained, judged = share_trained(found)
    if not approved:
        return f"{questions}, {dollars(cost)}."
    if not judged:
        return f"{questions}, {dollars(cost)}; what became of the approved script cannot be told yet."
    return f"{questions}, {dollars(cost)}; of {judged} approved and launched, {trained} trained at the first launch."


def _consultation(each: Consultation) -> str:
    decision = str(each.verdict.get("decision") or "none")
    parts = [
        f'<p class="asked"><time>{stamp(each.seconds)}</time> <b class="{escape(decision)}">{escape(_title(each))}</b> '
        f"{escape(str(each.asked.get('question') or ''))}</p>"
    ]
    if _note(each):
        parts.append(f'<p class="quiet">{escape(_note(each))}</p>')
    items = "".join(f"<li>{escape(str(item))}</li>" for item in each.verdict.get("must_fix") or ())
    parts.append(f"<ol>{items}</ol>" if items else "")
    judged = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in _findings(each))
    parts.append(f"<dl>{judged}</dl>" if judged else "")
    parts.append(f'<p class="plan">{escape(_plan(each))}</p>' if _plan(each) else "")
    parts += map(_member, each.answers)
    parts += (f'<p class="quiet">{escape(text)}</p>' for text in _approvals(each))
    return f'<div class="consultation">{"".join(parts)}</div>'


def _member(member: Mapping[str, Any]) -> str:
    line = escape(_member_line(member))
    if member.get("status") != "answered":
        return f'<p class="quiet">{line}</p>'
    return f"<details><summary>{line}</summary><pre>{escape(str(member.get('text') or ''))}</pre></details>"


def _member_line(member: Mapping[str, Any]) -> str:
    if member.get("status") != "answered":
        return f"{member.get('name')} was left out: {_one_line(member.get('reason'))}"
    tokens, cost = int(member.get("tokens") or 0), float(member.get("cost_usd") or 0.0)
    return (
        f"{member.get('name')} answered in {duration(member.get('took_seconds'))}, "
        f"{tokens:,} tokens, {dollars(cost)}"
    )


def _title(each: Consultation) -> str:
    """``review: must fix, by judge after 3.2 s``."""
    verdict, use = each.verdict, str(each.asked.get("use") or "question")
    if not verdict.get("decision"):
        return f"{use}: {_NO_VERDICT}"
    by = "the training hints" if verdict.get("by") == "hints" else str(verdict.get("critic") or "the critic")
    decided = _DECIDED.get(str(verdict["decision"]), str(verdict["decision"]))
    return f"{use}: {decided}, by {by} after {duration(verdict.get('took_seconds'))}"


def _findings(each: Consultation) -> list[tuple[str, str]]:
    named = {key: each.verdict[key] for key in _FINDINGS if each.verdict.get(key) is not None}
    return Verdict(decision="advice", plan="-", **named).findings() if named else []


def _judged(each: Consultation) -> Iterator[str]:
    yield from (f"must fix: {item}" for item in each.verdict.get("must_fix") or ())
    yield from (f"{label}: {text}" for label, text in _findings(each))


def _note(each: Consultation) -> str:
    return str(each.verdict.get("note") or "")


def _plan(each: Consultation) -> str:
    return str(each.verdict.get("plan") or "").strip()


def _approvals(each: Consultation) -> list[str]:
    return [f"{approval.script} was approved; it {approval.outcome}." for approval in each.approvals]


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split())


def _use_row(use: ModelUse) -> list[str]:
    failed = f"{use.failed}" + (f" ({use.repeated} asked again)" if use.repeated else "")
    cost = dollars(use.cost_usd) + (f" and {use.unpriced} of unknown price" if use.unpriced else "")
    return [
        use.name,
        ", ".join(sorted(use.roles)),
        str(use.calls),
        failed,
        f"{use.input_tokens:,}",
        f"{use.output_tokens:,}",
        cost,
        duration(use.took_seconds),
    ]
