"""Comparing runs: noise is called worse one time in twenty, a known difference is found, nothing is left out silently."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from medalist.core.errors import UsageError
from medalist.llm.settings import LlmSettings
from medalist.runs.compare import compare
from medalist.runs.differences import Verdict
from medalist.runs.spec import AttemptSpec, RunSpec, TaskSpec
from medalist.runs.store import AttemptState, FileStore

TASKS = {
    "spaceship": ("accuracy", "max", 0.80, 0.004),
    "house-prices": ("rmsle", "min", 0.13, 0.002),
    "taxi": ("rmse", "min", 4200.0, 60.0),
    "toxic": ("auc", "max", 0.97, 0.001),
}
"""Metric, direction, usual score, noise."""

Result = Callable[[AttemptSpec, random.Random], Mapping[str, object] | None]


def simulate(root: Path, spec: RunSpec, result: Result, seed: int) -> Path:
    """A run on disk as it stands when every attempt has ended; None of ``result`` stands for one still running."""
    rng = random.Random(seed)
    attempts = spec.attempts()
    root.mkdir(parents=True)
    names = [each.id for each in attempts]
    (root / "run.json").write_text(json.dumps({"spec": spec.as_dict(), "created": 0.0, "attempts": names}))
    for each in attempts:
        came_to = result(each, rng)
        state = AttemptState.RUNNING if came_to is None else AttemptState.FINISHED
        record = {"spec": each.as_dict(), "state": state, "reason": "", "result": dict(came_to or {})}
        (root / each.id).mkdir()
        (root / each.id / "attempt.json").write_text(json.dumps(record))
    assert len(FileStore(root).attempts()) == len(attempts)
    return root


def usual(
    attempt: AttemptSpec, rng: random.Random, *, shift: float = 0.0, dearer: float = 1.0, slower: float = 1.0
) -> dict[str, object]:
    """A result as noise has it, moved by ``shift`` of the task's noise towards worse."""
    metric, direction, middle, noise = TASKS[attempt.task.path.name]
    worse = -1 if direction == "max" else 1
    return {
        "valid": True,
        "submission": "submission.csv",
        "metric": metric,
        "direction": direction,
        "hidden_score": rng.gauss(middle + worse * shift * noise, noise),
        "validation_score": rng.gauss(middle, noise),
        "seconds": slower * rng.lognormvariate(4.0, 0.3),
        "cost_usd": dearer * rng.lognormvariate(0.0, 0.3),
        "tokens": 1000,
    }


def spec_of(tasks: Sequence[str] = tuple(TASKS), seeds: int = 3, **changes: object) -> RunSpec:
    paths = tuple(TaskSpec(Path("/tasks") / name) for name in tasks)
    return replace(RunSpec(tasks=paths, seeds=tuple(range(seeds))), **changes)


@pytest.mark.parametrize(("tasks", "seeds"), [(4, 3), (1, 3), (1, 8), (4, 2)])
def test_noise_is_called_worse_one_time_in_twenty(tmp_path: Path, tasks: int, seeds: int) -> None:
    spec = spec_of(list(TASKS)[:tasks], seeds)
    alarms = claims = 0
    for number in range(200):
        a = simulate(tmp_path / f"a{number}", spec, usual, 2 * number)
        b = simulate(tmp_path / f"b{number}", spec, usual, 2 * number + 1)
        compared = compare(a, b, html=tmp_path / "page.html")
        alarms += compared.worse
        claims += compared.comparisons[0].of("score").verdict is Verdict.BETTER
    assert 0.02 <= alarms / 200 <= 0.08
    assert claims / 200 <= 0.06


@pytest.mark.parametrize(("tasks", "seeds", "shift"), [(4, 3, 2.0), (1, 5, 4.0), (1, 3, 9.0), (4, 2, 3.0)])
def test_a_known_loss_is_found_and_a_known_gain_is_told(
    tmp_path: Path, tasks: int, seeds: int, shift: float
) -> None:
    spec = spec_of(list(TASKS)[:tasks], seeds)
    a = simulate(tmp_path / "a", spec, usual, 1)
    b = simulate(tmp_path / "b", spec, lambda each, rng: usual(each, rng, shift=shift), 2)
    loss = compare(a, b).comparisons[0]
    assert loss.of("score").verdict is Verdict.WORSE
    assert loss.worse
    gain = compare(b, a).comparisons[0]
    assert gain.of("score").evidence.mean == pytest.approx(-loss.of("score").evidence.mean)
    assert not gain.worse
    if tasks * seeds > 5 or tasks * seeds < 5:  # five pairs cannot reach 2.5 %
        assert gain.of("score").verdict is Verdict.BETTER


