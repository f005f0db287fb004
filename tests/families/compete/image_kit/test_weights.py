"""Local pretrained weights: found where people keep them, shown to the sandbox, and used first."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from medalist.core.errors import InputError  # noqa: E402
from medalist.families.compete.family import family  # noqa: E402
from medalist.families.compete.kit.parts.network_models import ResidualNetwork  # noqa: E402
from medalist.families.compete.operators import Operators  # noqa: E402
from medalist.families.compete.weights import files_behind, find_weights  # noqa: E402
from medalist.machine.hardware import Hardware  # noqa: E402
from medalist.workspace.sandbox import choose_sandbox  # noqa: E402
from medalist.workspace.workspace import Workspace  # noqa: E402


def small_checkpoint(path: Path, width: int = 4) -> Path:
    """A tiny residual network's weights under torchvision's names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    network = ResidualNetwork(3, 10, [1, 1, 1, 1], width, bottleneck=False, large_stem=True)
    torch.save(network.state_dict(), path)
    return path


def test_given_weights_come_before_the_caches(tmp_path: Path) -> None:
    cached = small_checkpoint(tmp_path / "torch" / "hub" / "checkpoints" / "resnet18-1.pth")
    small_checkpoint(tmp_path / "torch" / "hub" / "checkpoints" / "resnet50-1.pth", width=8)
    (tmp_path / "torch" / "hub" / "checkpoints" / "alexnet.pth").write_bytes(b"")
    given = small_checkpoint(tmp_path / "mine" / "backbone.pt")
    caches = {"TORCH_HOME": str(tmp_path / "torch")}
    assert find_weights("", caches) == cached
    assert find_weights(str(tmp_path / "mine"), caches) == given
    assert find_weights("", {}) is None


def test_a_model_of_hugging_face_shows_the_files_its_links_lead_to(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    model = tmp_path / "hub" / "models--some--vit"
    (model / "blobs").mkdir(parents=True)
    (model / "snapshots" / "1").mkdir(parents=True)
    for name, text in (("config.json", json.dumps({"model_type": "vit"})), ("model.safetensors", "weights")):
        (model / "blobs" / name).write_text(text)
        (model / "snapshots" / "1" / name).symlink_to(Path("../../blobs") / name)
    found = find_weights("", {"HF_HOME": str(tmp_path)})
    assert found == model / "snapshots" / "1"
    assert files_behind(found) == (found, model / "blobs")


@pytest.mark.parametrize("given", ["nothing", "empty"])
def test_weights_that_are_not_there_are_said(tmp_path: Path, given: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"There (are|is) no"):
        find_weights(str(tmp_path / given), {})


def test_weights_of_the_command_line_train_first_and_inside_the_sandbox(
    number_images: Any, cpu: Hardware, tmp_path: Path
) -> None:
    small_checkpoint(tmp_path / "weights" / "resnet.pth")
    opened = family.open(number_images.public, {"weights": str(tmp_path / "weights"), "metric": "accuracy"})
    weights = Path(opened.task.settings["weights"])
    operators = Operators(number_images.facts, cpu, 120, random.Random(0), weights)
    recipe = operators.waiting[1]  # after the baseline of a few seconds
    assert recipe.estimator == "pretrained"
    recipe = replace(recipe, options={**recipe.options, "epochs": 1, "run_folds": 1})
    sandbox, _ = choose_sandbox("auto", cache=None)
    workspace = Workspace.open(
        tmp_path / "workspace",
        opened.task.public,
        sandbox=sandbox,
        hardware=cpu,
        cores=cpu.core_ids,
        readable=opened.readable,
    )
    try:
        folder = workspace.root / "candidates" / "c01"
        folder.mkdir(parents=True)
        for name, text in operators.scripts(recipe).items():
            (folder / name).write_text(text)
        for name in ("train.py", "predict.py"):
            done = workspace.run([name], timeout_seconds=120, cwd="candidates/c01", warm=False)
            assert done.returncode == 0, done.output
        assert (folder / "submission.csv").is_file()
    finally:
        workspace.close()
