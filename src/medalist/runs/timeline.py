"""An event as a sentence: what the terminal's progress and every report print behind ``[mm:ss]``.

One function a kind, in one table; a kind without one is not worth a line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from medalist.core.event import Event

Data = dict[str, Any]


def stamp(seconds: float) -> str:
    """``[00:07]``, or ``[1:02:03]`` after an hour."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"[{hours}:{minutes:02d}:{whole % 60:02d}]" if hours else f"[{minutes:02d}:{whole % 60:02d}]"


def sentence(event: Event) -> str | None:
    """What happened, on one line; None for kinds that are not for reading along."""
    tell = _SENTENCES.get(event.kind)
    return None if tell is None else " ".join(tell(event.data).split()) or None


def duration(seconds: float | None) -> str:
    """``8.2 s``, ``3 min 20 s`` or ``1 h 02 min``; ``–`` for None."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d} min"


def number(value: float | None) -> str:
    """A score with five significant digits; ``–`` for None."""
    return "–" if value is None else f"{value:.5g}"


def score_text(data: Data) -> str:
    """``accuracy 0.80432`` out of an event's score, or why there is none."""
    score = data.get("score")
    if not isinstance(score, dict):
        return "no score"
    if score.get("value") is None:
        return str(score.get("reason") or score.get("status"))
    noise = f" ± {score['noise']:.2g}" if score.get("noise") else ""
    return f"{score['metric']} {number(score['value'])}{noise}"


def _started(data: Data) -> str:
    machine = data.get("hardware", {})
    gpus = machine.get("gpus") or []
    gpu = f", {gpus[0]['name']}" if gpus else ", no GPU"
    again = "goes on with" if data.get("resumed") else "works on"
    return (
        f"{data.get('engineer', 'engineer').capitalize()} {again} {data.get('task', 'the task')}"
        f" for {duration(data.get('budget_seconds'))}; {machine.get('cores', '?')} cores{gpu}"
    )


def _explored(data: Data) -> str:
    facts = data.get("facts") or data
    if "modality" not in facts:
        return "Explored the files"
    return (
        f"Explored: {facts['modality']} data, {facts.get('problem')}, {facts.get('rows_train')} training and "
        f"{facts.get('rows_test')} test rows, metric {facts.get('metric')}, {facts.get('split')} folds"
    )


def _plan(data: Data) -> str:
    drafts = [str(draft) for draft in data.get("drafts", ())]
    more = f" → {len(drafts) - 6} more" if len(drafts) > 6 else ""
    return f"Plan: {' → '.join(drafts[:6])}{more}" if drafts else ""


def _created(data: Data) -> str:
    """An ensemble's members are counted, not named: there may be a hundred."""
    title, parents = str(data.get("title") or ""), data.get("parents") or ()
    operator = str(data.get("operator"))
    verb = {"improve": "improves", "debug": "mends"}.get(operator, f"{operator} of")
    made = operator
    if operator == "ensemble":
        made = f"ensemble of {len(parents)}"
    elif parents:
        made = f"{verb} {' + '.join(parents)}"
    return f"Candidate {data['candidate']}: {title}" + (f" ({made})" if made not in title else "")


def _finished(data: Data) -> str:
    if not data.get("score"):
        return f"Candidate {data['candidate']} is ready"
    return f"Candidate {data['candidate']} scored {score_text(data)} in {duration(data.get('seconds_used'))}"


def _failed(data: Data) -> str:
    return f"Candidate {data['candidate']} failed: {data.get('reason') or 'no reason given'}"


def _hint(data: Data) -> str:
    mended = " – mended" if data.get("mended") else ""
    return f"Hint {data.get('hint')}: {data.get('message') or data.get('fix') or ''}{mended}"


def _checkpoint(data: Data) -> str:
    if data.get("verdict") in ("ok", "too_early"):
        return ""  # looks that found nothing are counted, not told
    return f"Checkpoint on {_job(data)}: {data.get('verdict')} – {data.get('reason', '')}"


def _recovery(data: Data) -> str:
    done = "; ".join(map(str, data.get("changes", ()))) or data.get("reason") or ""
    return (
        f"Recovery of {_job(data)}: {done}"
        if data.get("made", True)
        else f"No recovery of {_job(data)}: {done}"
    )


def _relaunch(data: Data) -> str:
    before, batch = data.get("batch_before"), data.get("batch")
    change = f", batch {before} → {batch}" if before and batch and before != batch else ""
    return f"Relaunched {_job(data)} ({str(data.get('why') or '').replace('_', ' ')}){change}"


def _rates(data: Data) -> str:
    before, after = data.get("rate_before"), data.get("rate")
    return f": {before:.5g} → {after:.5g} {data.get('unit', '')}" if before and after else ""


def _job(data: Data) -> str:
    return " ".join(str(data[key]) for key in ("candidate", "name") if data.get(key)) or "a job"


def _ended(data: Data) -> str:
    reason = f": {data['reason']}" if data.get("reason") else ""
    return f"Attempt ended ({data.get('state')}){reason}"


_SENTENCES: dict[str, Callable[[Data], str]] = {
    "attempt_started": _started,
    "sandbox_chosen": lambda d: f"Sandbox: {d.get('isolation') or d.get('sandbox')}",
    "explored": _explored,
    "note": lambda d: d.get("text", ""),
    "doubt": lambda d: f"Assumed: {d.get('text') or d.get('doubt') or ''}",
    "hints_read": lambda d: f"Read {d.get('hints') or 'the'} training hints",
    "hint_fired": _hint,
    "hint_learned": lambda d: f"Learned from {d.get('error')}: {d.get('fix')}",
    "plan": _plan,
    "candidate_created": _created,
    "candidate_finished": _finished,
    "candidate_failed": _failed,
    "checkpoint": _checkpoint,
    "recovery": _recovery,
    "relaunch": _relaunch,
    "sizing_kept": lambda d: f"The change stays{_rates(d)}",
    "sizing_taken_back": lambda d: f"The change is taken back{_rates(d)}",
    "submitted": lambda d: f"In place: {d['candidate']} {d.get('title') or ''}, {score_text(d)}",
    "submission_refused": lambda d: f"Kept out {d.get('candidate')}: {d.get('reason')}",
    "leak_found": lambda d: f"Leak: {d.get('text') or d.get('reason') or d.get('what') or ''}",
    "warning": lambda d: f"Warning: {d.get('text') or d.get('reason') or ''}",
    "error": lambda d: f"Error: {d.get('text') or d.get('reason') or ''}",
    "attempt_ended": _ended,
}
