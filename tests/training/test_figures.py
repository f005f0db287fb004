"""Figures of an attempt are a fold over its events and telemetry."""

import json

from medalist.core.event import Event
from medalist.training.figures import read_telemetry, training_figures


def events():
    told = [
        ("job_started", 1.0, {"name": "train", "candidate": "c01", "batch": 32}),
        ("relaunch", 4.0, {"name": "train", "candidate": "c01", "batch": 64}),
        ("job_started", 4.0, {"name": "train", "candidate": "c01", "batch": 64}),
        (
            "sizing_kept",
            6.0,
            {"name": "train", "candidate": "c01", "rate_before": 100.0, "rate": 180.0, "unit": "samples/s"},
        ),
        ("candidate_failed", 7.0, {"candidate": "c00"}),
        (
            "job_ended",
            9.0,
            {
                "name": "train",
                "candidate": "c01",
                "batch": 64,
                "relaunches": 1,
                "returncode": 0,
                "trains": "network",
                "max_rss_bytes": 2**30,
                "seconds_per_epoch": 0.5,
                "used": {"mean_cores": 1.5},
            },
        ),
        ("candidate_finished", 9.5, {"candidate": "c01"}),
        ("submitted", 10.0, {"candidate": "c01"}),
        ("attempt_ended", 12.0, {}),
    ]
    return [Event(kind, seconds, 0.0, data) for kind, seconds, data in told]


def test_a_job_is_told_once_through_its_relaunches():
    figures = training_figures(events())
    (job,) = figures.jobs
    assert (job.batch_first, job.batch, job.relaunches) == (32, 64, 1)
    assert (job.rate_before, job.rate, job.unit, job.sizing) == (100.0, 180.0, "samples/s", "kept")
    assert (job.seconds, job.seconds_per_epoch, job.mean_cores, job.peak_rss_gb) == (8.0, 0.5, 1.5, 1.0)
    assert figures.failures_before_success == 1
    assert figures.first_valid_seconds == 10.0
    assert figures.total_seconds == 12.0


def test_telemetry_gives_peaks_and_means_of_the_gpu_that_was_used(tmp_path):
    path = tmp_path / "telemetry.jsonl"
    gpus = [
        [{"index": 0, "memory_used_bytes": 1, "memory_total_bytes": 100, "utilisation": 0.0},
         {"index": 1, "memory_used_bytes": used, "memory_total_bytes": 100, "utilisation": busy}]
        for used, busy in ((40, 0.5), (80, 0.9))
    ]  # fmt: skip
    lines = [
        json.dumps({"seconds": 1.0, "cores_used": 2.0, "rss_bytes": 2**30, "gpus": each}) for each in gpus
    ]
    path.write_text("\n".join(lines) + '\n{"torn')
    figures = training_figures([], read_telemetry(path))
    assert figures.peak_gpu_memory_share == 0.8
    assert round(figures.mean_gpu_memory_share or 0, 3) == 0.6
    assert round(figures.mean_gpu_utilisation or 0, 3) == 0.7
    assert figures.peak_cores == 2.0


def test_nothing_gives_nothing(tmp_path):
    figures = training_figures([], read_telemetry(tmp_path / "missing.jsonl"))
    assert figures.jobs == ()
    assert figures.peak_gpu_memory_share is None
