"""Every task of an attempt as pictures for its report: pairs, test inputs, both attempts, the program, and why it was
believed. What was right is said where the grader said so; the right outputs themselves are not shown.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from medalist.core.errors import InputError
from medalist.core.home import cache_folder
from medalist.families.arc.formats import Entry
from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.public import read_entries
from medalist.families.arc.results import State, TaskResult, read_results

PALETTE = (
    *((17, 17, 17), (30, 118, 217), (237, 64, 54), (60, 190, 80), (250, 210, 30)),
    *((150, 150, 150), (225, 50, 170), (250, 130, 40), (110, 200, 245), (130, 30, 50)),
)
"""The colours 0 to 9 as red, green, blue, near those that ARC's own editor draws."""

_LARGEST_PIXELS = 112
_CELL_PIXELS = 14
_LONGEST_PROGRAM = 400
_STYLE = """<style>
.puzzles{display:grid;gap:1rem}
.puzzle{border:1px solid color-mix(in srgb,currentColor 18%,transparent);border-radius:8px;padding:.6rem .8rem}
.puzzle h3{margin:0 0 .4rem;font-size:.95rem;display:flex;gap:.6rem;align-items:baseline;flex-wrap:wrap}
.puzzle .row{display:flex;gap:1.1rem;flex-wrap:wrap;align-items:flex-end}
.puzzle figure{margin:0;display:flex;gap:.5rem;align-items:center}
.puzzle figure.test{padding-left:.9rem;border-left:2px solid color-mix(in srgb,currentColor 25%,transparent)}
.puzzle img{image-rendering:pixelated;outline:1px solid color-mix(in srgb,currentColor 30%,transparent)}
.puzzle img.right{outline:3px solid #2ea043}.puzzle img.wrong{outline:3px solid #d1242f}
.puzzle code{overflow-wrap:anywhere}.puzzle p{margin:.4rem 0 0;font-size:.85rem}
</style>"""


def drawing(attempt: Path, grade: Mapping[str, Any]) -> str:
    """Markup of all tasks done, in their order; "" where none is, or where the collection lies no more in the cache.

    ``grade`` is the grader's report or empty.
    """
    solved = grade.get("by_task") or {}
    tasks = []
    for result in read_results(attempt):
        entry = _entries(result.collection).get(result.task)
        if entry is not None:
            tasks.append(_task(result, entry, solved.get(result.task)))
    return f'{_STYLE}<div class="puzzles">{"".join(tasks)}</div>' if tasks else ""


@lru_cache(maxsize=4)
def _entries(collection: str) -> Mapping[str, Entry]:
    try:
        return {entry.id: entry for entry in read_entries(cache_folder() / "tasks" / collection)}
    except InputError:
        return {}


def _task(result: TaskResult, entry: Entry, solved: Sequence[bool] | None) -> str:
    heading = [f"<b>{escape(result.task)}</b>", f'<span class="quiet">{escape(_told(result))}</span>']
    if solved is not None:
        heading.append(f"<span>{sum(solved)} of {len(solved)} right</span>")
    pictures = "".join((*_pairs(entry), *_tests(entry, result, solved)))
    return (
        f'<div class="puzzle"><h3>{"".join(heading)}</h3><div class="row">{pictures}</div>'
        f"{''.join(_programs(result))}</div>"
    )


def _told(result: TaskResult) -> str:
    ending = "" if result.state is State.FITS else f"{result.reason or result.state.value} · "
    return f"{ending}{result.cpu_seconds:.1f} CPU s · {result.states:,} states"


def _pairs(entry: Entry) -> Iterator[str]:
    if entry.puzzle is not None:
        for pair in entry.puzzle.train:
            yield f"<figure>{picture(pair.input)}→{picture(pair.output)}</figure>"


def _tests(entry: Entry, result: TaskResult, solved: Sequence[bool] | None) -> Iterator[str]:
    """Each test input with both attempts; which of two was the right one is not known here, so both are marked."""
    if entry.puzzle is None:
        return
    for number, grid in enumerate(entry.puzzle.tests):
        attempts = result.attempts[number] if number < len(result.attempts) else ()
        kind = "" if solved is None or number >= len(solved) else "right" if solved[number] else "wrong"
        drawn = "".join(picture(np.array(rows, np.int8), kind) for rows in attempts)
        yield f'<figure class="test">{picture(grid)}→{drawn or "(fallback)"}</figure>'


def _programs(result: TaskResult) -> Iterator[str]:
    """The programs behind the attempts, each once, the first attempt's first."""
    shown = dict.fromkeys(place for pair in result.answered_by for place in pair if place is not None)
    for place in shown:
        program = result.programs[place]
        text = str(program.get("text") or program.get("source") or "")
        code = f"<code>{escape(text[:_LONGEST_PROGRAM])}{' …' if len(text) > _LONGEST_PROGRAM else ''}</code>"
        fits = "" if program.get("fits") else "near miss · "
        belief = f"{fits}{program.get('stage', '')} · believed {float(program.get('confidence') or 0):.0%}"
        yield f'<p>{code}<br><span class="quiet">{escape(belief)} · {escape(str(program.get("why", "")))}</span></p>'


def picture(grid: Grid, kind: str = "") -> str:
    """An image of one pixel a cell, shown larger; ``kind`` is a class of the style."""
    from PIL import Image

    rows, columns = grid.shape
    image = Image.frombytes("P", (columns, rows), grid.astype(np.uint8).tobytes())
    image.putpalette([part for colour in PALETTE for part in colour])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    scale = min(_CELL_PIXELS, _LARGEST_PIXELS / max(rows, columns))
    return (
        f'<img class="{kind}" src="data:image/png;base64,{data}" width="{columns * scale:.0f}" '
        f'height="{rows * scale:.0f}" alt="{rows} × {columns} grid">'
    )
