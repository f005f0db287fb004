"""The playbook on real tables, start to end, in short budgets: what holds for every attempt."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.utils import Bunch

import medalist as medalist_package
from medalist.core.event import Event, read_events
from medalist.core.score import Score
from medalist.families.compete.operators import Operators
from medalist.families.compete.playbook_pace import Pace
from medalist.hints.learned import LearnedHints, default_path

pytestmark = pytest.mark.slow


def write_competition(folder: Path, data, *, metric: str, test_share: float = 0.25) -> Path:
    """A competition out of one of scikit-learn's tables: a plain folder, no hidden answers."""
    table = data.frame.sample(frac=1.0, random_state=0).reset_index(names="id")
    table["id"] = range(len(table))
    split = int(len(table) * (1 - test_share))
    train, test = table[:split], table[split:]
    folder.mkdir(parents=True)
    train.to_csv(folder / "train.csv", index=False)
    test.drop(columns="target").to_csv(folder / "test.csv", index=False)
    test[["id"]].assign(target=0).to_csv(folder / "sample_submission.csv", index=False)
    (folder / "meta.json").write_text(json.dumps({"metric": metric}))
    return folder


def events_of(run_dir: Path) -> list[Event]:
    (path,) = run_dir.glob("*/events.jsonl")
    return list(read_events(path))


def of(events: list[Event], *kinds: str) -> list[Event]:
    return [event for event in events if event.kind in kinds]


def submitted_scores(events: list[Event]) -> list[Score]:
    return [Score.from_dict(e.data["score"]) for e in of(events, "submitted") if e.data["score"]]


def assert_never_falls(events: list[Event]) -> None:
    scores = submitted_scores(events)
    assert all(later.better_than(earlier) for earlier, later in itertools.pairwise(scores))


def assert_well_formed(competition: Path, submission: Path) -> None:
    sample, made = pd.read_csv(competition / "sample_submission.csv"), pd.read_csv(submission)
    assert list(made.columns) == list(sample.columns)
    assert list(made["id"]) == list(sample["id"])
    assert made.notna().all(axis=None)


@pytest.fixture(scope="module")
def attempt(tmp_path_factory: pytest.TempPathFactory):
    """One attempt at a binary table, long enough for an ensemble: (competition, result, events)."""
    folder = tmp_path_factory.mktemp("whole")
    data = datasets.load_breast_cancer(as_frame=True)
    competition = write_competition(folder / "cancer", data, metric="f1")
    result = medalist_package.compete(competition, time="16s", out=folder / "run")
    return competition, result, events_of(result.run_dir)


def test_the_submission_is_valid_and_beats_a_constant(attempt):
    competition, result, events = attempt
    assert result.valid
    assert_well_formed(competition, result.submission)
    (explored,) = of(events, "explored")
    assert result.validation_score > explored.data["facts"]["constant_score"]


def test_what_stands_only_ever_gets_better(attempt):
    assert_never_falls(attempt[2])


def test_what_a_script_says_of_itself_is_what_medalist_finds(attempt):
    """Thresholds tuned in the script count in the score, so both figures are of the very same predictions."""
    _, result, events = attempt
    for event in of(events, "candidate_finished"):
        if event.data["score"]:
            (said,) = result.run_dir.glob(
                f"*/workspace/candidates/{event.data['candidate']}/artifacts/metrics.json"
            )
            score = json.loads(said.read_text())["validation_score"]
            assert score == pytest.approx(event.data["score"]["value"])


def test_a_constant_stands_before_anything_is_learned(attempt):
    first = of(attempt[2], "submitted")[0]
    assert first.data["score"] is None


def test_hints_are_read_and_a_plan_is_made_before_the_first_training(attempt):
    kinds = [event.kind for event in attempt[2]]
    assert (
        kinds.index("explored") < kinds.index("hints_read") < kinds.index("plan") < kinds.index("job_started")
    )


def test_every_candidate_is_announced_and_ends_once(attempt):
    events = attempt[2]
    begun = [e.data["candidate"] for e in of(events, "candidate_created")]
    ended = [e.data["candidate"] for e in of(events, "candidate_finished", "candidate_failed")]
    assert sorted(begun) == sorted(ended)
    assert len(set(begun)) == len(begun)


