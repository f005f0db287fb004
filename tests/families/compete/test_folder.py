"""Every shape a competition's folder comes in is taken apart alike; answers are never where an engineer reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from medalist.core.errors import InputError, MetricNotOffered
from medalist.families.compete.family import family
from medalist.families.compete.files import find_files, is_answers, stem
from medalist.families.compete.folder import open_folder

TRAIN, TEST, SAMPLE = "id,x,y\n1,2,0\n2,3,1\n", "id,x\n3,1\n", "id,y\n3,0\n"


@pytest.fixture
def prepared(make_folder) -> Path:
    beside = {
        "meta.json": '{"id": "tiny", "metric": "roc_auc"}',
        "leaderboard.csv": "score\n1\n",
        "hints.md": "Go slow.",
    }
    return make_folder(SAMPLE, beside, train=TRAIN, test=TEST, sample_submission=SAMPLE)


def test_an_mle_bench_folder(prepared):
    folder = open_folder(prepared)
    assert (folder.id, folder.metric, folder.metric_source) == ("tiny", "roc_auc", "meta.json")
    assert folder.public == prepared / "prepared" / "public"
    assert folder.answers is not None
    assert folder.leaderboard == prepared / "leaderboard.csv"
    assert folder.hints == prepared / "hints.md"


def test_its_public_part_finds_the_same_things_beside(prepared):
    whole, public = open_folder(prepared), open_folder(prepared / "prepared" / "public")
    assert (public.id, public.metric, public.public, public.leaderboard) == (
        whole.id,
        whole.metric,
        whole.public,
        whole.leaderboard,
    )
    assert public.answers is not None


def test_the_inside_of_a_container_has_no_answers(prepared, tmp_path_factory):
    data = tmp_path_factory.mktemp("home") / "data"
    shutil.copytree(prepared / "prepared" / "public", data)
    folder = open_folder(data)
    assert (folder.answers, folder.public, folder.metric) == (None, data, "")


def test_a_folder_with_public_and_private(prepared):
    shutil.move(prepared / "prepared" / "public", prepared / "public")
    shutil.move(prepared / "prepared" / "private", prepared / "private")
    shutil.rmtree(prepared / "prepared")
    assert open_folder(prepared).answers is not None


@pytest.mark.parametrize(
    "name", ["answers.csv", "solution.csv", "test_labels.csv", "ground_truth.csv", "private"]
)
def test_answers_among_public_files_are_refused(prepared, name):
    public = prepared / "prepared" / "public"
    if name == "private":
        (public / name).mkdir()
    else:
        (public / name).write_text(SAMPLE)
    with pytest.raises(InputError, match="hidden answers") as caught:
        open_folder(public)
    assert "Move" in caught.value.next_step


@pytest.mark.parametrize(
    "name", ["sample_answers.csv", "sample_solution.csv", "solution.md", "train_labels.csv", "test.csv"]
)
def test_what_only_sounds_like_answers_is_let_be(tmp_path, name):
    (tmp_path / name).write_text(SAMPLE)
    assert not is_answers(tmp_path / name)


@pytest.mark.parametrize(
    ("train", "test", "sample"),
    [
        ("training.csv", "testing.csv", "sampleSubmission.csv"),
        ("train.tsv", "test.tsv", "sample_submission.csv"),
        ("Train.csv", "Test.csv", "SampleSubmission.csv"),
        ("train_data.csv", "test_data.csv", "submission_format.csv"),
        ("train_labels.csv", "test_features.csv", "sample-submission.csv"),
        ("tabular_train.csv", "tabular_test.csv", "gender_submission.csv"),
        ("train.csv", "test.csv", "sample_submission_null.csv"),
        ("train.csv.gz", "test.csv.gz", "example_submission.csv"),
    ],
)
def test_files_go_by_many_names(tmp_path, train, test, sample):
    for name in (train, test, sample, "extra.csv"):
        (tmp_path / name).write_text(TRAIN)
    files = find_files(tmp_path)
    found = [path and path.name for path in (files.train, files.test, files.sample)]
    expected_test = None if test == "test_features.csv" else test
    assert found == [train, expected_test or found[1], sample]


def test_named_files_come_first(prepared):
    public = prepared / "prepared" / "public"
    (public / "other.csv").write_text(TRAIN)
    files = find_files(public, train="other.csv")
    assert files.train == public / "other.csv"
    with pytest.raises(InputError, match=r"no file nothing\.csv"):
        find_files(public, train="nothing.csv")


@pytest.mark.parametrize(
    ("config", "metric"),
    [
        ("id: tiny\nmetric: rmse\n", "rmse"),
        ("id: tiny\ngrader:\n  name: log-loss\n  grade_fn: m:f\n", "log_loss"),
        ('metric: "MAE" # lower\n', "mae"),
    ],
)
def test_the_metric_of_a_config_comes_before_meta(prepared, config, metric):
    (prepared / "config.yaml").write_text(config)
    assert family.open(prepared, {}).task.metric == metric


def test_a_persons_metric_comes_before_all(prepared):
    assert family.open(prepared, {"metric": "Log Loss"}).task.metric == "log_loss"


def test_a_metric_that_is_not_offered_says_so(prepared):
    with pytest.raises(MetricNotOffered, match="segmentation"):
        family.open(prepared, {"metric": "dice"})


def test_the_task_holds_no_path_to_the_answers(prepared):
    assert "private" not in repr(family.open(prepared, {}))


def test_stems():
    assert [stem(Path(name)) for name in ("train.csv.zip", "Train.CSV", "test.tsv.gz", "train.zip")] == [
        "train",
        "train",
        "test",
        "train",
    ]
