"""Batch 32 beside the sized batch, in one run: samples a second, memory and how busy the device was (SPEC G6).

A small convolutional network trains on random images for a few seconds with each batch in turn,
three rounds of each, interleaved; the ratio of medians is the claim.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

from benchmarks.report import header, table
from medalist.machine.hardware import read_hardware
from medalist.training.sizing import size_for

ROUNDS = 3

TRAIN = """
import json, resource, sys, time
import torch

batch, side, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
device = "cuda" if torch.cuda.is_available() else "cpu"
layers, channels = [], 3
for width in (32, 64, 128):
    layers += [torch.nn.Conv2d(channels, width, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
    channels = width
network = torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(128, 10))
network.to(device)
optimizer = torch.optim.AdamW(network.parameters())
images = torch.rand(batch, 3, side, side, device=device)
labels = torch.randint(0, 10, (batch,), device=device)

def step():
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(device, enabled=device == "cuda"):
        loss = torch.nn.functional.cross_entropy(network(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()

step()
started, steps = time.perf_counter(), 0
before = resource.getrusage(resource.RUSAGE_SELF)
while time.perf_counter() - started < seconds:
    step()
    steps += 1
wall = time.perf_counter() - started
after = resource.getrusage(resource.RUSAGE_SELF)
busy = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / wall
memory = torch.cuda.max_memory_allocated() if device == "cuda" else after.ru_maxrss * 1024
print(json.dumps({"rate": steps * batch / wall, "memory": memory, "busy": busy, "device": device}))
"""


def measure(batch: int, side: int, seconds: float) -> dict[str, float]:
    """Train for ``seconds`` in a process of its own: samples a second, bytes, cores busy."""
    command = [sys.executable, "-c", TRAIN, str(batch), str(side), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main(arguments: list[str]) -> int:
    """Print the comparison for one image size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks training", description=__doc__)
    parser.add_argument("--side", type=int, default=32, help="pixels")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each measurement")
    given = parser.parse_args(arguments)
    sized = size_for("image", "cnn", given.side, read_hardware(), 50_000).batch
    readings: dict[int, list[dict[str, float]]] = {32: [], sized: []}
    for _ in range(ROUNDS):
        for batch, taken in readings.items():
            taken.append(measure(batch, given.side, given.seconds))
    rates = {batch: statistics.median(one["rate"] for one in taken) for batch, taken in readings.items()}
    rows = [
        [
            str(batch),
            f"{rates[batch]:.0f}",
            f"{rates[batch] / rates[32]:.2f}x",
            f"{max(one['memory'] for one in taken) / 2**20:.0f} MiB",
            f"{statistics.median(one['busy'] for one in taken):.2f} cores",
        ]
        for batch, taken in readings.items()
    ]
    print(header("training"))
    print(table(["batch", "samples a second", "ratio", "peak memory", "busy"], rows))
    return 0
