"""The two matchers: a script against the detectors, a log against the error patterns.

Pure functions of text (and of the hardware, where it is given). They judge no batch against a machine:
that is `training.review`, which builds on these findings.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from medalist.hints.book import PRIORITIES, Hint, HintBook, Priority, load_hints
from medalist.hints.detectors import Spot, find_detector
from medalist.machine.hardware import Hardware
from medalist.source.tree import Script, parse

Span = tuple[int, int, int, int]
_LOG_CHARACTERS_READ = 200_000


@dataclass(frozen=True)
class Finding:
    """One hint that applies. ``line`` is 1-based in the script or log; ``must_fix`` says that starting the
    script as it is would waste the time; ``mechanical`` that `mend_script` can make the change; ``span``
    is where it would make it."""

    hint_id: str
    priority: Priority
    line: int
    message: str
    fix: str
    must_fix: bool
    mechanical: bool
    span: Span = (0, 0, 0, 0)


def check_script(
    code: str,
    *,
    hardware: Hardware | None = None,
    filename: str = "script",
    book: HintBook | None = None,
    leave_out: Collection[str] = (),
    text_columns: Collection[str] = (),
) -> list[Finding]:
    """What the book has to say about a script, worst first, then by line.

    Hints that hold only with a GPU are asked only where ``hardware`` has one. ``leave_out`` names hints to
    skip, ``text_columns`` the columns of the data that hold text. Raises `InputError` with the line when
    ``code`` is not Python.
    """
    script = parse(code, filename=filename, text_columns=text_columns)
    has_gpu = hardware is not None and bool(hardware.gpus)
    findings: list[Finding] = []
    for hint in book or load_hints():
        if hint.detector is None or hint.id in leave_out or (hint.needs_gpu and not has_gpu):
            continue
        findings.extend(_findings(hint, script))
    return sorted(findings, key=lambda f: (PRIORITIES.index(f.priority), f.line, f.hint_id))


def _findings(hint: Hint, script: Script) -> list[Finding]:
    spots: dict[Span, Spot] = {}
    for spot in find_detector(hint.detector or "")(script):
        spots.setdefault(spot.span, spot)
    return [
        Finding(
            hint_id=hint.id,
            priority=hint.priority,
            line=spot.line,
            message=f"{hint.title}: {spot.detail}.",
            fix=hint.fix,
            must_fix=hint.priority == "CRITICAL",
            mechanical=hint.mechanical_fix is not None,
            span=spot.span,
        )
        for spot in spots.values()
    ]


def explain_log(text: str, *, book: HintBook | None = None) -> list[Finding]:
    """The hints whose error patterns stand in a log, the latest match first: the last error is the one
    that ended the job. One finding a hint; ``line`` is the line of the log. Only the last 200,000
    characters are read."""
    skipped = max(0, len(text) - _LOG_CHARACTERS_READ)
    recent = text[skipped:]
    first_line = text.count("\n", 0, skipped) + 1
    found: list[tuple[int, Finding]] = []
    for hint in book or load_hints():
        match = _last_match(_compiled(hint.error_patterns), recent)
        if match is not None:
            found.append((match.start(), _explained(hint, match, recent, first_line)))
    return [finding for _, finding in sorted(found, key=lambda item: -item[0])]


def _explained(hint: Hint, match: re.Match[str], text: str, first_line: int) -> Finding:
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    quoted = text[start : end if end >= 0 else len(text)].strip()[:200]
    return Finding(
        hint_id=hint.id,
        priority=hint.priority,
        line=first_line + text.count("\n", 0, match.start()),
        message=f"{hint.title}: the log says “{quoted}”. {hint.cause}",
        fix=hint.fix,
        must_fix=True,
        mechanical=hint.mechanical_fix is not None,
    )


@cache
def _compiled(patterns: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


def _last_match(patterns: Sequence[re.Pattern[str]], text: str) -> re.Match[str] | None:
    last: re.Match[str] | None = None
    for pattern in patterns:
        for match in pattern.finditer(text):
            if last is None or match.start() > last.start():
                last = match
    return last