def test_finished_candidates_become_an_ensemble(attempt):
    """As soon as there are two; a machine too busy to finish two within the budget has none to blend."""
    operators = [e.data["operator"] for e in of(attempt[2], "candidate_finished")]
    singles = len([name for name in operators if name in ("draft", "improve", "debug")])
    assert singles >= 1
    assert ("ensemble" in operators) == (singles >= 2)


def test_a_submitted_ensemble_says_what_each_member_counts(attempt):
    operators = {e.data["candidate"]: e.data["operator"] for e in of(attempt[2], "candidate_finished")}
    for event in of(attempt[2], "submitted"):
        weights = event.data["weights"]
        assert bool(weights) == (operators.get(event.data["candidate"]) == "ensemble")
        assert all(operators[member] in ("draft", "improve", "debug") for member in weights)
        assert not weights or sum(weights.values()) == pytest.approx(1, abs=0.05)


def test_the_scripts_that_were_handed_over_make_the_submission_again(attempt, tmp_path):
    """Copied away, with the competition's files alone, ``predict.py`` writes the very same predictions."""
    competition, result, _ = attempt
    copy = tmp_path / "taken-away"
    subprocess.run(["cp", "-rL", result.submission.parent, copy], check=True)
    before = pd.read_csv(copy / "submission.csv")
    (copy / "submission.csv").unlink()
    command = [sys.executable, "predict.py", "--data", str(competition)]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    pd.testing.assert_frame_equal(before, pd.read_csv(copy / "submission.csv"))


def test_failing_candidates_do_not_stop_an_attempt(tmp_path, monkeypatch):
    """Every other script breaks; the failures are told with their reason and the rest is submitted."""
    real = Operators.scripts
    written: list[str] = []

    def scripts(self, recipe):
        written.append(recipe.title)
        made = real(self, recipe)
        if recipe.kit != "ensemble" and len(written) % 2:
            made["train.py"] = "raise RuntimeError('broken on purpose')\n"
        return made

    monkeypatch.setattr(Operators, "scripts", scripts)
    competition = write_competition(tmp_path / "c", datasets.load_diabetes(as_frame=True), metric="rmse")
    result = medalist_package.compete(competition, time="12s", out=tmp_path / "run")
    events = events_of(result.run_dir)
    failed = of(events, "candidate_failed")
    assert any("broken on purpose" in event.data["reason"] for event in failed)
    assert result.valid
    assert submitted_scores(events)
    assert_never_falls(events)


def test_a_constant_remains_when_everything_else_fails(tmp_path, monkeypatch):
    broken = {"train.py": "raise RuntimeError('no')\n", "predict.py": ""}
    monkeypatch.setattr(Operators, "scripts", lambda self, recipe: dict(broken))
    competition = write_competition(tmp_path / "c", datasets.load_wine(as_frame=True), metric="accuracy")
    result = medalist_package.compete(competition, time="8s", out=tmp_path / "run")
    assert result.valid
    assert result.validation_score is None
    assert_well_formed(competition, result.submission)


def test_a_killed_attempt_goes_on_with_what_it_had(tmp_path, start_medalist, medalist):
    """kill -9 in the middle: the submission stays, no candidate is made twice, what stands never falls."""
    competition = write_competition(tmp_path / "c", datasets.load_wine(as_frame=True), metric="accuracy")
    run = tmp_path / "run"
    process = start_medalist("compete", competition, "--time", "20s", "--out", run, "--json")
    while not (run.exists() and submitted_scores(_events_so_far(run))):
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = _events_so_far(run)
    assert list(run.glob("*/submission/submission.csv"))
    told = medalist("resume", run, "--json")
    assert told.status == 0, told.err
    events = events_of(run)
    begun = [e.data["candidate"] for e in of(events, "candidate_created")]
    assert len(set(begun)) == len(begun) > len(of(before, "candidate_created"))
    assert len(of(events, "explored")) == 1
    assert_never_falls(events)


