"""A whole competition through the agent, from its files to a graded submission, panel and critic included.

The language model's replies branch on what the tools really answered, and what counts as success is
read from files: the batch that was doubled on disk, the submission, the grade.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from product_competition import FOLDER, LEAKING, PREDICT, SOUND, make_competition

from medalist.llm.scripted import Reply, Turn, call, cast, give, say
from medalist.runs.spec import TaskSpec

pytest.importorskip("torch", reason="the agent of this test trains a small network in PyTorch")


@dataclass
class Competitor:
    """The engineer's part. ``heard`` keeps what it was told at each turn of its work."""

    heard: dict[str, str] = field(default_factory=dict)

    def __call__(self, turn: Turn) -> Reply:
        last = turn.last_result()
        if "strategy" not in self.heard:
            self.heard["strategy"] = turn.prompt
            return say("I look around first.").call("list_files").call("read_file", path="EXPLORE.md")
        if not any(each.name == "start_job" for each in turn.calls):
            return call("write_file", path=f"{FOLDER}/train.py", content=LEAKING).call(
                "start_job", command="python train.py --seconds 90", folder=FOLDER
            )
        if "hints were not read" in last:
            self.heard["hints"] = last
            return call("read_hints")
        if turn.calls[-1].name == "read_hints":
            return call("start_job", command="python train.py --seconds 90", folder=FOLDER)
        if turn.calls[-1].name == "start_job" and last.startswith("Refused"):
            self.heard["review"] = last
            return call("write_file", path=f"{FOLDER}/train.py", content=SOUND).call(
                "start_job", command="python train.py --seconds 90", folder=FOLDER
            )
        if "predict.py is missing" in last:
            self.heard["asked"] = last
            return say("While it trains.").call("write_file", path=f"{FOLDER}/predict.py", content=PREDICT)
        if "started again by a check" in last:
            self.heard["relaunch"] = last
            return call("read_file", path=f"{FOLDER}/train.py").call("wait", seconds=30)
        if not any("ended after" in text for text in turn.results_of("wait")):
            return call("wait", seconds=30)
        if not turn.results_of("run_command"):
            return call("run_command", command="python predict.py", folder=FOLDER)
        if not turn.results_of("submit"):
            return call("validate", path=f"{FOLDER}/submission.csv").call(
                "submit", folder=FOLDER, title="a network that knows the product"
            )
        self.heard["submit"] = last
        return call("finish", summary="the product of three columns")


def critic(turn: Turn) -> Reply:
    """Approves nothing that fits a scaler on all rows."""
    judged = {"gpu_use": "there is none", "resuming": "saved", "metric": "accuracy", "leakage": "none"}
    asked = turn.messages[0].text
    if "StandardScaler" in asked:
        must_fix = ["the scaler is fitted on all rows, before the split: fit it inside the fold"]
        return give(turn, decision="must_fix", plan="", must_fix=must_fix, batch_size=64, **judged)
    if "<file name=" in asked:
        return give(turn, decision="approve", plan="Launch it.", batch_size=64, **judged)
    return give(turn, decision="advice", plan="Multiply the columns.", batch_size=64)


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "stream"), [("openai", False), ("anthropic", True)])
def test_a_competition_from_its_files_to_a_grade(
    attempt, tmp_path: Path, protocol: str, stream: bool
) -> None:
    competitor = Competitor()
    parts = {
        "scripted": competitor,
        "wise": say("Products of columns, I should think."),
        "wary": say("Do not leak."),
        "critic": critic,
    }
    settings = {"metric": "accuracy", "check_seconds": 2, "heed_neighbours": False}
    task = TaskSpec(make_competition(tmp_path / "products"), "compete", settings)
    ended = attempt(
        cast(parts),
        task,
        protocol=protocol,
        seconds=150,
        oracle=True,
        settings={"stream": stream} if stream else {},
    )
    assert ended.state == "finished", ended.reason
    assert "Multiply the columns" in competitor.heard["strategy"]
    assert "before the split" in competitor.heard["review"]
    assert {"hints", "review", "asked", "relaunch", "submit"} <= competitor.heard.keys()
    script = (ended.folder / "workspace" / FOLDER / "train.py").read_text()
    batch = int(re.search(r"^BATCH = (\d+)$", script, re.MULTILINE)[1])
    assert batch in (64, 128), "doubled on disk, once or twice"
    placed = ended.folder / "submission"
    assert (placed / "train.py").read_text() == script
    assert ended.result["valid"]
    assert ended.result["validation_score"] > 0.8
    assert ended.result["hidden_score"] > 0.8
    assert all(turn.stream == stream for turn in ended.requests if turn.model == "scripted")
    ended.assert_timeline(
        "Explored",
        "🔮 Oracle: Consulting wise and wary in parallel",
        "Oracle’s strategy: advice",
        f"Wrote {FOLDER}/train.py",
        "Refused start_job: This trains, and the hints were not read",
        "Read .* hints",
        "Oracle’s review: must fix, batch 64 – the scaler",
        "Oracle’s review: approve",
        f"Reviewed and launched: python train.py .* in {FOLDER}",
        f"Wrote {FOLDER}/predict.py",
        "Checkpoint on train: double_batch",
        "Relaunched train .*batch 32 → 64",
        "Ran python predict.py",
        "In place: .*a network that knows the product",
        "Attempt ended",
    )
