"""The whole book as one text file, for an engineer to read before the first training launch."""

from __future__ import annotations

from textwrap import indent

from medalist.hints.book import PRIORITIES, Hint, HintBook, load_hints, template_text

_RULE = "=" * 100


def export_text(book: HintBook | None = None, *, competition: str = "") -> str:
    """Every entry by section, the competition's own hints first, the complete training template last."""
    book = book or load_hints()
    parts = [_opening(book)]
    if competition:
        parts.append(f"{_RULE}\nHINTS FOR THIS COMPETITION\n{_RULE}\n\n{competition.strip()}\n")
    for number, section in enumerate(book.sections, 1):
        parts.append(f"{_RULE}\n{number}. {section.upper()}\n{_RULE}\n")
        parts.append(section_text(book, section))
    parts.append(f"{indent(template_text(), '    ', lambda line: bool(line.strip()))}")
    return "\n".join(parts)


def section_text(book: HintBook, section: str) -> str:
    """The entries of one section, without its title."""
    return "\n".join(_entry(hint) for hint in book if hint.section == section)


def _opening(book: HintBook) -> str:
    counts = ", ".join(f"{sum(h.priority == p for h in book)} {p}" for p in PRIORITIES)
    return (
        "TRAINING HINTS\n\n"
        f"{len(book)} mistakes that cost competitions, in {len(book.sections)} sections: {counts}.\n"
        "Read before writing train.py: CRITICAL ones waste the whole run, IMPORTANT ones cost score or\n"
        "hours, OPTIONAL ones are worth knowing. `medalist hints check train.py` finds most of them.\n"
    )


def _entry(hint: Hint) -> str:
    seen = "in a script and in an error" if hint.detector and hint.error_patterns else ""
    seen = seen or ("in a script" if hint.detector else "in an error" if hint.error_patterns else "")
    lines = [
        f"[{hint.priority}] {hint.title}  ({hint.id})",
        f"  Symptom: {hint.symptom}",
        f"  Cause:   {hint.cause}",
        "  Fix:",
        indent(hint.fix, "    ", lambda line: bool(line.strip())),
    ]
    if seen:
        lines.append(f"  Recognised {seen}.")
    return "\n".join(lines) + "\n"
