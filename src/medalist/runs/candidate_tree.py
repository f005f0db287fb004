"""The candidates of an attempt as a picture: drafts with what was made of them, and the ensemble in place.

A family is a draft and its descendants. The best of a family, those that count in the ensemble and
those that once were in place have a row each; the others are folded into "and 23 more". The picture
is drawn twice, for wide pages and for phones; the style sheet shows one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key
from html import escape

from medalist.runs.figures import CandidateStory, Figures
from medalist.runs.timeline import number, stamp

OPTIMISTIC = "An ensemble's validation score is mildly optimistic: its weights were chosen on the rows it is scored on."
_BEST_SHOWN = 2
_FAMILIES_SHOWN = 14
_ENSEMBLES_SHOWN = 12
_BOX_LEFT = 660
_ROW, _GAP, _INDENT, _TOP = 22, 10, 16, 16
_CHARACTER, _BOLD_CHARACTER = 6.2, 6.9  # pixels, in the wider ones of the page's fonts


@dataclass(frozen=True)
class Row:
    """A line of the tree. ``parent`` is the row it hangs from, None for a draft; a fold has no ``id``."""

    id: str
    title: str
    score: str = ""
    kind: str = "fold"
    tooltip: str = ""
    parent: int | None = None
    depth: int = 0
    weight: float | None = None


def candidates(figures: Figures) -> str:
    """The tree in both sizes, the ensembles in a row, and what to think of an ensemble's score."""
    rows = tree_rows(figures)
    if not rows:
        return ""
    ensemble = figures.in_place if figures.blended else None
    drawings = (
        _Drawing("wide", 880, 548 if ensemble else 880, ensemble),
        _Drawing("narrow", 320, 308 if ensemble else 320, ensemble),
    )
    optimistic = f'<p class="quiet">{OPTIMISTIC}</p>' if ensemble else ""
    return (
        "".join(drawing.of(rows) for drawing in drawings) + _legend(rows) + _ensembles(figures) + optimistic
    )


def _legend(rows: Sequence[Row]) -> str:
    """What the dots say, of those that are there."""
    keys = (
        ("member", "counts in the submission", any(row.weight or row.kind == "best" for row in rows)),
        ("placed", "once in place", any(row.kind == "submitted" and not row.weight for row in rows)),
        ("scored", "scored", any(row.kind == "scored" for row in rows)),
        ("failed", "failed", any(row.kind == "failed" for row in rows)),
    )
    named = (f'<span><i class="key {kind}"></i>{text}</span>' for kind, text, there in keys if there)
    return f'<p class="legend">{"".join(named)}</p>'


def _ensembles(figures: Figures) -> str:
    """The ensembles that were put in place, in order of time, with their scores."""
    made = [story for story in figures.candidates.values() if story.operator == "ensemble"]
    placed = [story for story in made if story.submitted]
    if not placed:
        return f'<p class="quiet">Ensembles made, none of them better: {len(made)}.</p>' if made else ""
    shown = placed[-_ENSEMBLES_SHOWN:]
    chips = "".join(
        f'<li{" class=best" if story is figures.in_place else ""} title="{escape(story.title)}">'
        f"<b>{escape(story.id)}</b> {number(story.score.value if story.score else None)} "
        f"<small>{stamp(story.created_seconds)[1:-1]}</small></li>"
        for story in shown
    )
    earlier = [f"{len(placed) - len(shown)} earlier"] if len(placed) > len(shown) else []
    others = [f"{len(made) - len(placed)} that did not beat them"] if len(made) > len(placed) else []
    left_out = (
        f'<p class="quiet">Left out: {" and ".join(earlier + others)}.</p>' if earlier or others else ""
    )
    return f'<h3>ensembles put in place, in order of time</h3><ol class="chips">{chips}</ol>{left_out}'


def tree_rows(figures: Figures) -> list[Row]:
    """The tree's lines from top to bottom, the best family first."""
    weights = figures.weights
    families = [
        _family_rows(members, _shown(members, weights), figures) for members in _families(figures.candidates)
    ]
    counted = [rows for rows in families if any(row.weight for row in rows)]
    others = [rows for rows in families if rows not in counted]
    kept = max(0, _FAMILIES_SHOWN - len(counted))
    folded = others[kept:]
    rows: list[Row] = []
    for family in families:
        if family not in folded:
            start = len(rows)
            rows += [row if row.parent is None else replace(row, parent=row.parent + start) for row in family]
    if folded:
        rows.append(Row("", f"and {len(folded)} more drafts, best {folded[0][0].score}"))
    return rows


