"""Is the GPU really used? Times a short training step on CPU and GPU in each library that is installed (SPEC G5).

Runs as a child, ``python -m medalist.training.gpu_proof``, for it imports heavy libraries: prints a
sentence a library and, as its last line, one JSON object ``{"gpus": [...], "proofs": [...]}``. Each
proof holds ``library``, ``status`` (``used``, ``slower``, ``not_used``, ``failed``, ``not_installed``
or ``no_gpu``), ``cpu_seconds``, ``gpu_seconds`` and ``sentence``. A GPU counts as used only when NVML
saw its memory or its utilisation grow while the library trained on it.
"""

from __future__ import annotations

import importlib.util
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from medalist.machine.gpu import GpuReading, read_gpus

_GROWN_BYTES = 64 * 2**20
_GROWN_UTILISATION = 0.05
_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Proof:
    """What one library did. Times are of one short training, None where it did not run."""

    library: str
    status: str
    sentence: str
    cpu_seconds: float | None = None
    gpu_seconds: float | None = None


def train_torch(device: str) -> None:
    """Forward, backward and step of a two-layer network, the result waited for."""
    import torch

    torch.manual_seed(0)
    place = torch.device("cuda" if device == "gpu" else "cpu")
    x, y = torch.randn(4096, 1024, device=place), torch.randint(0, 10, (4096,), device=place)
    model = torch.nn.Sequential(torch.nn.Linear(1024, 2048), torch.nn.ReLU(), torch.nn.Linear(2048, 10)).to(
        place
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loss = torch.zeros(())
    for _ in range(3):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    loss.item()


def train_lightgbm(device: str) -> None:
    """Ten trees on 20,000 rows."""
    import lightgbm

    x, y = _table()
    data = lightgbm.Dataset(x, y)
    lightgbm.train({"objective": "binary", "device_type": device, "verbosity": -1}, data, num_boost_round=10)


def train_xgboost(device: str) -> None:
    """Ten trees on 20,000 rows."""
    import xgboost

    x, y = _table()
    place = "cuda" if device == "gpu" else "cpu"
    xgboost.train(
        {"objective": "binary:logistic", "device": place, "verbosity": 0},
        xgboost.DMatrix(x, y),
        num_boost_round=10,
    )


def _table():
    import numpy as np

    random = np.random.default_rng(0)
    x = random.normal(size=(20_000, 30)).astype("float32")
    return x, (x[:, 0] + random.normal(size=len(x)) > 0).astype("int32")


TRAININGS: dict[str, Callable[[str], None]] = {
    "torch": train_torch,
    "lightgbm": train_lightgbm,
    "xgboost": train_xgboost,
}


def prove(library: str, train: Callable[[str], None], gpus: Sequence[GpuReading]) -> Proof:
    """Train with ``library`` on the CPU and, where there is one, on the GPU, NVML watching."""
    if importlib.util.find_spec(library) is None:
        return Proof(library, "not_installed", f"{library} is not installed.")
    train("cpu")
    cpu_seconds = _timed(train, "cpu")
    if not gpus:
        sentence = f"{library} trains on the CPU ({cpu_seconds:.2f} s); this machine has no NVIDIA GPU."
        return Proof(library, "no_gpu", sentence, cpu_seconds)
    try:
        with _Watch() as watch:
            train("gpu")
            gpu_seconds = _timed(train, "gpu")
    except (RuntimeError, AssertionError, ValueError, OSError) as error:  # each library's own way to say no
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        sentence = f"{library} does not train on the GPU: {first_line}"
        return Proof(library, "failed", sentence, cpu_seconds)
    return judge_proof(library, cpu_seconds, gpu_seconds, watch.memory_grown_bytes, watch.utilisation)


def judge_proof(
    library: str, cpu_seconds: float, gpu_seconds: float, memory_grown_bytes: int, utilisation: float
) -> Proof:
    """What the two times and NVML's readings say together."""
    times = f"{gpu_seconds:.3f} s on the GPU against {cpu_seconds:.3f} s on the CPU"
    if memory_grown_bytes < _GROWN_BYTES and utilisation < _GROWN_UTILISATION:
        sentence = f"{library} was told to use the GPU and did not: NVML saw neither memory nor work on it."
        return Proof(library, "not_used", sentence, cpu_seconds, gpu_seconds)
    if gpu_seconds >= cpu_seconds:
        return Proof(
            library, "slower", f"{library} uses the GPU and is no faster: {times}.", cpu_seconds, gpu_seconds
        )
    ratio = cpu_seconds / gpu_seconds
    sentence = f"{library} really uses the GPU: {times}, {ratio:.1f} times as fast."
    return Proof(library, "used", sentence, cpu_seconds, gpu_seconds)


def _timed(train: Callable[[str], None], device: str) -> float:
    started = time.perf_counter()
    train(device)
    return time.perf_counter() - started


class _Watch:
    """Samples NVML beside a training: the most memory above the start, and the most work."""

    def __enter__(self) -> _Watch:
        self._before = {gpu.index: gpu.memory_used_bytes for gpu in read_gpus()}
        self.memory_grown_bytes, self.utilisation = 0, 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.is_set():
            for gpu in read_gpus():
                grown = gpu.memory_used_bytes - self._before.get(gpu.index, gpu.memory_used_bytes)
                self.memory_grown_bytes = max(self.memory_grown_bytes, grown)
                self.utilisation = max(self.utilisation, gpu.utilisation)
            self._over.wait(_SAMPLE_SECONDS)


def main() -> None:
    """Print a sentence a library, and the whole as JSON in the last line."""
    gpus = read_gpus()
    for gpu in gpus:
        print(f"GPU {gpu.index}: {gpu.name}, {gpu.memory_total_bytes / 2**30:.0f} GB")
    if not gpus:
        print("This machine has no NVIDIA GPU that NVML can see; everything trains on the CPU.")
    proofs = []
    for library, train in TRAININGS.items():
        proofs.append(prove(library, train, gpus))
        print(proofs[-1].sentence, flush=True)
    print(json.dumps({"gpus": [gpu.name for gpu in gpus], "proofs": [asdict(proof) for proof in proofs]}))


if __name__ == "__main__":
    main()