def test_dearer_and_slower_raise_the_alarm_as_worse_scores_do(tmp_path: Path) -> None:
    stored = simulate(tmp_path / "stored", spec_of(), usual, 1)
    dear = simulate(tmp_path / "dear", spec_of(), lambda each, rng: usual(each, rng, dearer=2.0), 2)
    slow = simulate(tmp_path / "slow", spec_of(), lambda each, rng: usual(each, rng, slower=2.0), 3)
    assert compare(stored, dear).comparisons[0].of("cost").verdict is Verdict.WORSE
    assert compare(stored, slow).worse
    assert not compare(stored, slow, hold=["score", "cost"]).worse


def test_a_rise_under_a_twentieth_is_not_called_one(tmp_path: Path) -> None:
    def punctual(each: AttemptSpec, rng: random.Random, more: float = 0.0) -> dict[str, object]:
        return {**usual(each, rng), "seconds": 60 + more + rng.random() / 100, "cost_usd": 0.0}

    a = simulate(tmp_path / "a", spec_of(), punctual, 1)
    b = simulate(tmp_path / "b", spec_of(), lambda each, rng: punctual(each, rng, more=1.0), 1)
    assert not compare(a, b).worse


def test_where_the_sides_differ_by_intention_the_score_alone_is_held(tmp_path: Path) -> None:
    a = simulate(tmp_path / "a", spec_of(), lambda each, rng: {**usual(each, rng), "cost_usd": 0.0}, 1)
    llm = LlmSettings(model="openai:x")
    b = simulate(
        tmp_path / "b", spec_of(engineers=("agent",), llm=llm), lambda e, r: usual(e, r, shift=-3.0), 2
    )
    comparison = compare(a, b).comparisons[0]
    assert comparison.of("score").verdict is Verdict.BETTER
    assert comparison.of("cost").verdict is Verdict.WORSE
    assert not comparison.worse
    assert compare(a, b, hold=["cost"]).worse


def test_a_side_without_a_product_has_lost_its_pair(tmp_path: Path) -> None:
    def broken(each: AttemptSpec, rng: random.Random) -> dict[str, object]:
        came_to = usual(each, rng)
        return {**came_to, "valid": False, "hidden_score": None} if each.seed == 1 else came_to

    spec = spec_of(["taxi"], seeds=6)
    a, b = simulate(tmp_path / "a", spec, usual, 1), simulate(tmp_path / "b", spec, broken, 1)
    row = compare(a, b).comparisons[0].of("score").rows[0]
    assert (row.pairs, row.lost, row.losses, row.wins) == (6, 1, 1, 0)
    assert row.mean_a is not None
    assert row.mean_b is not None
    assert "1 without a product" in (b / "compare.html").read_text()


def test_what_has_no_counterpart_is_named_and_left_out(tmp_path: Path) -> None:
    def some(each: AttemptSpec, rng: random.Random) -> dict[str, object] | None:
        came_to = usual(each, rng)
        if each.seed == 1:
            return None  # still running
        return {**came_to, "metric": "f1"} if each.seed == 2 else came_to

    a = simulate(tmp_path / "a", spec_of(["taxi", "toxic"], seeds=4), usual, 1)
    b = simulate(tmp_path / "b", spec_of(["taxi"], seeds=5), some, 2)
    comparison = compare(a, b).comparisons[0]
    assert comparison.pairs == 2
    said = "\n".join(comparison.unpaired)
    assert said.count("no counterpart in b") == 4
    assert "taxi-playbook-seed1: it is running in b" in said
    assert "taxi-playbook-seed2: scored by rmse on one side and by f1" in said
    assert "taxi-playbook-seed4 of b: no counterpart in a" in said
    assert all(text in (b / "compare.html").read_text() for text in comparison.unpaired)


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("engineer", ["playbook", "agent with openai:small", "agent with openai:large"]),
        ("model", ["openai:small", "openai:large"]),
        ("hints", ["without hints", "with hints"]),
    ],
)
def test_one_run_is_compared_within(tmp_path: Path, by: str, names: list[str]) -> None:
    spec = spec_of(
        engineers=("playbook", "agent"), models=("openai:small", "openai:large"), hints=(False, True)
    )

    def result(each: AttemptSpec, rng: random.Random) -> dict[str, object]:
        traits = {
            "engineer": f"agent with {each.llm.model}" if each.llm.model else "playbook",
            "model": each.llm.model,
            "hints": "with hints" if each.hints else "without hints",
        }
        return usual(each, rng, shift=-4.0 if traits[by] in names[1:] else 0.0)

    run = simulate(tmp_path / "run", spec, result, 1)
    comparisons = compare(run, by=by).comparisons
    assert [(each.a, each.b) for each in comparisons] == [(names[0], other) for other in names[1:]]
    assert {each.of("score").verdict for each in comparisons} == {Verdict.BETTER}
    assert not any(each.unpaired for each in comparisons)