def best_first(stories: Iterable[CandidateStory]) -> list[CandidateStory]:
    """By validation score; those without one come last."""

    def order(a: CandidateStory, b: CandidateStory) -> int:
        first = a.score is not None and a.score.better_than(b.score)
        return -1 if first else int(b.score is not None and b.score.better_than(a.score))

    return sorted(stories, key=cmp_to_key(order))


def _families(candidates: Mapping[str, CandidateStory]) -> list[list[CandidateStory]]:
    """Single candidates by the draft they descend from, each family in order of time, the best family first."""
    root: dict[str, str] = {}
    families: dict[str, list[CandidateStory]] = {}
    for story in candidates.values():  # parents are created before their children
        if story.operator != "ensemble":
            root[story.id] = next((root[parent] for parent in story.parents if parent in root), story.id)
            families.setdefault(root[story.id], []).append(story)
    best = best_first(best_first(members)[0] for members in families.values())
    return [families[root[story.id]] for story in best]


def _shown(members: Sequence[CandidateStory], weights: Mapping[str, float]) -> set[str]:
    """Who has a row: the draft, the best, those with a weight, those that were in place, and a lone remainder."""
    shown = {members[0].id} | {story.id for story in best_first(members)[:_BEST_SHOWN]}
    shown |= {story.id for story in members if story.submitted or story.id in weights}
    return shown if len(members) - len(shown) > 1 else {story.id for story in members}


def _family_rows(members: Sequence[CandidateStory], shown: set[str], figures: Figures) -> list[Row]:
    """One family: a child hangs from its nearest ancestor that is shown; the folded ones come last."""
    above: dict[str, str] = {}  # nearest shown ancestor, or oneself
    children: dict[str, list[CandidateStory]] = {}
    for story in members:
        parent = next((above[parent] for parent in story.parents if parent in above), None)
        above[story.id] = story.id if story.id in shown or parent is None else parent
        if parent is not None and story.id in shown:
            children.setdefault(parent, []).append(story)
    last = figures.in_place
    rows: list[Row] = []

    def place(story: CandidateStory, parent: int | None, depth: int) -> None:
        kind = "best" if story is last else _kind(story)
        score = (
            number(story.score.value) if story.score and story.score.value is not None else _UNSCORED[kind]
        )
        tooltip = " ".join(f"{story.id} ({_descent(story)}) {story.title} {story.reason}".split())
        weight = figures.weights.get(story.id)
        title = (story.title or story.operator).removeprefix(f"{members[0].title}, ")
        rows.append(Row(story.id, title, score, kind, tooltip, parent, depth, weight))
        here = len(rows) - 1
        for child in children.get(story.id, ()):
            place(child, here, depth + 1)

    place(members[0], None, 0)
    folded = best_first(story for story in members if story.id not in shown)
    if folded:
        rows.append(Row("", _fold_text(folded), parent=0, depth=1))
    return rows


def _fold_text(folded: Sequence[CandidateStory]) -> str:
    best = folded[0].score
    failed = sum(story.failed for story in folded)
    return (
        f"and {len(folded)} more"
        + (f", best {number(best.value)}" if best and best.value is not None else "")
        + (f", {failed} failed" if failed else "")
    )


def _descent(story: CandidateStory) -> str:
    return f"{story.operator} of {' + '.join(story.parents)}" if story.parents else story.operator


_UNSCORED = {kind: kind for kind in ("failed", "unfinished")} | dict.fromkeys(
    ("best", "submitted", "scored"), "no score"
)


def _kind(story: CandidateStory) -> str:
    if story.failed:
        return "failed"
    if story.submitted:
        return "submitted"
    return "scored" if story.ended_seconds is not None else "unfinished"


