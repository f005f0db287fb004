"""What a training job prints: every line of SPEC G2 to the letter, parsed under any prefix, and never a crash."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medalist.training import lines
from medalist.training.lines import Loader, MemoryUsed, Rate, Resources, Step, monitoring_source, parse_line

SPEC = {
    "RESOURCES: 32 CPU cores, batch=128, GPU=NVIDIA A10, Mixed Precision=ON": Resources(
        32, 128, "NVIDIA A10", True
    ),
    "DataLoader: num_workers=10, prefetch_factor=4, persistent_workers=True": Loader(10, 4, True),
    "GPU Memory Used: 18.3 GB / 24.0 GB (76.3%)": MemoryUsed(True, 18.3, 24.0, pytest.approx(0.763)),
    "GPU Memory Used: 18.3 GB / 24.0 GB (76%)": MemoryUsed(True, 18.3, 24.0, pytest.approx(0.76)),
    "Fold 1/5, Epoch 1/10, Loss: 0.542": Step(1, 5, 1, 10, 0.542),
    "Fold 2/5, score 0.8123": Step(2, 5, score=0.8123),
    "Throughput: 12,345.6 samples/s": Rate(12345.6),
}


@pytest.mark.parametrize(
    "prefix", ["", "2026-01-02 03:04:05,678 INFO ", "[rank0]: ", "[1,0]<stdout>: ", "  | "]
)
@pytest.mark.parametrize("line", SPEC)
def test_each_line_is_understood_under_any_prefix(line, prefix):
    assert parse_line(prefix + line) == SPEC[line]


@pytest.mark.parametrize(
    ("line", "loss"),
    [
        ("Epoch 3/10 | train_loss=1.5e-2", 0.015),
        ("epoch 3 of 10 loss 0.5", 0.5),
        ("Fold 1/5, Epoch 3/10, Loss: inf", float("inf")),
        ("Fold 1/5, Epoch 3/10, Loss: -2", -2.0),
    ],
)
def test_other_ways_to_write_a_loss(line, loss):
    step = parse_line(line)
    assert isinstance(step, Step)
    assert step.loss == loss


def test_a_loss_that_is_no_number_is_one():
    step = parse_line("Fold 1/5, Epoch 3/10, Loss: nan")
    assert isinstance(step, Step)
    assert step.loss != step.loss


@pytest.mark.parametrize(
    "line", ["the loss of a friend", "GPU Memory Used: 3 GB / 0 GB", "lossless: 3", "", "score 5"]
)
def test_other_text_says_nothing(line):
    assert parse_line(line) is None


@given(st.text())
def test_no_text_breaks_the_parser(text):
    parse_line(text)


@given(
    fold=st.integers(1, 99),
    epoch=st.integers(1, 999),
    loss=st.floats(-1e6, 1e6),
)
def test_what_is_printed_is_what_is_parsed(fold, epoch, loss):
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        lines.print_epoch(fold, 99, epoch, 999, loss)
    step = parse_line(printed.getvalue())
    assert isinstance(step, Step)
    assert (step.fold, step.folds, step.epoch, step.epochs) == (fold, 99, epoch, 999)
    assert step.loss == pytest.approx(loss, rel=1e-3, abs=1e-300)


@pytest.mark.parametrize("kind", ["estimator", "network", "monitor"])
def test_scripts_carry_the_writers_without_medalist(kind, tmp_path):
    calls = {
        "estimator": "print_resources()\nprint_fold(1, 5, 0.5)\n",
        "network": "print_resources(128, 2, 4, True)\nprint_memory(128)\nThroughput(0).add(128)\n",
        "monitor": "m = TrainingMonitor()\nm.step(0.5, 32)\nm.epoch(1, 3)\n",
    }
    script = tmp_path / "train.py"
    script.write_text("import os, sys, time\n\n" + monitoring_source(kind) + "\n\n" + calls[kind])
    ran = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True, check=True)
    said = [parse_line(line) for line in ran.stdout.splitlines()]
    assert isinstance(said[0], Resources)
    assert said[0].gpu is None
    if kind == "estimator":
        assert said[1] == Step(1, 5, score=0.5)
    else:
        assert any(isinstance(each, MemoryUsed) for each in said)