def test_a_training_that_was_killed_goes_on_with_its_folds(tmp_path, start_medalist, medalist):
    """The folds that stood when kill -9 came are the same files in the candidate that takes them up."""
    rows = 12_000
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(rows, 12)), columns=[f"x{i}" for i in range(12)])
    table["target"] = ((table["x0"] * table["x1"] + rng.normal(size=rows)) > 0).astype(int)
    run = tmp_path / "run"
    competition = write_competition(tmp_path / "c", Bunch(frame=table), metric="roc_auc")
    process = start_medalist("compete", competition, "--time", "30s", "--out", run, "--json")
    while not (under_way := _half_trained(run)):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (lost,) = under_way[:1]
    models = {path.name: path.read_bytes() for path in lost.glob("artifacts/fold_*.joblib")}
    assert medalist("resume", run, "--json").status == 0
    events = events_of(run)
    (note,) = [
        e.data["text"] for e in of(events, "note") if f"where {lost.name} was interrupted" in e.data["text"]
    ]
    heir = lost.with_name(note.split()[0])
    assert {name: (heir / "artifacts" / name).read_bytes() for name in models} == models
    started = [e.data for e in of(events, "job_started") if e.data["candidate"] == heir.name]
    assert "--resume" in started[0]["argv"]
    assert heir.name in [e.data["candidate"] for e in of(events, "candidate_finished")]


def _half_trained(run: Path) -> list[Path]:
    """Folders of candidates with a fold done and no score yet."""
    folders = {path.parents[1] for path in run.glob("*/workspace/candidates/*/artifacts/fold_0.joblib")}
    return [folder for folder in folders if not (folder / "artifacts" / "metrics.json").exists()]


def _events_so_far(run: Path) -> list[Event]:
    return [event for path in run.glob("*/events.jsonl") for event in read_events(path)]


# -------------------------------------------------------------------- planning


def test_nothing_is_started_that_cannot_become_part_of_the_last_ensemble():
    pace = Pace(60.0)
    assert pace.training_seconds(pace.reserve_seconds) == 0
    assert pace.affordable_cpu_seconds(pace.reserve_seconds + pace.after_training_seconds) == 0
    assert pace.affordable_cpu_seconds(60.0) > pace.affordable_cpu_seconds(30.0)


def test_a_slow_machine_affords_less():
    quick, slow = Pace(60.0), Pace(60.0)
    quick.trained(expected_cpu_seconds=5.0, core_seconds=2.5)
    slow.trained(expected_cpu_seconds=5.0, core_seconds=10.0)
    assert slow.affordable_cpu_seconds(40.0) < quick.affordable_cpu_seconds(40.0)


def test_half_finished_training_counts_as_half():
    whole, half = Pace(60.0), Pace(60.0)
    whole.trained(expected_cpu_seconds=5.0, core_seconds=4.0)
    half.trained(expected_cpu_seconds=5.0, core_seconds=2.0, share_done=0.5)
    assert whole.slowness == half.slowness


def test_the_reserve_follows_what_was_measured_and_never_takes_the_budget():
    pace = Pace(60.0)
    pace.trained(expected_cpu_seconds=5.0, core_seconds=5.0)
    before = pace.reserve_seconds
    pace.took("ensemble", 6.0)
    assert pace.reserve_seconds > before
    pace.took("predict", 500.0)
    assert pace.reserve_seconds <= 20.0


def test_what_the_playbook_mended_is_learned(tmp_path, monkeypatch):
    """Every first version runs out of memory for real; what worked instead is kept for later attempts."""
    made = Operators.scripts

    def too_big(operators, recipe):
        scripts = made(operators, recipe)
        if recipe.folds > 3 and recipe.kit != "ensemble":
            scripts["train.py"] = (
                'bytearray(1 << 60) if __name__ == "__main__" else None\n' + scripts["train.py"]
            )
        return scripts

    monkeypatch.setattr(Operators, "scripts", too_big)
    monkeypatch.setenv("MEDALIST_HOME", str(tmp_path / "home"))
    competition = write_competition(tmp_path / "wine", datasets.load_wine(as_frame=True), metric="accuracy")
    result = medalist_package.compete(competition, time="12s", out=tmp_path / "run")
    events = events_of(result.run_dir)
    mended = of(events, "candidate_finished")
    assert [event for event in mended if event.data["operator"] == "debug"]
    (hint,) = LearnedHints(default_path()).list()
    assert (hint.error, hint.times) == ("MemoryError", len(of(events, "hint_learned")))
    assert "a smaller one worked" in hint.fix
    assert "failed, c" in hint.evidence