@dataclass(frozen=True)
class _Drawing:
    """One size of the picture: rows end at ``right``; the ensemble stands beside them, or below on a phone."""

    name: str
    width: int
    right: int
    ensemble: CandidateStory | None

    def of(self, rows: Sequence[Row]) -> str:
        heights = list(_heights(rows))
        bottom = heights[-1] + _ROW / 2 + 4
        parts = list(self._bands(rows, heights))
        box = ""
        if self.ensemble:
            members = [(y, row.weight) for y, row in zip(heights, rows, strict=True) if row.weight]
            left, top, wide = self._box_place([y for y, _ in members], bottom)
            box = _box(self.ensemble, len(members), left, top, wide)
            parts += [self._edge(y, weight, left, top + 29, wide) for y, weight in members]
            bottom = max(bottom, top + 60)
        parts += [self._row(row, y, heights) for row, y in zip(rows, heights, strict=True)]
        size = f'viewBox="0 0 {self.width} {bottom:g}"'
        return f'<svg class="tree {self.name}" {size} role="img">{"".join(parts)}{box}</svg>'

    def _bands(self, rows: Sequence[Row], heights: Sequence[float]) -> Iterator[str]:
        """A quiet ground behind each family."""
        starts = [i for i, row in enumerate(rows) if row.parent is None]
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            top, tall = heights[start] - _ROW / 2 - 2, heights[end - 1] - heights[start] + _ROW + 4
            yield f'<rect class="band" x="0" y="{top:g}" width="{self.right}" height="{tall:g}" rx="6"/>'

    def _row(self, row: Row, y: float, heights: Sequence[float]) -> str:
        x = 14 + row.depth * _INDENT
        branch = ""
        if row.parent is not None:
            top = heights[row.parent] + 5
            branch = f'<path class="branch" d="M{x - _INDENT} {top:g}V{y - 6:g}q0 6 6 6H{x - 5}"/>'
        if not row.id:
            return f'{branch}<text class="fold" x="{x + 2}" y="{y + 4:g}">{escape(row.title)}</text>'
        score_right = self.right - (46 if self.ensemble else 12)
        letter = _BOLD_CHARACTER if row.weight or row.kind == "best" else _CHARACTER
        title_x = x + 15 + 7 * max(4, len(row.id))
        room = (score_right - 54 - title_x) / letter
        share = (
            f'<text class="share" x="{self.right - 10}" y="{y + 4:g}">{row.weight:.0%}</text>'
            if row.weight
            else ""
        )
        return (
            f'<g class="row {row.kind}{" member" if row.weight else ""}"><title>{escape(row.tooltip)}</title>{branch}'
            f'<circle cx="{x}" cy="{y:g}" r="4"/><text class="name" x="{x + 11}" y="{y + 4:g}">{escape(row.id)}</text>'
            f'<text class="title" x="{title_x:g}" y="{y + 4:g}">{escape(_cut(row.title, int(room)))}</text>'
            f'<text class="score" x="{score_right}" y="{y + 4:g}">{escape(row.score)}</text>{share}</g>'
        )

    def _box_place(self, members: Sequence[float], bottom: float) -> tuple[float, float, float]:
        """Left, top and width of the ensemble's box: amid its members, or below everything."""
        if self.name == "narrow":
            return 0, bottom + 14, self.width
        middle = sum(members) / len(members) if members else 0.0
        return _BOX_LEFT, max(4.0, min(middle - 29, bottom - 62)), self.width - _BOX_LEFT

    def _edge(self, y: float, weight: float, left: float, middle: float, wide: float) -> str:
        """From a member's row to the box, as thick as its weight."""
        if self.name == "narrow":
            top = middle - 29
            return f'<path class="edge" stroke-width="1.5" d="M{self.right} {y:g}h2q4 0 4 4V{top:g}"/>'
        bend = (self.right + left) / 2
        return (
            f'<path class="edge" stroke-width="{1 + 9 * weight:.1f}" '
            f'd="M{self.right} {y:g}C{bend:g} {y:g} {bend:g} {middle:g} {left:g} {middle:g}"/>'
        )


def _box(story: CandidateStory, counted: int, left: float, top: float, wide: float) -> str:
    score = number(story.score.value) if story.score else ""
    members = f"; {counted} of them count" if counted else ""
    return (
        f'<g class="box"><rect x="{left + 1:g}" y="{top:g}" width="{wide - 2:g}" height="58" rx="8"/>'
        f'<text class="name" x="{left + 14:g}" y="{top + 24:g}">{escape(story.id)} in place</text>'
        f'<text class="score" x="{left + wide - 14:g}" y="{top + 24:g}">{score}</text>'
        f'<text x="{left + 14:g}" y="{top + 43:g}">{escape(story.title)}{members}</text></g>'
    )


def _heights(rows: Sequence[Row]) -> Iterator[float]:
    """The middle of each row; families stand apart."""
    y = float(_TOP - _ROW - _GAP)
    for row in rows:
        y += _ROW if row.parent is not None else _ROW + _GAP
        yield y


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"
