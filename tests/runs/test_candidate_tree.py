"""The candidate tree stays readable and true, however many candidates there were."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ElementTree

import pytest

from medalist.core.event import Event
from medalist.core.score import Direction, Score
from medalist.runs.candidate_tree import candidates, tree_rows
from medalist.runs.figures import Figures, fold
from medalist.runs.timeline import sentence

WEIGHTS = {"c003": 0.61, "c041": 0.39}


def _score(value: float) -> dict:
    return Score("rmse", Direction.MINIMIZE, "validation", value).as_dict()


def _search(count: int, *, ensembles: int = 20, drafts: int = 8) -> list[Event]:
    """Drafts, improvements of any earlier one, ensembles of everything; the last ensemble is in place."""
    rng = random.Random(count)
    events: list[Event] = []

    def tell(kind: str, **data: object) -> None:
        events.append(Event(kind, float(len(events)), 0.0, data))

    names = [f"c{i:03d}" for i in range(1, count + 1)]
    for i, name in enumerate(names):
        parents = [rng.choice(names[:i])] if i >= drafts else []
        operator = "improve" if parents else "draft"
        title = f"an estimator with a <long> name, and a long setting {i}"
        tell("candidate_created", candidate=name, operator=operator, parents=parents, title=title)
        if i % 9 == 8:
            tell("candidate_failed", candidate=name, operator=operator, reason="it & died")
        else:
            tell("candidate_finished", candidate=name, operator=operator, score=_score(rng.random()))
    for i in range(ensembles):
        name, title = f"e{i:03d}", f"ensemble of {count}"
        tell("candidate_created", candidate=name, operator="ensemble", parents=names, title=title)
        tell("candidate_finished", candidate=name, operator="ensemble", score=_score(-i))
        tell("submitted", candidate=name, title=title, score=_score(-i), weights=WEIGHTS)
    return events


@pytest.fixture(scope="module")
def crowded() -> Figures:
    return fold(_search(130))


def test_every_candidate_has_a_row_or_is_counted_in_a_fold(crowded: Figures) -> None:
    rows = tree_rows(crowded)
    folded = sum(int(re.findall(r"and (\d+) more", row.title)[0]) for row in rows if not row.id)
    assert len({row.id for row in rows if row.id}) + folded == 130
    assert len(rows) < 60


def test_a_row_hangs_from_an_ancestor_of_its_candidate(crowded: Figures) -> None:
    rows = tree_rows(crowded)
    for row in rows:
        if row.id and row.parent is not None:
            seen, wanted = row.id, rows[row.parent].id
            while seen != wanted:
                seen = crowded.candidates[seen].parents[0]  # no IndexError: the ancestor comes first


def test_the_best_family_and_the_best_of_each_are_on_top_and_shown(crowded: Figures) -> None:
    rows = tree_rows(crowded)
    values = {
        story.id: story.score.value
        for story in crowded.candidates.values()
        if story.operator != "ensemble" and story.score and story.score.value is not None
    }
    best = min(values, key=lambda name: values[name])
    second_family = [i for i, row in enumerate(rows) if row.parent is None][1]
    assert best in {row.id for row in rows[:second_family]}


def test_only_members_with_a_weight_are_joined_to_the_ensemble_in_place(crowded: Figures) -> None:
    drawings = re.findall(r"<svg.*?</svg>", candidates(crowded), re.DOTALL)
    assert len(drawings) == 2
    for drawing in drawings:
        assert drawing.count('class="edge"') == len(WEIGHTS)
        assert "e019 in place" in drawing
        assert "e018" not in drawing
        assert "61%" in drawing


def test_nothing_is_drawn_outside_the_picture(crowded: Figures) -> None:
    for drawing in re.findall(r"<svg.*?</svg>", candidates(crowded), re.DOTALL):
        root = ElementTree.fromstring(drawing)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for part in root.iter():
            right = float(part.get("x") or part.get("cx") or 0) + float(part.get("width") or 0)
            bottom = float(part.get("y") or part.get("cy") or 0) + float(part.get("height") or 0)
            assert 0 <= right <= width
            assert 0 <= bottom <= height


def test_the_page_says_that_an_ensembles_score_is_optimistic() -> None:
    assert "mildly optimistic" in candidates(fold(_search(10)))
    assert "mildly optimistic" not in candidates(fold(_search(10, ensembles=0)))


def test_many_drafts_are_folded_too() -> None:
    figures = fold(_search(100, ensembles=0, drafts=100))
    rows = tree_rows(figures)
    assert len(rows) < 20
    assert re.fullmatch(r"and \d+ more drafts, best .+", rows[-1].title)


def test_an_attempt_without_candidates_has_no_tree() -> None:
    assert candidates(fold([])) == ""


def test_a_line_about_a_candidate_says_where_it_came_from_once() -> None:
    told = [
        sentence(Event("candidate_created", 1.0, 0.0, {"candidate": "c9", **data}))
        for data in (
            {"operator": "improve", "title": "XGBoost, depth 3", "parents": ["c02"]},
            {"operator": "draft", "title": "XGBoost"},
            {"operator": "constant", "title": "a constant"},
        )
    ]
    assert told == [
        "Candidate c9: XGBoost, depth 3 (improves c02)",
        "Candidate c9: XGBoost (draft)",
        "Candidate c9: a constant",
    ]


@pytest.mark.parametrize("title", ["ensemble of 120", "a blend", ""])
def test_a_line_about_an_ensemble_does_not_grow_with_its_members(title: str) -> None:
    members = [f"c{i:03d}" for i in range(120)]
    data = {"candidate": "c121", "operator": "ensemble", "title": title, "parents": members}
    line = sentence(Event("candidate_created", 1.0, 0.0, data)) or ""
    assert line.count("ensemble of 120") == 1
    assert len(line) < 60
