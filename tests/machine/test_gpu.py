"""GPU readings: nothing without a GPU, and NVML's own structures translated faithfully."""

import pynvml
import pytest

from medalist.machine.gpu import read_gpus, translate_reading

# As an A10 with one training process reports them.
MEMORY = pynvml.c_nvmlMemory_t(total=24146608128, free=18777898188, used=5368709940)
RATES = pynvml.c_nvmlUtilization_t(gpu=37, memory=12)


def process(pid: int, held: int | None) -> pynvml.nvmlFriendlyObject:
    return pynvml.nvmlFriendlyObject({"pid": pid, "usedGpuMemory": held})


def test_without_a_driver_there_is_nothing_to_read() -> None:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        assert read_gpus() == ()
        assert read_gpus([1]) == ()
    else:
        pytest.skip("this machine has an NVIDIA driver")


@pytest.mark.gpu
def test_a_real_gpu_says_what_it_is() -> None:
    readings = read_gpus([])
    if not readings:
        pytest.skip("no NVIDIA GPU here")
    assert all(
        0 <= each.utilisation <= 1 and each.memory_used_bytes < each.memory_total_bytes for each in readings
    )


def test_units_and_names() -> None:
    reading = translate_reading(0, b"NVIDIA A10", MEMORY, RATES, None, ())
    assert (reading.name, reading.utilisation) == ("NVIDIA A10", 0.37)
    assert (reading.memory_used_bytes, reading.memory_total_bytes) == (5368709940, 24146608128)
    assert reading.process_memory_bytes is None


def test_only_watched_processes_count() -> None:
    processes = [process(10, 1000), process(11, 200), process(99, 5_000_000)]
    assert translate_reading(0, "A10", MEMORY, RATES, processes, {10, 11}).process_memory_bytes == 1200


@pytest.mark.parametrize("processes", [[], [process(10, None)], [process(99, 7)]])
def test_what_nvml_does_not_say_is_unknown_rather_than_zero(processes: list) -> None:
    assert translate_reading(0, "A10", MEMORY, RATES, processes, {10}).process_memory_bytes is None


def test_a_slice_without_utilisation_reads_as_idle() -> None:
    assert translate_reading(0, "H200 MIG 1g.18gb", MEMORY, None, [], ()).utilisation == 0.0
