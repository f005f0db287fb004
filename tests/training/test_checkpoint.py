"""The 60-second check on readings of NVML's shape and on logs: each verdict, and no false ones."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medalist.machine.gpu import GpuReading
from medalist.machine.telemetry import Reading
from medalist.training.checkpoint import (
    GB,
    CheckSettings,
    Look,
    Verdicts,
    first_look_seconds,
    judge,
    judge_end,
    trial_paid,
)
from medalist.training.kind import Kind

SETTINGS = CheckSettings()
A10 = 24 * GB
HEADER = "RESOURCES: 32 CPU cores, batch=32, GPU=NVIDIA A10, Mixed Precision=ON\n"


def on_gpu(memory_share: float, utilisation: float, count: int = 60, cores: float = 4.0) -> list[Reading]:
    """A minute of readings as NVML gives them for one A10 that is the job's alone."""
    used = int(memory_share * A10)
    gpu = GpuReading(0, "NVIDIA A10", used, A10, utilisation, used)
    return [Reading(float(second), cores, 3 * GB, 5, (gpu,)) for second in range(1, count + 1)]


def on_cpu(cores: float, count: int = 60) -> list[Reading]:
    return [Reading(float(second), cores, GB, 2) for second in range(1, count + 1)]


def memory_line(share: float) -> str:
    return f"GPU Memory Used: {24 * share:.1f} GB / 24.0 GB ({100 * share:.1f}%)\n"


def epochs(*losses: float) -> str:
    return "".join(f"Fold 1/5, Epoch {n}/10, Loss: {loss}\n" for n, loss in enumerate(losses, 1))


NETWORK = Look(kind=Kind.NETWORK, seconds=60.5, first_look_seconds=60.0, cores=8, gpus=1, batch=32)
ON_CPU = replace(NETWORK, gpus=0, cores=2)
GOOD_LOG = HEADER + memory_line(0.76) + epochs(0.9)


def verdict(readings, log, look=NETWORK, settings=SETTINGS):
    return judge(readings, log, look, settings).kind


def test_the_first_look_comes_after_a_minute_or_a_tenth_of_the_budget():
    assert first_look_seconds(86400, SETTINGS) == 60
    assert first_look_seconds(60, SETTINGS) == 6


def test_a_well_fed_gpu_is_left_alone():
    assert verdict(on_gpu(0.76, 0.95), GOOD_LOG) is Verdicts.OK


def test_nothing_is_judged_before_the_first_look():
    look = replace(NETWORK, seconds=30)
    assert verdict(on_gpu(0.1, 0.1, 30), "", look) is Verdicts.TOO_EARLY


def test_nothing_is_judged_before_the_first_forward_pass():
    assert verdict(on_gpu(0.05, 0.0), HEADER) is Verdicts.TOO_EARLY


@pytest.mark.parametrize(("memory", "utilisation"), [(0.3, 0.95), (0.76, 0.4), (0.2, 0.2)])
def test_little_memory_or_little_work_starts_a_trial(memory, utilisation):
    log = HEADER + memory_line(memory) + epochs(0.9)
    assert verdict(on_gpu(memory, utilisation), log) is Verdicts.DOUBLE_BATCH


def test_at_most_two_relaunches_for_sizing():
    log = HEADER + memory_line(0.3) + epochs(0.9)
    assert verdict(on_gpu(0.3, 0.9), log, replace(NETWORK, sizing_relaunches=1)) is Verdicts.DOUBLE_BATCH
    assert verdict(on_gpu(0.3, 0.9), log, replace(NETWORK, sizing_relaunches=2)) is Verdicts.OK


def test_a_batch_known_to_run_out_of_memory_is_not_tried():
    log = HEADER + memory_line(0.3) + epochs(0.9)
    assert verdict(on_gpu(0.3, 0.9), log, replace(NETWORK, batch_fails=64)) is Verdicts.OK
    assert verdict(on_gpu(0.3, 0.9), log, replace(NETWORK, batch_fails=128)) is Verdicts.DOUBLE_BATCH


def test_figures_that_nvml_contradicts_are_named():
    found = judge(on_gpu(0.03, 0.9), GOOD_LOG, NETWORK, SETTINGS)
    assert found.kind is Verdicts.CLAIMS_DIFFER
    assert "76%" in found.reason
    assert "NVML reads 3%" in found.reason


def test_gpu_figures_without_a_gpu_are_not_true():
    assert verdict(on_cpu(2.0), GOOD_LOG, ON_CPU) is Verdicts.CLAIMS_DIFFER


