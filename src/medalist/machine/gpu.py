"""What NVIDIA GPUs there are and how busy they are: the only reader of NVML.

A machine without a GPU, driver or permission gives an empty tuple, never an error, and is asked
only once a process.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class GpuReading:
    """One GPU at one moment.

    ``utilisation`` is the share of the last sampling period in which a kernel ran, 0 to 1.
    ``process_memory_bytes`` is what the watched processes hold, None where NVML does not say.
    """

    index: int
    name: str
    memory_used_bytes: int
    memory_total_bytes: int
    utilisation: float
    process_memory_bytes: int | None = None


def read_gpus(pids: Collection[int] | None = None) -> tuple[GpuReading, ...]:
    """Every visible GPU now; with ``pids``, also what those processes hold. Never raises."""
    nvml = _nvml()
    if nvml is None:
        return ()
    try:
        readings = []
        for index in range(nvml.nvmlDeviceGetCount()):
            device = nvml.nvmlDeviceGetHandleByIndex(index)
            processes = (
                _ask(nvml, "nvmlDeviceGetComputeRunningProcesses", device) if pids is not None else None
            )
            readings.append(
                translate_reading(
                    index,
                    nvml.nvmlDeviceGetName(device),
                    nvml.nvmlDeviceGetMemoryInfo(device),
                    _ask(nvml, "nvmlDeviceGetUtilizationRates", device),
                    processes,
                    pids or (),
                )
            )
        return tuple(readings)
    except nvml.NVMLError:
        return ()


def translate_reading(
    index: int,
    name: str | bytes,
    memory: Any,
    utilisation: Any | None,
    processes: Any | None,
    pids: Collection[int],
) -> GpuReading:
    """NVML's structures as a GpuReading.

    ``memory`` has ``used`` and ``total`` in bytes, ``utilisation`` has ``gpu`` in percent (None where
    the GPU does not offer it, as MIG slices), ``processes`` is a list with ``pid`` and
    ``usedGpuMemory`` (None inside some containers).
    """
    held: int | None = None
    if processes is not None:
        amounts = [process.usedGpuMemory for process in processes if process.pid in pids]
        held = sum(amounts) if amounts and None not in amounts else None
    return GpuReading(
        index=index,
        name=name.decode() if isinstance(name, bytes) else name,
        memory_used_bytes=int(memory.used),
        memory_total_bytes=int(memory.total),
        utilisation=utilisation.gpu / 100 if utilisation is not None else 0.0,
        process_memory_bytes=held,
    )


@cache
def _nvml() -> Any | None:
    """The started library, or None without a driver. Imported here, for most machines never need it."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _ask(nvml: Any, question: str, device: Any) -> Any | None:
    """NVML's answer, or None where this GPU does not offer it."""
    try:
        return getattr(nvml, question)(device)
    except nvml.NVMLError:
        return None
