"""The Markdown that an engineer left beside its product, as markup of the report: what it did, and why that holds.

Headings, paragraphs, lists, tables, fenced code, ``code`` and *emphasis*; anything else is shown as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from medalist.runs.markup import table

_LARGEST_BYTES = 200_000
_INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"(?<!\w)\*([^*\s](?:[^*]*[^*\s])?)\*(?!\w)"), r"<em>\1</em>"),
)


def read_notes(product_folder: Path) -> str:
    """The Markdown files beside a product, one after the other; "" where there is none."""
    found = []
    for path in sorted(product_folder.glob("*.md")):
        if path.is_file() and path.stat().st_size <= _LARGEST_BYTES:
            found.append(path.read_text(encoding="utf-8", errors="replace"))
    return "\n\n".join(found)


def notes_markup(text: str) -> str:
    """The notes as markup; "" for none."""
    return "".join(_blocks(text.splitlines()))


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    for kind, group in groupby(_told_apart(lines), key=lambda told: told[0]):
        inner = [line for _, line in group]
        match kind:
            case "fence":
                yield f"<pre>{escape(chr(10).join(inner))}</pre>"
            case "heading":
                yield from (f"<h3>{_inline(line.lstrip('# '))}</h3>" for line in inner)
            case "list":
                yield f"<ul>{''.join(f'<li>{_inline(line[2:])}</li>' for line in inner)}</ul>"
            case "table":
                yield _table(inner)
            case "text":
                yield f"<p>{_inline(' '.join(inner))}</p>"
            case _:
                pass


def _told_apart(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each line with the kind of block it belongs to; the lines that fence code in are left out."""
    fenced = False
    for line in lines:
        if line.startswith("```"):
            fenced = not fenced
            yield "blank", ""
        elif fenced:
            yield "fence", line
        elif not line.strip():
            yield "blank", ""
        elif line.startswith("#"):
            yield "heading", line
        elif line.startswith("- "):
            yield "list", line
        elif line.startswith("|"):
            yield "table", line
        else:
            yield "text", line


def _table(lines: Sequence[str]) -> str:
    rows = [[_inline(cell.strip()) for cell in line.strip().strip("|").split("|")] for line in lines]
    if len(rows) > 1 and set("".join(rows[1])) <= set("-: "):
        heads = "".join(f"<th>{cell}</th>" for cell in rows[0])
        return table((), rows[2:]).replace("<table>", f"<table><thead><tr>{heads}</tr></thead>", 1)
    return table((), rows)


def _inline(text: str) -> str:
    marked = escape(text)
    for pattern, replacement in _INLINE:
        marked = pattern.sub(replacement, marked)
    return marked
