"""A network trained by an MCP client: its batch, too small, is doubled on disk and the job relaunched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the client of this test trains a small network in PyTorch")
pytest.importorskip("mcp", reason="needs the SDK of the Model Context Protocol")

from mcp import Client
from mcp_clients import attend, events_of, text_of
from product_competition import FOLDER, PREDICT, SOUND, make_competition

from medalist.core.budget import Limits
from medalist.runs.spec import GUEST, RunSpec, TaskSpec
from medalist.runs.store import AttemptState, FileStore
from medalist.runs.timeline import sentence

TRAIN = f"{FOLDER}/train.py"
LAUNCH = {"command": "python train.py --seconds 90", "folder": FOLDER}
TIMELINE = (
    "Guest works on products",
    "Explored",
    f"Wrote {TRAIN}",
    "Refused start_job: This trains, and the hints were not read",
    "Read .* hints",
    f"Reviewed and launched: python train.py .* in {FOLDER}",
    f"Wrote {FOLDER}/predict.py",
    "Checkpoint on train: double_batch",
    "Relaunched train .*batch 32 → 64",
    "Ran python predict.py",
    "In place: .*a network that knows the product",
    "The engineer is done",
    "Attempt ended",
)


@pytest.mark.slow
def test_a_client_is_held_by_the_checks_that_hold_an_agent(tmp_path: Path) -> None:
    said: dict[str, str] = {}

    async def work(client: Client) -> None:
        await text_of(client, "write_file", path=TRAIN, content=SOUND)
        said["too soon"] = await text_of(client, "start_job", **LAUNCH)
        await text_of(client, "read_hints")
        said["launch"] = await text_of(client, "start_job", **LAUNCH)
        await text_of(client, "write_file", path=f"{FOLDER}/predict.py", content=PREDICT)
        said["wait"] = ""
        while "ended after" not in said["wait"]:
            said["wait"] += await text_of(client, "wait", seconds=30)
        await text_of(client, "run_command", command="python predict.py", folder=FOLDER)
        said["submit"] = await text_of(
            client, "submit", folder=FOLDER, title="a network that knows the product"
        )
        await text_of(client, "finish", summary="the product of three columns")

    settings = {"metric": "accuracy", "check_seconds": 2, "heed_neighbours": False}
    task = TaskSpec(make_competition(tmp_path / "products"), "compete", settings)
    store = FileStore(tmp_path / "run")
    store.create(RunSpec(tasks=(task,), engineers=(GUEST,), limits=Limits(attempt_seconds=150)))
    attend(store, work)

    assert "the hints were not read yet" in said["too soon"]
    assert "predict.py is missing" in said["launch"]
    assert "started again by a check" in said["wait"]
    record = store.attempts()[0]
    folder = store.folder(record.spec.id)
    script = (folder / "workspace" / TRAIN).read_text()
    batch = int(re.findall(r"^BATCH = (\d+)$", script, re.MULTILINE)[0])
    assert batch in (64, 128), "doubled on disk, once or twice"
    assert (folder / "submission" / "train.py").read_text() == script
    assert record.state is AttemptState.FINISHED
    assert record.result["validation_score"] > 0.8
    assert record.result["hidden_score"] > 0.8
    lines = iter([line for event in events_of(store) if (line := sentence(event))])
    for pattern in TIMELINE:
        assert any(re.search(pattern, line) for line in lines), pattern
