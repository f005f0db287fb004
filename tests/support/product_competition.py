"""A competition that a small network wins: its files, a script that leaks, a sound one, and what predicts."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from medalist.training.lines import monitoring_source

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
