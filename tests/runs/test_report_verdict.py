"""Reports of trials: ratios drawn with what is asked for, an engineer's notes as markup that can do no harm."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from trying_family import make_tries

from medalist.core.budget import Limits
from medalist.runs.attempt import run_attempt
from medalist.runs.charts import Interval, ratios_chart
from medalist.runs.notes import notes_markup
from medalist.runs.report import markdown, write_page
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import AttemptState, FileStore
from medalist.runs.verdict import Ungraded, verdict_of

NOTES = """# What was done

2 steps, `a < b`, *much* faster
than before.

| output | difference |
|---|---|
| `features` | 1e-9 |

- one <script>alert(1)</script>
- two

```
x < y
```
"""


@pytest.fixture
def store(tmp_path: Path, installed_families: None, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    task = make_tries(tmp_path / "toy", "fast", "other", "crash")
    made = FileStore(tmp_path / "run")
    spec = RunSpec(
        tasks=(TaskSpec(task, "trying"),), seeds=(0, 1, 2), limits=Limits(attempt_seconds=60), numbered=True
    )
    made.create(spec)
    for record in made.attempts():
        run_attempt(made, record.spec.id)
    (made.folder("run_1") / "submission" / "notes.md").write_text(NOTES)
    return made


def test_the_page_draws_ratios_and_tells_reasons_and_notes(store: FileStore, tmp_path: Path) -> None:
    page = write_page(store, tmp_path / "page.html").read_text()
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    assert any("4x asked for" in drawing for drawing in drawings)
    for wanted in ("passed", "other function", "crashed", "ZeroDivisionError", "equal", "<th>output</th>"):
        assert wanted in page, wanted
    assert "<script" not in page
    for unwanted in ("medal ", "first valid", "Checklist", "batch sizes"):
        assert unwanted not in page, unwanted
    text = markdown(store)
    assert "| run_3 | failed | crashed |" in text
    assert "## What was done" in text


def test_a_verdict_is_kept_and_one_that_was_never_written_says_so(store: FileStore) -> None:
    passed, other, crashed = map(verdict_of, store.attempts())
    assert passed.passed
    assert passed.ratio is not None
    assert (other.kind, other.equal, other.ratio) == ("other function", False, None)
    assert crashed.kind == Ungraded.CRASHED
    lost = FileStore(store.root.with_name("lost"))
    lost.create(store.spec())
    record = lost.read("run_1")
    assert verdict_of(record).kind == Ungraded.STOPPED
    killed = type(record)(record.spec, AttemptState.RUNNING)
    assert verdict_of(killed).kind == Ungraded.CRASHED


def test_notes_are_markup_of_few_kinds_and_all_else_is_text() -> None:
    made = notes_markup(NOTES)
    for wanted in (
        "<h3>What was done</h3>",
        "<p>2 steps, <code>a &lt; b</code>, <em>much</em> faster than before.</p>",
        "<thead><tr><th>output</th><th>difference</th></tr></thead>",
        "<td><code>features</code></td><td>1e-9</td>",
        "<ul><li>one &lt;script&gt;alert(1)&lt;/script&gt;</li><li>two</li></ul>",
        "<pre>x &lt; y</pre>",
    ):
        assert wanted in made, wanted
    ElementTree.fromstring(f"<div>{made}</div>")
    assert notes_markup("") == ""


@pytest.mark.parametrize("target", [0.5, 4.0, 36.0, 1e6])
def test_every_ratio_lies_on_the_drawing(target: float) -> None:
    lines = [
        Interval(f"run_{n}", value, 0.9 * value, 1.1 * value, "better")
        for n, value in enumerate((0.1, 3, 250))
    ]
    tree = ElementTree.fromstring(ratios_chart(lines, target=target))
    places = [
        float(node.attrib[key]) for node in tree.iter() for key in ("x1", "x2", "cx") if key in node.attrib
    ]
    assert places
    assert all(0 <= place <= 880 for place in places)
