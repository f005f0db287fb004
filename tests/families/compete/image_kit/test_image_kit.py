"""The image kit's scripts on small real images: they train, predict, keep to their time, and read by themselves."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from medalist.families.compete.kit import image, image_networks
from medalist.families.compete.recipes import Recipe
from medalist.hints.review import check_script
from medalist.machine.hardware import Hardware


@pytest.mark.parametrize("estimator", ["logistic", "pixel_svm", "svm", "forest"])
def test_estimators_on_features_read_digits(number_images: Any, estimator: str) -> None:
    submission = number_images.solve(number_images.recipe(estimator))
    assert (submission.digit.astype(str) == number_images.answers).mean() > 0.85


def test_boosting_tells_two_classes_apart(number_images: Any) -> None:
    train = pd.read_csv(number_images.public / "train.csv")
    train["digit"] = np.where(train.digit > 4, "large", "small")
    train.to_csv(number_images.public / "train.csv", index=False)
    facts = replace(
        number_images.facts,
        problem="binary",
        metric="roc_auc",
        classes=("small", "large"),
        prediction="probability",
        image=replace(number_images.facts.image, width=20, height=20),
    )
    competition = replace(number_images, facts=facts)
    submission = competition.solve(competition.recipe("boosted"))
    large = number_images.answers.astype(int) > 4
    assert submission.digit[large].mean() > submission.digit[~large].mean() + 0.3


@pytest.mark.parametrize("estimator", ["ridge", "svr", "forest_values"])
def test_values_are_predicted_better_than_by_their_mean(photos: Any, estimator: str) -> None:
    submission = photos.solve(photos.recipe(estimator))
    assert np.std(submission.price - photos.answers) < 0.75 * np.std(photos.answers)


def test_columns_beside_images_are_used(photos: Any, cpu: Hardware) -> None:
    joined = next(r for r in image.drafts(photos.facts, cpu, 120) if "blocks" in r.options)
    submission = photos.solve(joined)
    assert np.std(submission.price - photos.answers) < 0.35 * np.std(photos.answers)


def test_each_target_of_a_multilabel_problem_gets_its_column(labelled_photos: Any) -> None:
    submission = labelled_photos.solve(labelled_photos.recipe("logistic"))
    assert submission.red.between(0, 1).all()
    assert submission.late.between(0, 1).all()
    assert np.corrcoef(submission.red, labelled_photos.answers)[0, 1] > 0.5


def test_scripts_stand_alone(number_images: Any) -> None:
    folder = number_images.write(number_images.recipe("logistic"))
    blocker = "import sys; sys.modules['medalist'] = None; import runpy; sys.argv[0] = 'train.py'; "
    code = blocker + "runpy.run_path('train.py', run_name='__main__')"
    data = ["--data", str(number_images.public)]
    result = subprocess.run([sys.executable, "-c", code, *data], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("RESOURCES: ")


@pytest.mark.parametrize("folder", ["number_images", "photos"])
def test_scripts_raise_no_hint_and_know_nothing_of_medalist(
    folder: str, cpu: Hardware, with_gpu: Hardware, request: pytest.FixtureRequest
) -> None:
    facts = request.getfixturevalue(folder).facts
    for hardware in (cpu, with_gpu):
        for recipe in image.drafts(facts, hardware, 600, weights=Path("weights.pt")):
            for name, code in image.scripts(facts, recipe).items():
                modules = [n.module or "" for n in ast.walk(ast.parse(code)) if isinstance(n, ast.ImportFrom)]
                assert not any(module.startswith("medalist") for module in modules)
                found = [(f.hint_id, f.line, f.message) for f in check_script(code, hardware=hardware)]
                assert not found, (recipe.estimator, name, found)


def test_a_picture_that_cannot_be_read_is_grey_and_counted(
    photos: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos.public / "photos" / "train" / "p3.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    (photos.public / "photos" / "train" / "p4.jpg").unlink()
    photos.solve(photos.recipe("ridge"))
    assert "2 of 240 images cannot be read and are grey" in capsys.readouterr().out


def test_without_torch_there_are_no_networks(
    number_images: Any, cpu: Hardware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "torch_installed", lambda: False)
    estimators = {r.estimator for r in image.drafts(number_images.facts, cpu, 600)}
    assert estimators
    assert not estimators & set(image_networks.NETWORKS)


def test_drafts_fit_the_budget_and_survive_json(number_images: Any, cpu: Hardware) -> None:
    for seconds in (30, 60, 600):
        recipes = image.drafts(number_images.facts, cpu, seconds)
        assert all(r.expected_cpu_seconds < 2 * seconds for r in recipes)
        assert [Recipe.from_dict(json.loads(json.dumps(r.as_dict()))) for r in recipes] == recipes


def test_improving_changes_the_experiment(number_images: Any, cpu: Hardware) -> None:
    rng = random.Random(0)
    for recipe in image.drafts(number_images.facts, cpu, 60):
        better = image.improve(number_images.facts, recipe, rng)
        assert better is not None
        assert (better.options, better.seed) != (recipe.options, recipe.seed)
        assert image.scripts(number_images.facts, better)
