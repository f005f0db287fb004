"""Networks for images: planning, checkpoints, resuming, pretrained weights, and what may be flipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks need the torch extra")

from sklearn.datasets import load_digits  # noqa: E402

from medalist.families.compete.kit import image  # noqa: E402
from medalist.families.compete.kit.image_networks import network_recipe  # noqa: E402
from medalist.families.compete.kit.parts.network_images import augment, find_symmetries, views  # noqa: E402
from medalist.families.compete.kit.parts.network_models import (  # noqa: E402
    ResidualNetwork,
    pretrained_network,
)
from medalist.families.compete.kit.parts.network_training import one_cycle, plan_folds  # noqa: E402
from medalist.families.compete.playbook_bench import script_facts  # noqa: E402
from medalist.families.compete.recipes import sizing_key  # noqa: E402
from medalist.machine.hardware import Hardware  # noqa: E402
from medalist.training.lines import Resources, Step, parse_line  # noqa: E402
from medalist.training.sizing import MeasuredSizes  # noqa: E402

SHORT = {"epochs": 6, "run_folds": 2, "learning_rate": 8e-3}


def test_a_network_learns_digits_and_prints_what_the_checks_read(
    number_images: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    submission = number_images.solve(number_images.recipe("small", **SHORT))
    assert (submission.digit.astype(str) == number_images.answers).mean() > 0.6
    lines = [parse_line(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.batch for line in lines if isinstance(line, Resources)] == [16]
    steps = [line for line in lines if isinstance(line, Step)]
    assert [(s.fold, s.folds, s.epoch, s.epochs) for s in steps[:2]] == [(1, 5, 1, 6), (1, 5, 2, 6)]
    assert steps[5].loss < steps[0].loss


def test_rows_of_folds_that_were_not_trained_have_no_prediction(number_images: Any) -> None:
    folder = number_images.write(number_images.recipe("small", **{**SHORT, "epochs": 1}))
    oof = number_images.train(folder)
    fold = np.load(folder / "artifacts" / "oof.npz")["fold"]
    assert np.isfinite(oof[fold < 2]).all()
    assert np.isnan(oof[fold >= 2]).all()
    report = json.loads((folder / "artifacts" / "metrics.json").read_text())
    assert (report["folds_done"], report["folds"]) == (2, 2)
    assert report["samples_per_second"] > 0


def test_too_little_time_still_leaves_a_submission(number_images: Any) -> None:
    folder = number_images.write(number_images.recipe("small", epochs=200))
    oof = number_images.train(folder, "--seconds", "1")
    assert 0 < np.isfinite(oof).all(axis=1).sum() < len(oof)
    number_images.predict(folder)


def test_resume_goes_on_after_the_last_finished_epoch(
    number_images: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = number_images.write(number_images.recipe("small", epochs=4, run_folds=2))
    number_images.train(folder)
    last = folder / "artifacts" / "fold_1_last.pt"
    saved = torch.load(last, weights_only=True)
    torch.save({**saved, "epoch": 2, "finished": False}, last)
    before = np.load(folder / "artifacts" / "oof.npz")["prediction"]
    capsys.readouterr()
    oof = number_images.train(folder, "--resume")
    steps = [line for line in map(parse_line, capsys.readouterr().out.splitlines()) if isinstance(line, Step)]
    assert [(s.fold, s.epoch) for s in steps] == [(2, 3), (2, 4)]
    first = np.load(folder / "artifacts" / "oof.npz")["fold"] == 0
    assert np.allclose(oof[first], before[first], atol=2e-2)


@pytest.mark.parametrize("competition", ["photos", "labelled_photos"])
def test_values_and_several_labels(competition: str, request: pytest.FixtureRequest) -> None:
    given = request.getfixturevalue(competition)
    submission = given.solve(given.recipe("small", size=32, epochs=8, run_folds=1, learning_rate=8e-3))
    predicted = submission[given.facts.targets[0]]
    assert np.corrcoef(predicted, given.answers)[0, 1] > 0.5


def small_checkpoint(path: Path) -> dict[str, Any]:
    """A tiny residual network's weights under torchvision's names."""
    torch.manual_seed(0)
    network = ResidualNetwork(3, 1000, [1, 1, 1, 1], 4, bottleneck=True, large_stem=True)
    torch.save(network.state_dict(), path)
    return network.state_dict()


def test_local_weights_are_used(number_images: Any, cpu: Hardware, tmp_path: Path) -> None:
    small_checkpoint(tmp_path / "resnet.pth")
    drafts = image.drafts(number_images.facts, cpu, 120, weights=tmp_path / "resnet.pth")
    recipe = next(r for r in drafts if r.estimator == "pretrained")
    recipe = number_images.changed(recipe, epochs=1, run_folds=1)
    number_images.solve(recipe)


def test_a_pretrained_network_keeps_all_but_its_last_layer(tmp_path: Path) -> None:
    state = small_checkpoint(tmp_path / "resnet.pth")
    network = pretrained_network(tmp_path, outputs=3)
    loaded = network.state_dict()
    assert all(
        torch.equal(loaded[name], value) for name, value in state.items() if not name.startswith("fc.")
    )
    assert network(torch.zeros(2, 3, 40, 40)).shape == (2, 3)


def test_weights_of_an_unknown_kind_are_refused(tmp_path: Path) -> None:
    torch.save({"something": torch.zeros(3)}, tmp_path / "odd.pt")
    with pytest.raises(ValueError, match="no weights of a kind"):
        pretrained_network(tmp_path / "odd.pt", outputs=2)
    with pytest.raises(ValueError, match="must be one file"):
        pretrained_network(tmp_path / "nothing", outputs=2)


def test_flips_are_found_by_what_they_do_to_the_answer() -> None:
    digits, labels = load_digits(return_X_y=True)
    pixels = (digits.reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8)
    assert find_symmetries(pixels, labels) == []
    random = np.random.default_rng(0)
    rough = random.integers(0, 2, 800)
    noise = random.normal(0, 1, (800, 16, 16, 1)) * (20 + 40 * rough[:, None, None, None]) + 128
    texture = np.clip(noise, 0, 255).astype(np.uint8)
    assert find_symmetries(texture, rough) == ["mirrored", "upside_down", "swapped"]


def test_augmentation_moves_pictures_and_leaves_them_where_nothing_is_asked() -> None:
    pictures = torch.rand(4, 3, 16, 16)
    assert torch.allclose(augment(pictures, [], 0.0, 0.0), pictures, atol=1e-5)
    assert not torch.allclose(augment(pictures, [], 0.2, 0.2), pictures, atol=1e-1)
    flipped = augment(pictures.repeat(16, 1, 1, 1), ["mirrored"], 0.0, 0.0)
    same = (flipped - pictures.repeat(16, 1, 1, 1)).abs().amax(dim=(1, 2, 3)) < 1e-4
    mirrored = (flipped - pictures.repeat(16, 1, 1, 1).flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert (same | mirrored).all()
    assert same.any()
    assert mirrored.any()
    assert len(views(pictures, ["mirrored", "swapped"])) == 3


def test_plans_use_the_time_there_is() -> None:
    assert plan_folds(1.0, 10, 5, None) == (5, 10)
    assert plan_folds(1.0, 10, 5, 100.0) == (5, 10)
    folds, epochs = plan_folds(1.0, 10, 5, 36.0)
    assert folds * epochs * 1.2 <= 36.0
    assert epochs >= 5
    assert plan_folds(100.0, 10, 5, 1.0) == (1, 1)
    assert one_cycle(0.25) == 1.0
    assert one_cycle(2.0) == 0.0


def test_batches_and_workers_come_from_the_sizing_table(
    photos: Any, cpu: Hardware, with_gpu: Hardware
) -> None:
    deep = network_recipe(photos.facts, with_gpu, "residual", 600.0)
    assert (deep.options["workers"], deep.options["prefetch"]) == (12, 4)
    assert network_recipe(photos.facts, cpu, "small", 60.0).options["workers"] == 0


def test_a_batch_that_was_measured_here_goes_before_the_table(
    photos: Any, with_gpu: Hardware, tmp_path: Path
) -> None:
    """Under the very key with which the bench launches such a job."""
    table = network_recipe(photos.facts, with_gpu, "residual", 600.0)
    measured = MeasuredSizes(tmp_path / "sizes.json", with_gpu.fingerprint)
    measured.learn_failure(sizing_key(table.as_dict()), table.options["batch"])
    learned = network_recipe(photos.facts, with_gpu, "residual", 600.0, measured=measured)
    assert learned.options["batch"] == table.options["batch"] // 2


def test_a_network_is_checked_with_its_own_size_of_images_in_view(photos: Any, cpu: Hardware) -> None:
    recipe = network_recipe(photos.facts, cpu, "small", 60.0)
    known = script_facts(photos.facts, recipe.as_dict())
    assert known.image_pixels == recipe.options["size"]
    assert known.rows == photos.facts.rows_train
    assert sizing_key(recipe.as_dict()) == f"image/small/{recipe.options['size']}"
    features = next(r for r in image.drafts(photos.facts, cpu, 60) if "batch" not in r.options)
    assert sizing_key(features.as_dict()) == ""
