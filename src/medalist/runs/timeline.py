"""An event as a sentence: what the terminal's progress and every report print behind ``[mm:ss]``.

One function a kind, in one table; a kind without one is not worth a line.
"""

from __future__ import annotations

import re
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


def progress_text(data: Data) -> str:
    """``12 of 400 tasks, 5 with a program, 3 min 20 s left``."""
    parts = [f"{data.get('done', '?')} of {data.get('of', '?')} {data.get('what') or ''}".rstrip()]
    if data.get("goodness"):
        parts.append(f"{data.get('good', 0)} {data['goodness']}")
    if data.get("eta_seconds"):
        parts.append(f"{duration(float(data['eta_seconds']))} left")
    return ", ".join(parts)


def _relaunch(data: Data) -> str:
    before, batch = data.get("batch_before"), data.get("batch")
    change = f", batch {before} → {batch}" if before and batch and before != batch else ""
    return f"Relaunched {_job(data)} ({str(data.get('why') or '').replace('_', ' ')}){change}"


def _rates(data: Data) -> str:
    before, after = data.get("rate_before"), data.get("rate")
    return f": {before:.5g} → {after:.5g} {data.get('unit', '')}" if before and after else ""


def _job(data: Data) -> str:
    return " ".join(str(data[key]) for key in ("candidate", "name") if data.get(key)) or "a job"


def _llm_failed(data: Data) -> str:
    again = "; asked again" if data.get("again") else ""
    return (
        f"{data.get('name') or 'A language model'} did not answer: {_quoted(data.get('reason'), 200)}{again}"
    )


def _tool(data: Data) -> str:
    """The acts a person would want to read of; looking around, waiting and asking say nothing here.

    Arguments are JSON text that may have been cut.
    """
    tell = _ACTS.get(str(data.get("tool")))
    if tell is None or data.get("refused") or str(data.get("answer")).startswith("Error:"):
        return ""
    written = re.findall(r'"(\w+)": "((?:[^"\\]|\\.)*)', str(data.get("arguments")))
    return tell({name: text.replace("\\n", " ").replace('\\"', '"') for name, text in written})


def _quoted(text: object, characters: int = 100) -> str:
    words = " ".join(str(text or "").split())
    return f"{words[:characters]} …" if len(words) > characters else words


def _command(arguments: Data) -> str:
    folder = arguments.get("folder", ".")
    where = f" in {folder}" if folder != "." else ""
    return f"{_quoted(arguments.get('command'))}{where}"


def _oracle_asked(data: Data) -> str:
    """O1's line."""
    names = [str(name) for name in data.get("names", ())]
    if len(names) < 2:
        return f"🔮 Oracle: Consulting {names[0]}..." if names else "🔮 Oracle: nobody can be consulted"
    return f"🔮 Oracle: Consulting {', '.join(names[:-1])} and {names[-1]} in parallel..."


def _oracle_answered(data: Data) -> str:
    if data.get("status") == "left_out":
        return f"{data.get('name')} is left out: {_quoted(data.get('reason'), 200)}"
    return f"{data.get('name')}: {_quoted(data.get('text'))}"


def _oracle_verdict(data: Data) -> str:
    decision = data.get("decision")
    if decision is None:
        return f"The oracle gave no verdict: {_quoted(data.get('note'), 200)}"
    batch = f", batch {data['batch_size']}" if data.get("batch_size") else ""
    items = "; ".join(map(str, data.get("must_fix") or ()))
    money = f", ${data['cost_usd']:.4g}" if data.get("cost_usd") else ""
    cost = f" ({data['tokens']} tokens{money})" if data.get("tokens") else ""
    words = _quoted(items or data.get("plan"), 200)
    use = data.get("use", "verdict")
    whose = {
        "hints": f"Nobody could be asked; {use} by the training hints",
        "member": f"The critic failed; {data.get('critic')}’s {use}",
    }.get(str(data.get("by")), f"Oracle’s {use}")
    return f"{whose}: {str(decision).replace('_', ' ')}{batch} – {words}{cost}"


def _ended(data: Data) -> str:
    reason = f": {data['reason']}" if data.get("reason") else ""
    return f"Attempt ended ({data.get('state')}){reason}"


_ACTS: dict[str, Callable[[Data], str]] = {
    "write_file": lambda a: f"Wrote {a.get('path')}",
    "edit_file": lambda a: f"Edited {a.get('path')}",
    "run_command": lambda a: f"Ran {_command(a)}",
    "run": lambda a: f"Ran {_command(a)}",
    "profile": lambda a: f"Profiled {a.get('path', 'the program')}",
    "start_job": lambda a: f"Reviewed and launched: {_command(a)}",
    "kill_job": lambda a: f"Ended job {a.get('job')}",
    "validate": lambda a: f"Validated {a.get('path')}",
    "finish": lambda a: f"The engineer is done. {_quoted(a.get('summary'), 200)}",
}

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
    "rescued": lambda d: d.get("text", ""),
    "leak_found": lambda d: f"Leak: {d.get('text') or d.get('reason') or d.get('what') or ''}",
    "warning": lambda d: f"Warning: {d.get('text') or d.get('reason') or ''}",
    "error": lambda d: f"Error: {d.get('text') or d.get('reason') or ''}",
    "llm_failed": _llm_failed,
    "tool_called": _tool,
    "tool_refused": lambda d: f"Refused {d.get('tool')}: {_quoted(d.get('reason'), 120)}",
    "engineer_said": lambda d: f"“{_quoted(d.get('text'), 160)}”" if d.get("text") else "",
    "oracle_asked": _oracle_asked,
    "oracle_answered": _oracle_answered,
    "oracle_verdict": _oracle_verdict,
    "attempt_ended": _ended,
}
