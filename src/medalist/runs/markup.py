"""The pieces that every HTML page is made of: the document around it, sections, tables. All text in, markup out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files


def document(title: str, body: str) -> str:
    """A whole self-contained page; ``body`` is markup."""
    style = files("medalist.runs").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Medalist</title><style>{style}</style></head><body><main>"
        f'<header class="page"><p class="brand">Medalist</p><h1>{escape(title)}</h1></header>'
        f"{body}</main></body></html>\n"
    )


def section(title: str, inner: str) -> str:
    """A titled sheet; nothing where there is nothing in it."""
    return f"<section><h2>{escape(title)}</h2>{inner}</section>" if inner else ""


def titled(title: str, chart: str) -> str:
    """A chart with its name above it; nothing without a chart."""
    return f"<h3>{escape(title)}</h3>{chart}" if chart else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are markup already; no headings, no head."""
    head = f"<thead><tr>{''.join(f'<th>{escape(h)}</th>' for h in headings)}</tr></thead>" if headings else ""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'
