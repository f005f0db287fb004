"""The sizing table G1: the starting sizes the specification names, limits by data, and what a machine teaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medalist.machine.hardware import Gpu, Hardware
from medalist.training.sizing import GB, MeasuredSizes, job_key, recommend, size_for


def machine(gpu_gb: float | None, cores: int = 16) -> Hardware:
    gpus = () if gpu_gb is None else (Gpu(0, "NVIDIA A10", int(gpu_gb * GB)),)
    return Hardware(cores, tuple(range(cores)), 64 * GB, gpus, "linux", "", f"{cores}-{gpu_gb}")


@pytest.mark.parametrize(
    ("modality", "estimator", "pixels", "gpu_gb", "batch"),
    [
        ("image", "resnet18", 224, 24, 128),
        ("image", "resnet18", 224, 80, 192),
        ("image", "resnet18", 384, 24, 64),
        ("image", "resnet18", 384, 80, 96),
        ("image", "efficientnet-b4", 380, 24, 128),
        ("image", "efficientnet-b5", 456, 40, 128),
        ("tabular", "mlp", None, 8, 4096),
        ("tabular", "mlp", None, 24, 8192),
        ("text", "bert", None, 8, 64),
        ("text", "bert", None, 24, 128),
    ],
)
def test_the_table_starts_where_the_specification_says(modality, estimator, pixels, gpu_gb, batch):
    sizes = size_for(modality, estimator, pixels, machine(gpu_gb))
    assert sizes.batch == batch
    assert 8 <= sizes.workers <= 12
    assert sizes.prefetch in (3, 4)
    assert sizes.pinned
    assert sizes.persistent
    assert sizes.precision == "mixed"


def test_few_cores_keep_one_for_the_training_itself():
    assert size_for("image", "resnet18", 224, machine(24, cores=4)).workers == 3
    assert size_for("image", "cnn", 32, machine(None, cores=2)).workers == 0


def test_no_gpu_means_no_pinned_memory_and_no_mixed_precision():
    sizes = size_for("image", "cnn", 32, machine(None))
    assert (sizes.pinned, sizes.persistent, sizes.precision) == (False, False, "float32")


def test_an_unknown_modality_is_an_error():
    with pytest.raises(KeyError):
        size_for("smell", "cnn", 1, machine(None))


@given(
    modality=st.sampled_from(["image", "tabular", "text"]),
    gpu_gb=st.one_of(st.none(), st.floats(0.5, 200)),
    pixels=st.integers(1, 2000),
    rows=st.integers(1, 10**7),
    cores=st.integers(1, 256),
)
def test_sizes_are_always_usable(modality, gpu_gb, pixels, rows, cores):
    sizes = size_for(modality, "any", pixels, machine(gpu_gb, cores), rows)
    assert sizes.batch >= 16
    assert 0 <= sizes.workers <= min(12, max(0, cores - 1))
    assert (sizes.prefetch is None) == (sizes.workers == 0)
    more = size_for(modality, "any", pixels, machine(gpu_gb, cores), rows * 2)
    assert more.batch >= sizes.batch


def test_what_ran_out_of_memory_here_is_not_tried_again(tmp_path):
    here = machine(24)
    key = job_key("image", "resnet18", 224)
    MeasuredSizes(tmp_path / "sizes.json", here.fingerprint).learn_failure(key, 128)
    remembered = MeasuredSizes(tmp_path / "sizes.json", here.fingerprint)
    assert size_for("image", "resnet18", 224, here, measured=remembered).batch == 64
    elsewhere = MeasuredSizes(tmp_path / "sizes.json", "another machine")
    assert size_for("image", "resnet18", 224, here, measured=elsewhere).batch == 128


def test_what_paid_here_goes_before_the_table(tmp_path):
    here = machine(24)
    measured = MeasuredSizes(tmp_path / "sizes.json", here.fingerprint)
    measured.learn_success(job_key("image", "resnet18", 224), 512, 1000.0)
    assert size_for("image", "resnet18", 224, here, measured=measured).batch == 512


def test_a_broken_file_of_sizes_counts_as_empty(tmp_path):
    (tmp_path / "sizes.json").write_text("{not json")
    measured = MeasuredSizes(tmp_path / "sizes.json", "here")
    measured.learn_success("a", 64, None)
    assert MeasuredSizes(tmp_path / "sizes.json", "here").look_up("a").fits == 64


def test_recommendations_after_a_run():
    assert recommend(128, 0.55, 0.9, 0.5).batches == (160, 192)
    assert recommend(128, 0.95, 0.9, 0.5).batches is None
    assert "keep" in recommend(128, 0.95, 0.9, 0.5).reason
    assert recommend(32, 0.2, 0.9, 0.5).batches == (64, 64)
    assert "loader" in recommend(128, 0.8, 0.3, 0.95).reason
    assert "disk" in recommend(128, 0.8, 0.3, 0.1).reason
