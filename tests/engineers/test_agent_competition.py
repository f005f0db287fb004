"""A whole competition through the agent, from its files to a graded submission, panel and critic included.

The language model's replies branch on what the tools really answered, and what counts as success is
read from files: the batch that was doubled on disk, the submission, the grade.
"""

from __future__ import annotations

import csv
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from medalist.llm.scripted import Reply, Turn, call, cast, give, say
from medalist.runs.spec import TaskSpec
from medalist.training.lines import monitoring_source

pytest.importorskip("torch", reason="the agent of this test trains a small network in PyTorch")

FOLDER = "candidates/net"
ROWS, TEST_ROWS = 400, 200
COLUMNS = [f"x{number}" for number in range(6)]

TRAIN = f'''\
"""A small network on standardised columns and the product of the first three."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

{monitoring_source("network")}

BATCH = 32
LEARNING_RATE = 0.003
EPOCHS = 60
FOLDS = 2


def features(rows):
    return np.column_stack([rows, rows[:, 0] * rows[:, 1] * rows[:, 2]])


def train(x, y, fold):
    torch.manual_seed(fold)
    model = nn.Sequential(nn.Linear(x.shape[1], 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    throughput = Throughput(0.5)
    for epoch in range(EPOCHS):
        for i in range(0, len(x), BATCH):
            time.sleep(0.01)  # a loader that takes as long for a small batch as for a large one
            logits = model(x[i : i + BATCH])[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(logits, y[i : i + BATCH])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            throughput.add(len(logits))
            if fold == epoch == i == 0:
                print_memory(BATCH)
        print_epoch(fold + 1, FOLDS, epoch + 1, EPOCHS, loss.item())
        torch.save(model.state_dict(), f"artifacts/last{{fold}}.pt")
    torch.save(model.state_dict(), f"artifacts/fold{{fold}}.pt")
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="../../input")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    Path("artifacts").mkdir(exist_ok=True)
    print_resources(batch=BATCH)
    table = np.genfromtxt(f"{{options.data}}/train.csv", delimiter=",", skip_header=1)
    x, y = features(table[:, 1:-1]), table[:, -1]
SCALING
    fold_of = np.random.default_rng(2024).permutation(len(x)) % FOLDS
    oof = np.full(len(x), np.nan)
    for fold in range(FOLDS):
        inside, outside = x[fold_of != fold], x[fold_of == fold]
FOLD_SCALING
        model = train(torch.tensor(inside).float(), torch.tensor(y[fold_of != fold]).float(), fold)
        model.eval()
        with torch.no_grad():
            oof[fold_of == fold] = torch.sigmoid(model(torch.tensor(outside).float())[:, 0]).numpy()
        print_fold(fold + 1, FOLDS, float(((oof > 0.5) == y)[fold_of == fold].mean()))
    np.savez("artifacts/oof.npz", prediction=oof, fold=fold_of)
    Path("artifacts/postprocess.json").write_text(json.dumps({{"kind": "threshold", "threshold": 0.5}}))


main()
'''

LEAKING = TRAIN.replace(
    "SCALING\n", "    scaler = StandardScaler().fit(x)\n    x = scaler.transform(x)\n", 1
).replace("FOLD_SCALING\n", "")
LEAKING = LEAKING.replace(
    "from torch import nn\n", "from sklearn.preprocessing import StandardScaler\nfrom torch import nn\n"
)
SOUND = TRAIN.replace("SCALING\n", "", 1).replace(
    "FOLD_SCALING\n",
    "        mean, scale = inside.mean(0), inside.std(0)\n"
    "        inside, outside = (inside - mean) / scale, (outside - mean) / scale\n"
    '        np.savez(f"artifacts/scale{fold}.npz", mean=mean, scale=scale)\n',
)

PREDICT = '''\
"""The folds' networks, averaged."""

import argparse
import csv

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="../../input")
data = parser.parse_args().data
table = np.genfromtxt(f"{data}/test.csv", delimiter=",", skip_header=1)
x = np.column_stack([table[:, 1:], table[:, 1] * table[:, 2] * table[:, 3]])
total = np.zeros(len(x))
for fold in range(2):
    model = nn.Sequential(nn.Linear(x.shape[1], 16), nn.ReLU(), nn.Linear(16, 1))
    model.load_state_dict(torch.load(f"artifacts/fold{fold}.pt", weights_only=True))
    model.eval()
    with np.load(f"artifacts/scale{fold}.npz") as scale, torch.no_grad():
        scaled = torch.tensor((x - scale["mean"]) / scale["scale"]).float()
        total += torch.sigmoid(model(scaled)[:, 0]).numpy() / 2
np.savez("artifacts/test.npz", prediction=total)
with open("submission.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["id", "above"])
    writer.writerows([int(row[0]), int(share > 0.5)] for row, share in zip(table, total, strict=True))
'''


def make_competition(folder: Path) -> Path:
    """Is the product of the first three columns above zero? Trees need far more rows to see it than there are."""
    rng = random.Random(0)
    rows = [[rng.uniform(-1, 1) for _ in COLUMNS] for _ in range(ROWS + TEST_ROWS)]
    labels = [int(row[0] * row[1] * row[2] > 0) for row in rows]
    public, private = folder / "prepared" / "public", folder / "prepared" / "private"
    for place in (public, private):
        place.mkdir(parents=True)
    tables = {
        public / "train.csv": [["id", *COLUMNS, "above"]] + [[i, *rows[i], labels[i]] for i in range(ROWS)],
        public / "test.csv": [["id", *COLUMNS]] + [[i, *rows[i]] for i in range(ROWS, len(rows))],
        public / "sample_submission.csv": [["id", "above"]] + [[i, 0] for i in range(ROWS, len(rows))],
        private / "answers.csv": [["id", "above"]] + [[i, labels[i]] for i in range(ROWS, len(rows))],
    }
    for path, lines in tables.items():
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(lines)
    return folder


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