def test_a_deterministic_run_against_itself_is_no_difference(tmp_path: Path) -> None:
    run = simulate(tmp_path / "run", spec_of(), usual, 1)
    comparison = compare(run, run).comparisons[0]
    assert {each.verdict for each in comparison.differences} == {Verdict.NOISE}
    assert comparison.pairs == 12


def test_one_pair_says_nothing(tmp_path: Path) -> None:
    a = simulate(tmp_path / "a", spec_of(["taxi"], seeds=1), usual, 1)
    b = simulate(tmp_path / "b", spec_of(["taxi"], seeds=1), lambda e, r: usual(e, r, shift=50.0), 2)
    assert compare(a, b).comparisons[0].of("score").verdict is Verdict.TOO_FEW


def test_old_runs_without_language_models_are_compared(tmp_path: Path) -> None:
    old = simulate(tmp_path / "old", spec_of(["taxi"], seeds=5), usual, 1)
    for path in [old / "run.json", *old.glob("*/attempt.json")]:
        data = json.loads(path.read_text())
        for name in ("llm", "members", "models", "team"):
            data["spec"].pop(name, None)
        data["spec"]["hints"] = True
        data.get("result", {}).pop("tokens", None)
        path.write_text(json.dumps(data))
    new = simulate(tmp_path / "new", spec_of(["taxi"], seeds=5), usual, 2)
    assert compare(old, new).comparisons[0].pairs == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "two runs"),
        ({"b": "run", "by": "engineer"}, "two runs"),
        ({"by": "weather"}, "weather"),
        ({"by": "engineer"}, "alike"),
        ({"b": "run", "hold": ["beauty"]}, "beauty"),
        ({"b": "other"}, "counterpart"),
    ],
)
def test_what_cannot_be_compared_is_answered_with_why(
    tmp_path: Path, arguments: dict[str, object], said: str
) -> None:
    run = simulate(tmp_path / "run", spec_of(["taxi"]), usual, 1)
    simulate(tmp_path / "other", spec_of(["toxic"]), usual, 1)
    if "b" in arguments:
        arguments = {**arguments, "b": tmp_path / str(arguments["b"])}
    with pytest.raises(UsageError, match=said):
        compare(run, **arguments)


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        (("abc", "bubblewrap"), ("abc", "bubblewrap"), []),
        (("abc", "bubblewrap"), ("", ""), []),
        (("abc", "bubblewrap"), ("abc+docker-1c-4096M", "docker"), ["not comparable", "different sandboxes"]),
    ],
)
def test_ratios_of_different_machines_are_not_compared_in_silence(
    tmp_path: Path, here: tuple[str, str], there: tuple[str, str], said: list[str]
) -> None:
    def measured(on: tuple[str, str]) -> Result:
        verdict = {"passed": True, "fingerprint": on[0], "isolation": on[1]}
        return lambda attempt, rng: {**usual(attempt, rng), "verdict": verdict}

    a = simulate(tmp_path / "a", spec_of(), measured(here), 1)
    b = simulate(tmp_path / "b", spec_of(), measured(there), 2)
    notes = " ".join(compare(a, b, html=tmp_path / "page.html").comparisons[0].notes)
    assert all(text in notes for text in said)
    assert ("measured" in notes) == bool(said)
