"""Networks for images: how large, how long, in batches of what size, and the source that builds them.

A network is planned by what it costs: multiply-adds of a pass, the images of an epoch, and what the
machine does in a second (measured on one core of a 2020s server for CPUs; deep networks from random
weights are for GPUs). Imports no torch: whether it is there is asked of the import system.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from medalist.families.compete.facts import Facts
from medalist.families.compete.kit.assemble import Setting
from medalist.families.compete.kit.image_sources import (
    NetworkPieces,
    channels,
    image_of,
    output_count,
    output_kind,
)
from medalist.families.compete.recipes import Recipe
from medalist.machine.hardware import Hardware
from medalist.training.sizing import MeasuredSizes, size_for

NETWORKS = {
    "small": "a small convolutional network",
    "small_residual": "a small residual network",
    "residual": "an 18-layer residual network",
    "pretrained": "a pretrained network",
}
_SIDES = (224, 160, 128, 96, 64, 48, 32)
_GPU_SPEEDUP = 150.0
_LEAST_EPOCHS, _MOST_EPOCHS = 6, 30
_FOLDS = 5
_SEEN_IMAGES = {"cpu": 62_000, "gpu": 400_000}
_START_SECONDS = 4.0


def torch_installed() -> bool:
    """Whether networks can be trained at all."""
    return find_spec("torch") is not None


def network_threads(hardware: Hardware) -> int:
    """How many cores a network gets: all beside a GPU, else half.

    Small layers gain less from a second thread than a second candidate does, and threads that wait for
    each other suffer most from a busy machine.
    """
    return hardware.cores if hardware.gpus else max(1, hardware.cores // 2)


def network_recipe(
    facts: Facts,
    hardware: Hardware,
    name: str,
    cpu_seconds: float,
    weights: Path | None = None,
    measured: MeasuredSizes | None = None,
) -> Recipe:
    """A recipe for the network ``name`` that should train in ``cpu_seconds`` (GPU seconds count as CPU seconds).

    Its batch is what earlier jobs of the kind ``measured``, else the sizing table's.

    Size of images, epochs and folds are cut until it fits, in that order.
    """
    with_gpu = bool(hardware.gpus)
    rows = facts.rows_train * (_FOLDS - 1) // _FOLDS
    seen = _SEEN_IMAGES["gpu" if with_gpu else "cpu"]
    wanted = max(_LEAST_EPOCHS, min(_MOST_EPOCHS, seen // max(1, rows)))
    least = (2 * wanted + 4) // 5
    sides = candidate_sides(facts)
    width = 16 if facts.rows_train >= 3000 else 24

    def cost(side: int, epochs: int, folds: int) -> float:
        return folds * epochs * rows * _seconds_per_image(name, channels(facts), side, width, hardware)

    side = next((s for s in sides if cost(s, least, 2) <= cpu_seconds), sides[-1])
    folds = next((f for f in range(_FOLDS, 0, -1) if cost(side, least, f) <= cpu_seconds), 1)
    epochs = next((e for e in range(wanted, least, -1) if cost(side, e, folds) <= cpu_seconds), least)
    sizes = size_for("image", name, side, hardware, rows, measured)
    options: dict[str, Any] = {
        "size": side,
        "width": width,
        "epochs": epochs,
        "batch": sizes.batch if with_gpu else min(64, sizes.batch),
        "learning_rate": {"residual": 2e-3, "pretrained": 3e-4}.get(name, 4e-3),
        "weight_decay": 0.05,
        "workers": sizes.workers if with_gpu else 0,
        "prefetch": sizes.prefetch if with_gpu else None,
        "flips": True,
        "shift": 0.08,
        "zoom": 0.1,
        "run_folds": folds,
        "threads": network_threads(hardware),
    }
    if weights is not None:
        options["weights"] = str(weights)
    return Recipe(
        "image",
        name,
        options,
        folds=_FOLDS,
        title=f"{NETWORKS[name]} at {side} px, {folds} folds of {epochs} epochs",
        expected_cpu_seconds=round(_START_SECONDS + cost(side, epochs, folds), 1),
    )


def candidate_sides(facts: Facts) -> list[int]:
    """Sizes at which the images may be looked at, the largest first; none is larger than they are."""
    image = image_of(facts)
    native = max(image.width, image.height)
    if native <= 40:
        return [max(8, native)]
    return [side for side in _SIDES if side <= native]


def network_pieces(facts: Facts, recipe: Recipe) -> NetworkPieces:
    """The source of ``build_network`` and the settings of a network recipe."""
    o = recipe.options
    settings = [
        Setting("KIND", output_kind(facts)),
        Setting("OUTPUTS", output_count(facts)),
        Setting("BATCH", o["batch"]),
        Setting("EPOCHS", o["epochs"]),
        Setting("RUN_FOLDS", o["run_folds"], "folds to train; rows of the others stay without prediction"),
        Setting("LEARNING_RATE", o["learning_rate"]),
        Setting("WEIGHT_DECAY", o["weight_decay"]),
        Setting(
            "WORKERS", o["workers"], "0: images lie in memory, and the training process makes the batches"
        ),
        Setting("PREFETCH", o["prefetch"]),
        Setting("SHIFT", o["shift"], "training pictures are moved and zoomed by up to so much of their side"),
        Setting("ZOOM", o["zoom"]),
        Setting("WIDTH", o["width"], "channels of the first layer"),
        Setting("WEIGHTS", o.get("weights"), "a file or folder of pretrained weights"),
    ]
    body = {
        "small": "small_network(CHANNELS, SIZE, OUTPUTS, WIDTH, residual=False)",
        "small_residual": "small_network(CHANNELS, SIZE, OUTPUTS, WIDTH, residual=True)",
        "residual": "residual_network(CHANNELS, SIZE, OUTPUTS)",
        "pretrained": "pretrained_network(Path(WEIGHTS), OUTPUTS)",
    }[recipe.estimator]
    build = f'def build_network() -> nn.Module:\n    """The network, before training."""\n    return {body}'
    return NetworkPieces(build, tuple(settings))


def _seconds_per_image(name: str, colours: int, side: int, width: int, hardware: Hardware) -> float:
    """Of training on one image: a part for handling it, and a part for its multiply-adds."""
    if name in ("residual", "pretrained"):
        millions = 560 * (side / 32) ** 2 if side <= 64 else 1820 * (side / 224) ** 2
    else:
        millions = _small_network_millions(colours, side, width, name == "small_residual")
    seconds = 2e-4 * (side / 32) ** 2 + 4e-5 * millions
    return seconds / (_GPU_SPEEDUP if hardware.gpus else 1.0)


def _small_network_millions(colours: int, side: int, width: int, residual: bool) -> float:
    """Millions of multiply-adds of one forward pass through ``small_network``."""
    edge = side // 2 if side > 40 else side
    total = 9 * colours * width * edge**2
    while edge > (4 if side >= 16 else 2):
        edge = (edge + 1) // 2
        after = min(2 * width, 256)
        total += 9 * width * after * edge**2 + (18 * after**2 * edge**2 if residual else 0)
        width = after
    return total / 1e6
