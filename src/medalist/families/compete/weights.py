"""Which local pretrained weights an image network starts from: the ones given, else those in the usual caches.

Standard library only; weights are found by name and never opened here. Nothing is downloaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from medalist.core.errors import InputError

_ENDINGS = (".safetensors", ".pth", ".pt", ".bin")
_RESIDUAL = ("resnet", "resnext", "wide_resnet")
_IMAGE_MODELS = ("resnet", "vit", "deit", "beit", "convnext", "convnextv2", "swin", "swinv2", "regnet")


def find_weights(given: str, environment: Mapping[str, str]) -> Path | None:
    """A file or folder that ``kit.parts.network_models.pretrained_network`` can load; None where there is none.

    ``given`` comes first: a file, a model's folder (with config.json), or a folder of such. Then
    TORCH_HOME (residual networks, as torchvision names them) and HF_HOME (image models whose library
    is installed). Of several the smallest is taken, for budgets are short. Raises InputError when
    ``given`` is missing or holds no weights.
    """
    if given:
        return _inside(Path(given).expanduser().resolve())
    found = [*_of_torch(environment), *_of_hugging_face(environment)]
    return min(found, key=_bytes_in, default=None)


def files_behind(weights: Path) -> tuple[Path, ...]:
    """What a sandbox must let be read: the weights, and the folders its links lead to (as in HF_HOME)."""
    links = [path for path in weights.glob("*") if path.is_symlink()] if weights.is_dir() else []
    return (weights, *sorted({path.resolve().parent for path in links}))


def _inside(path: Path) -> Path:
    if path.is_file() or (path / "config.json").is_file():
        return path
    models = [config.parent for config in path.rglob("config.json")]
    files = [p for p in path.rglob("*") if p.suffix in _ENDINGS and p.parent not in models]
    if not models and not files:
        raise InputError(
            "There are no pretrained weights." if path.is_dir() else f"There is no file or folder {path}.",
            where=str(path),
            next_step=f"Give --weights a file ({', '.join(_ENDINGS)}) or a model's folder with config.json.",
        )
    return min([*models, *files], key=_bytes_in)


def _of_torch(environment: Mapping[str, str]) -> Iterator[Path]:
    home = environment.get("TORCH_HOME")
    if home and find_spec("torch"):
        for path in sorted((Path(home).expanduser().resolve() / "hub" / "checkpoints").glob("*.pth")):
            if path.name.startswith(_RESIDUAL):
                yield path


def _of_hugging_face(environment: Mapping[str, str]) -> Iterator[Path]:
    home = environment.get("HF_HOME")
    if not home:
        return
    for config in sorted(
        (Path(home).expanduser().resolve() / "hub").glob("models--*/snapshots/*/config.json")
    ):
        try:
            described = json.loads(config.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # a download that was cut off
        transformers = described.get("model_type") in _IMAGE_MODELS and find_spec("transformers")
        timm = "architecture" in described and "model_type" not in described and find_spec("timm")
        if (transformers or timm) and any(p.suffix in _ENDINGS for p in config.parent.iterdir()):
            yield config.parent


def _bytes_in(path: Path) -> int:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.stat().st_size for file in files)