def test_a_gpu_that_the_network_does_not_use():
    log = HEADER.replace("NVIDIA A10", "none") + "CPU Memory Used: 1.0 GB / 64.0 GB (1.6%)\n" + epochs(0.9)
    assert verdict(on_gpu(0.001, 0.0), log) is Verdicts.USE_GPU
    neighbour = GpuReading(0, "NVIDIA A10", A10 // 2, A10, 0.0, 0)
    shared = [replace(reading, gpus=(neighbour,)) for reading in on_gpu(0.5, 0.0)]
    assert verdict(shared, log) is Verdicts.USE_GPU


def test_a_silent_network_is_given_monitoring_lines_once():
    assert verdict(on_gpu(0.7, 0.9), "") is Verdicts.ADD_MONITORING
    tried = replace(NETWORK, tried=frozenset({Verdicts.ADD_MONITORING}))
    assert verdict(on_gpu(0.7, 0.9), "", tried) is Verdicts.OK


def test_a_script_that_only_pretends_to_monitor_is_not_waited_for_for_ever():
    pretends = replace(NETWORK, script_monitors=True)
    assert verdict(on_gpu(0.7, 0.9), "", pretends) is Verdicts.TOO_EARLY
    assert verdict(on_gpu(0.7, 0.9), "", replace(pretends, seconds=301)) is Verdicts.ADD_MONITORING


@pytest.mark.parametrize("loss", ["nan", "inf", "-inf"])
def test_a_loss_that_is_no_number_ends_a_job_at_any_time(loss):
    log = HEADER + f"Fold 1/5, Epoch 1/10, Loss: {loss}\n"
    assert verdict(on_gpu(0.7, 0.9, 3), log, replace(NETWORK, seconds=3)) is Verdicts.STOP_NAN


def test_stuck_means_neither_a_line_nor_work():
    look = replace(NETWORK, seconds=300, silent_seconds=200)
    assert verdict(on_gpu(0.7, 0.0, 300, cores=0.01), GOOD_LOG, look) is Verdicts.STOP_STUCK
    assert verdict(on_gpu(0.7, 0.9, 300, cores=0.01), GOOD_LOG, look) is Verdicts.OK
    estimator = replace(look, kind=Kind.ESTIMATOR, gpus=0)
    assert verdict(on_cpu(7.9, 300), "", estimator) is Verdicts.OK
    assert verdict(on_cpu(0.0, 300), "", estimator) is Verdicts.STOP_STUCK


def test_a_loss_that_never_moves_is_stuck():
    assert verdict(on_gpu(0.7, 0.9), HEADER + memory_line(0.7) + epochs(*[0.7] * 5)) is Verdicts.STOP_STUCK


def test_a_loss_at_chance_ends_a_job_and_a_falling_one_does_not():
    look, header = replace(NETWORK, classes=10), HEADER + memory_line(0.7)
    assert verdict(on_gpu(0.7, 0.9), header + epochs(2.31, 2.302, 2.303), look) is Verdicts.STOP_CHANCE
    assert verdict(on_gpu(0.7, 0.9), header + epochs(3.5, 2.9, 2.5), look) is Verdicts.OK
    assert verdict(on_gpu(0.7, 0.9), header + epochs(2.31, 2.1, 1.9), look) is Verdicts.OK
    assert verdict(on_gpu(0.7, 0.9), header + epochs(9.9, 9.91, 9.9), NETWORK) is Verdicts.OK


CPU_LOG = "RESOURCES: 2 CPU cores, batch=32, GPU=none, Mixed Precision=OFF\n" + epochs(0.9)


def test_idle_cores_start_with_threads_and_go_on_to_the_batch():
    assert verdict(on_cpu(1.0), CPU_LOG, ON_CPU) is Verdicts.MORE_THREADS
    tried = frozenset({Verdicts.MORE_THREADS})
    assert verdict(on_cpu(1.0), CPU_LOG, replace(ON_CPU, tried=tried)) is Verdicts.DOUBLE_BATCH
    assert verdict(on_cpu(1.9), CPU_LOG, ON_CPU) is Verdicts.OK


def test_an_estimator_gets_the_core_check_alone():
    estimator = replace(ON_CPU, kind=Kind.ESTIMATOR, batch=None)
    assert verdict(on_cpu(1.0), "", estimator) is Verdicts.MORE_THREADS
    assert (
        verdict(on_cpu(1.0), "", replace(estimator, tried=frozenset({Verdicts.MORE_THREADS}))) is Verdicts.OK
    )
    assert verdict(on_cpu(1.9), "", estimator) is Verdicts.OK


def test_cores_that_neighbours_use_are_not_the_jobs_fault():
    assert verdict(on_cpu(1.0), CPU_LOG, replace(ON_CPU, idle_cores=0.1)) is Verdicts.OK
    assert verdict(on_cpu(1.0), CPU_LOG, replace(ON_CPU, idle_cores=0.9)) is Verdicts.MORE_THREADS


def test_a_job_that_is_nearly_done_is_not_restarted_for_speed():
    log = CPU_LOG + epochs(*[0.5] * 8).replace("1/5", "1/1")
    assert verdict(on_cpu(1.0), log, ON_CPU) is Verdicts.OK


def test_past_the_budget_only_when_the_next_fold_cannot_be_finished():
    log = "Fold 1/5, score 0.5\nFold 2/5, score 0.5\n"
    look = replace(ON_CPU, kind=Kind.ESTIMATOR, seconds=100, deadline_seconds=110)
    found = judge(on_cpu(2.0, 100), log, look, SETTINGS)
    assert found.kind is Verdicts.PAST_BUDGET
    assert verdict(on_cpu(2.0, 100), log, replace(look, deadline_seconds=1000)) is Verdicts.OK
    one_fold_fits = replace(look, deadline_seconds=160)
    assert verdict(on_cpu(2.0, 100), log, one_fold_fits) is Verdicts.OK
    assert verdict(on_cpu(2.0, 100), log, replace(look, deadline_seconds=None)) is Verdicts.OK


@pytest.mark.parametrize(
    "text",
    [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "RuntimeError: [enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: 12 bytes",
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array with shape (1000000000,)",
        "MemoryError",
        "terminate called after throwing an instance of 'std::bad_alloc'",
    ],
)
def test_out_of_memory_is_recognised_by_its_real_messages(text):
    assert judge_end(1, f"Traceback ...\n{text}\n").kind is Verdicts.HALVE_BATCH
    assert judge_end(0, f"caught: {text}\n").kind is Verdicts.OK


def test_a_job_killed_for_its_memory_ran_out_of_it_and_one_killed_for_time_did_not():
    assert judge_end(-9, "", killed_reason="memory limit of 1.0 GiB").kind is Verdicts.HALVE_BATCH
    assert judge_end(-15, "MemoryError", killed_reason="time limit of 60 s").kind is Verdicts.OK


def test_a_doubling_stays_only_when_it_pays():
    assert trial_paid(1000, 1400)
    assert not trial_paid(1000, 1010)
    assert not trial_paid(1000, 700)


looks = st.builds(
    Look,
    kind=st.sampled_from(Kind),
    seconds=st.floats(0, 1e5),
    first_look_seconds=st.floats(0.1, 60),
    cores=st.integers(1, 128),
    gpus=st.integers(0, 8),
    silent_seconds=st.floats(0, 1e5),
    batch=st.one_of(st.none(), st.integers(1, 10**5)),
    classes=st.one_of(st.none(), st.integers(0, 1000)),
    rows=st.one_of(st.none(), st.integers(1, 10**7)),
    sizing_relaunches=st.integers(0, 3),
    tried=st.frozensets(st.sampled_from(Verdicts)),
    deadline_seconds=st.one_of(st.none(), st.floats(0, 1e5)),
)


@given(
    memory=st.floats(0, 1),
    utilisation=st.floats(0, 1),
    count=st.integers(0, 50),
    look=looks,
    log=st.one_of(st.text(), st.lists(st.floats()).map(lambda losses: GOOD_LOG + epochs(*losses))),
)
def test_every_situation_has_a_verdict_within_the_rules(memory, utilisation, count, look, log):
    found = judge(on_gpu(memory, utilisation, count), log, look, SETTINGS)
    assert found.reason
    if found.kind.sizes:
        assert look.kind.trains
        assert look.sizing_relaunches < SETTINGS.max_sizing_relaunches
        assert found.kind not in look.tried
    if look.kind is not Kind.NETWORK:
        assert found.kind not in {Verdicts.DOUBLE_BATCH, Verdicts.USE_GPU, Verdicts.ADD_MONITORING}
    if look.seconds < look.first_look_seconds:
        assert found.kind in {Verdicts.TOO_EARLY, Verdicts.STOP_NAN, Verdicts.STOP_STUCK}
    assert not any(isinstance(value, float) and math.isnan(value) for value in found.evidence.values())
