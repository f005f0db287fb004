"""What is said of trials: the harness's lines to the letter, and honest figures below them."""

from __future__ import annotations

from pathlib import Path

import pytest

from medalist.runs.results import AttemptResult
from medalist.runs.trial_lines import beyond, ending, opening, results
from medalist.runs.trials import Trial, Trials
from medalist.runs.verdict import Ungraded, Verdict

PASSED = Verdict(True, ratio=54.23, low=51.91, high=56.0, target=36.0, equal=True, steps=11)
SLOW = Verdict(
    False,
    "too slow",
    "too slow: 33.1x, at least 32.0x; 36x is asked for.",
    33.1,
    32.0,
    34.0,
    36.0,
    True,
    steps=13,
)
STOPPED = Verdict(False, Ungraded.STOPPED, "stopped: the attempt was stopped before its end.")


def trial(number: int, verdict: Verdict, cost_usd: float = 0.0) -> Trial:
    place = Path(f"/runs/mine/run_{number}/submission/program.py") if verdict.ratio else None
    return Trial(number, "finished", verdict, AttemptResult(Path("/runs/mine"), place, cost_usd=cost_usd))


def trials(*verdicts: Verdict) -> Trials:
    return Trials(Path("/runs/mine"), tuple(trial(n, verdict) for n, verdict in enumerate(verdicts, start=1)))


def test_the_opening_lines_to_the_letter() -> None:
    assert opening(10, concurrent=True) == "Running 10 test iterations concurrently...\n" + 60 * "="
    assert opening(3, concurrent=False) == "Running 3 test iterations sequentially...\n" + 60 * "="


def test_the_line_of_an_attempt_to_the_letter() -> None:
    assert ending(trial(3, PASSED)) == "✓ Run 3: SUCCESS - 54.2x (51.9x to 56.0x), equal"
    assert ending(trial(4, SLOW)) == "✗ Run 4: FAILURE - too slow: 33.1x, at least 32.0x; 36x is asked for."


def test_the_closing_block_to_the_letter() -> None:
    seven_of_ten = trials(*[PASSED] * 7, *[SLOW] * 3)
    assert results(seven_of_ten) == (
        "\n"
        "============================================================\n"
        "Test Results:\n"
        "  Passed: 7/10\n"
        "  Failed: 3/10\n"
        "  Pass Rate: 70.0%\n"
        "  Average Steps: 11.6\n"
        "============================================================"
    )


def test_what_was_stopped_counts_neither_way() -> None:
    made = trials(PASSED, STOPPED, SLOW, STOPPED)
    assert (made.pass_rate, made.successes, len(made.decided)) == (0.5, 1, 2)
    assert any("2 of 4" in line for line in beyond(made))
    nothing = trials(STOPPED)
    assert (nothing.pass_rate, nothing.pass_rate_interval, nothing.average_steps) == (None, None, None)
    assert "  Passed: 0/0" in results(nothing)


def test_the_object_has_the_keys_that_were_promised() -> None:
    told = trials(*[PASSED] * 7, *[SLOW] * 3).as_dict()
    assert told["run_dir"] == "/runs/mine"
    assert (told["passed"], told["attempts"], told["pass_rate"]) == (True, 10, 0.7)
    assert told["pass_rate_interval"] == [0.3968, 0.8922]
    assert told["average_steps"] == pytest.approx(11.6)
    assert told["best"] == {
        "file": "/runs/mine/run_1/submission/program.py",
        "ratio": 54.23,
        "low": 51.91,
        "high": 56.0,
        "equal": True,
    }
    assert told["pass_at"] == {"1": 0.7, "5": pytest.approx(1.0), "10": 1.0}
    assert told["reasons"] == {"too slow": 3}
    assert [run["run"] for run in told["runs"]] == list(range(1, 11))


def test_nothing_made_has_the_same_keys() -> None:
    told = Trials().as_dict()
    assert told.keys() == trials(PASSED).as_dict().keys()
    assert told["best"] == {"file": None, "ratio": None, "low": None, "high": None, "equal": None}
    assert (told["passed"], told["attempts"], told["pass_rate_interval"]) == (False, 0, None)


def test_the_best_is_surely_fast_and_passed_if_any_did() -> None:
    surer = Verdict(True, ratio=50.0, low=49.0, high=51.0, equal=True)
    wider = Verdict(True, ratio=52.0, low=40.0, high=60.0, equal=True)
    unfair = Verdict(False, "learned less", "learned less: by a lot.", 90.0, 88.0, 92.0)
    best = trials(wider, surer, unfair, SLOW).best
    assert best is not None
    assert best.verdict is surer
    fallback = trials(SLOW, STOPPED).best
    assert fallback is not None
    assert fallback.verdict is SLOW
