"""The tool that reads the knowledge base of training mistakes, a section at a time."""

from __future__ import annotations

from medalist.hints.book import HintBook, load_hints, template_text
from medalist.hints.competition import competition_hints
from medalist.hints.export import section_text
from medalist.tools.definition import Refused
from medalist.tools.desk import Desk

_COMPETITION, _LEARNED, _TEMPLATE = "this competition", "learned", "template"


async def read_hints(desk: Desk, section: str = "", search: str = "") -> str:
    """Read what is known of mistakes that cost competitions. Needed before the first training.

    section: Title or number of a section; "this competition", "learned" and "template" are sections
        too. Empty lists them all with their most important entries.
    search: Words; the entries that hold all of them are shown instead.
    """
    book = load_hints()
    text = _found(book, search) if search else _section(desk, book, section.strip().lower())
    first = not desk.hints_read
    desk.hints_read = True
    if first:
        desk.session.events.append(
            "hints_read",
            hints=len(book),
            sections=list(book.sections),
            competition_hints=competition_hints(desk.session.task.public)[:500],
        )
    return text


def _section(desk: Desk, book: HintBook, wanted: str) -> str:
    if not wanted:
        return _overview(desk, book)
    if wanted == _COMPETITION:
        return competition_hints(desk.session.task.public) or "Nobody wrote hints for this competition."
    if wanted == _LEARNED:
        return _learned(desk)
    if wanted == _TEMPLATE:
        return template_text()
    for number, title in enumerate(book.sections, 1):
        if wanted in (str(number), title.lower()):
            return section_text(book, title)
    raise Refused(f"There is no section {wanted!r}. Sections: {'; '.join(_titles(book))}.")


def _overview(desk: Desk, book: HintBook) -> str:
    lines = [f"{len(book)} hints. read_hints(section=...) reads one section:"]
    for number, title in enumerate(book.sections, 1):
        entries = [hint for hint in book if hint.section == title]
        lines.append(f"{number}. {title} ({len(entries)})")
        lines += [f"   CRITICAL: {hint.title}" for hint in entries if hint.priority == "CRITICAL"]
    lines.append(f"Also: {_TEMPLATE} (a complete training script), {_LEARNED} (from earlier attempts)")
    if own := competition_hints(desk.session.task.public):
        lines.append(f"Written for this competition:\n{own}")
    return "\n".join(lines)


def _learned(desk: Desk) -> str:
    known = desk.session.supervisor.lessons.known()
    lines = [f"- {hint.error}\n  Fix: {hint.fix} (seen {hint.times} times)" for hint in known]
    return "\n".join(lines) or "Nothing was learned yet."


def _found(book: HintBook, words: str) -> str:
    found = book.search(words)
    lines = [f"[{hint.priority}] {hint.title} ({hint.section})\n{hint.fix}" for hint in found[:12]]
    return "\n\n".join(lines) or f"No hint holds all of {words!r}."


def _titles(book: HintBook) -> list[str]:
    return [f"{number}. {title}" for number, title in enumerate(book.sections, 1)]
