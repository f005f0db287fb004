"""The three slow examples: each prints what its fast reference prints, and the judge finds that equal and faster."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from speedup_grading import grade

from medalist.families.speedup.recording import record_task
from medalist.families.speedup.recording.layout import FENCE

EXAMPLES = Path(__file__).parents[3] / "examples" / "speedup"
NAMES = ["table_features", "text_features", "kmeans"]
ENTRIES = {"table_features": "build_features", "text_features": "featurize", "kmeans": "fit"}
AT_LEAST = {"table_features": 20.0, "text_features": 5.0, "kmeans": 20.0}
"""Far below what the references reach on a quiet machine, for no test may depend on its noise."""


@pytest.fixture
def examples(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))


def printed(script: Path) -> str:
    done = subprocess.run([sys.executable, "-B", str(script)], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_script_and_its_reference_print_the_same(name):
    said = printed(EXAMPLES / f"{name}.py")
    assert said.count("\n") >= 2
    assert printed(EXAMPLES / f"{name}_reference.py") == said


def test_the_tables_agree_on_other_orders(examples):
    import table_features
    import table_features_reference

    orders = table_features.make_orders(seed=77).head(150)
    slow, fast = table_features.build_features(orders), table_features_reference.build_features(orders)
    pd.testing.assert_frame_equal(slow, fast, check_dtype=False)


def test_the_texts_agree_on_other_reviews(examples):
    import text_features
    import text_features_reference

    reviews = [*text_features.make_reviews(seed=77)[:120], "The of it.", ""]
    slow, fast = text_features.featurize(reviews), text_features_reference.featurize(reviews)
    assert slow["vocabulary"] == fast["vocabulary"]
    np.testing.assert_allclose(slow["rows"], fast["rows"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(slow["likeness"], fast["likeness"], rtol=1e-9, atol=1e-12)


def test_the_clusters_agree_on_other_points(examples):
    import kmeans
    import kmeans_reference

    points = kmeans.make_points(seed=77)[:400]
    slow, fast = kmeans.fit(points, 5, 6, seed=3), kmeans_reference.fit(points, 5, 6, seed=3)
    for name in ("centres", "labels", "history"):
        np.testing.assert_allclose(slow[name], fast[name], rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_judge_finds_the_reference_equal_and_faster(name, tmp_path):
    task = record_task(EXAMPLES / f"{name}.py", tmp_path / "task", target=2.0)
    program = (task / "program.py").read_text()
    own, fence, rest = program.partition(FENCE)
    reference = (EXAMPLES / f"{name}_reference.py").read_text().partition('\nif __name__ == "__main__"')[0]
    candidate = tmp_path / "candidate.py"
    candidate.write_text(
        own + re.sub(rf"^from {name} import .*\n", "", reference, flags=re.M) + "\n" + fence + rest
    )
    report = grade(task / "contract.toml", candidate, "--seconds", "3")
    assert report["passed"], report
    assert report["ratio"] > AT_LEAST[name]
    assert f"`{ENTRIES[name]}`" in (task / "CONTRACT.md").read_text()
