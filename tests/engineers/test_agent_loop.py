"""The tool loop: calls side by side, results in the order of their calls, a conversation that can be read again."""

from __future__ import annotations

import re

from honest_agent import FOLDER, after, honest

from medalist.llm.scripted import Turn, call, say

MEET = "touch {mine}; for i in $(seq 100); do test -e {other} && echo met {mine} && exit; sleep 0.1; done; echo alone"


def test_calls_that_only_look_run_side_by_side(attempt, tiny_task) -> None:
    """Each of two commands waits for the other's file: one after the other, the first would wait in vain."""
    ended = attempt(
        after(
            call("run_command", command=MEET.format(mine="a", other="b")).call(
                "run_command", command=MEET.format(mine="b", other="a")
            )
        ),
        tiny_task,
    )
    assert ended.requests[1].results_of("run_command") == ["met a", "met b"]
    assert ended.own_submission


def test_what_changes_something_runs_in_its_order(attempt, tiny_task) -> None:
    ended = attempt(
        after(
            call("write_file", path="a.txt", content="one\n")
            .call("read_file", path="a.txt")
            .call("edit_file", path="a.txt", old="one", new="two")
            .call("read_file", path="a.txt")
        ),
        tiny_task,
    )
    first, second = ended.requests[1].results_of("read_file")
    assert "one" in first
    assert "two" in second


def test_every_result_goes_with_its_call(attempt, tiny_task) -> None:
    ended = attempt(
        after(call("list_jobs").call("read_file", path="input/test.csv").call("no_such_tool")), tiny_task
    )
    last = ended.requests[-1]
    assert [each.id for each in last.calls] == [each.id for each in last.results]
    assert [each.name for each in last.calls] == [each.name for each in last.results]


def test_what_was_left_out_can_be_read_again(attempt, tiny_task) -> None:
    """The language model finds the number in the shortened answer, and asks for it."""
    floods = [call("run_command", command=f"seq {n} 1 6000") for n in range(8)]

    def again(turn: Turn):
        shortened = re.search(r"read_output\(output=(\d+)\) shows it again", str(turn.raw))
        assert shortened, "the oldest answers were shortened"
        return call("read_output", output=int(shortened[1]))

    ended = attempt(after(*floods, again), tiny_task, settings={"context_tokens": 20_000})
    answers = [text for turn in ended.requests for text in turn.results_of("read_output")]
    assert answers[0].startswith("0\n1\n2\n")
    assert ended.own_submission


def test_words_beside_calls_are_told(attempt, tiny_task) -> None:
    long = "I will fit a line. " * 100
    ended = attempt(after(say(long).call("list_files"), call("list_jobs")), tiny_task)
    (said,) = ended.all("engineer_said")
    assert said["text"].startswith("I will fit a line.")
    assert len(said["text"]) < 700
    assert any(line.startswith("“I will fit a line.") for line in ended.timeline)


def test_the_agents_scripts_travel_with_its_submission(attempt, tiny_task) -> None:
    ended = attempt(honest, tiny_task)
    for name in ("train.py", "predict.py"):
        placed = (ended.folder / "submission" / name).read_text()
        assert placed == (ended.folder / "workspace" / FOLDER / name).read_text()
    ended.assert_timeline(
        "Agent works on", "Explored", "Read .* hints", "Wrote", "launched", "Ran", "In place", "ended"
    )
