"""How long an agent is borne with: told first, ended then, and never ended for what only looks like a circle."""

from __future__ import annotations

import pytest

from medalist.core.errors import LlmError
from medalist.engineers.agent_patience import SILENCES_BORNE, Acted, Patience

LOOK = Acted("read_file", '{"path":"train.py"}', "import torch")


def acts(patience: Patience, *steps: Acted, jobs_running: bool = False) -> list[str]:
    return [patience.acted([step], jobs_running=jobs_running) for step in steps]


def test_silence_is_answered_twice_and_then_ends_the_work() -> None:
    patience = Patience()
    for _ in range(SILENCES_BORNE):
        assert "called no tool" in str(patience.silent("stop", False))
    with pytest.raises(LlmError, match="stopped calling tools"):
        patience.silent("stop", False)


def test_silence_with_a_submission_of_its_own_counts_as_done() -> None:
    patience = Patience()
    told = [patience.silent("stop", True) for _ in range(SILENCES_BORNE + 1)]
    assert told[-1] is None
    assert all(told[:-1])


@pytest.mark.parametrize(
    ("finish_reason", "word"),
    [("content_filter", "refused"), ("length", "cut off"), (None, "stopped calling")],
)
def test_the_reason_names_what_kind_of_silence_it_was(finish_reason: str | None, word: str) -> None:
    patience = Patience()
    for _ in range(SILENCES_BORNE):
        patience.silent(finish_reason, False)
    with pytest.raises(LlmError, match=word):
        patience.silent(finish_reason, False)


def test_acting_ends_a_silence() -> None:
    patience = Patience()
    for _ in range(5):
        assert patience.silent("stop", False)
        acts(patience, LOOK, Acted("write_file", "{}", "written"))


@pytest.mark.parametrize("cycle", [[LOOK], [LOOK, Acted("list_files", "{}", "train.py")]])
def test_a_circle_is_told_and_then_ended(cycle: list[Acted]) -> None:
    patience = Patience()
    told = acts(patience, *cycle * 3)
    assert "same call 3 times" in told[-1]
    with pytest.raises(LlmError, match=r"in circles: .*6 times"):
        acts(patience, *cycle * 3)


def test_the_clock_alone_does_not_make_an_answer_new() -> None:
    patience = Patience()
    with pytest.raises(LlmError, match="circles"):
        acts(patience, *(Acted("list_jobs", "{}", f"no jobs; {left} s left") for left in range(60, 0, -10)))


def test_waiting_for_a_job_and_its_progress_are_no_circles() -> None:
    patience = Patience()
    wait = Acted("wait", "{}", "Nothing new.")
    assert not any(acts(patience, *[wait] * 20, jobs_running=True))
    looks = [Acted("read_job", "{}", f"Fold 1/5, Epoch {epoch}/30, Loss: 0.5") for epoch in range(20)]
    told = acts(patience, *looks, jobs_running=True)
    assert not any(told[:2])
    assert "wait returns when there is news" in told[-1]
    with pytest.raises(LlmError, match="circles"):
        acts(patience, *[wait] * 6)


def test_trying_the_same_thing_with_another_outcome_is_no_circle() -> None:
    patience = Patience()
    runs = [
        Acted("run_command", '{"command":"python train.py"}', f"NameError: name_{'x' * i}") for i in range(20)
    ]
    assert not any(acts(patience, *runs))
