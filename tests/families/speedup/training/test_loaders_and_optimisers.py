"""A loader that gathers an epoch at once gives torch's own batches and leaves its generator where it was; fused steps."""

from __future__ import annotations

import ast
import re

import pytest
from training_programs import LISTS_ROW_BY_ROW, OWN_DATASET, TENSORS_REGRESSION, assert_same, edits_of

from medalist.families.speedup.optimiser.training.loaders import InMemoryLoaders
from medalist.families.speedup.optimiser.training.optimisers import FusedOptimisers


def loads_with_torch(text: str) -> bool:
    return "DataLoader(" in text


@pytest.mark.parametrize("text", [OWN_DATASET, TENSORS_REGRESSION, LISTS_ROW_BY_ROW])
def test_every_batch_and_every_later_draw_is_the_same(text: str) -> None:
    edits = edits_of(InMemoryLoaders(), text)
    assert edits
    for edit in edits:
        assert not loads_with_torch(edit.text)
        assert_same(text, edit.text, tolerance=0.0, seed=3)


def test_rows_in_lists_and_arrays_are_collated_as_torch_does() -> None:
    text = OWN_DATASET.replace(
        "Rows(noisy, labels)", "Rows(noisy.double().numpy(), labels.tolist())"
    ).replace("model(batch)", "model(batch.float())")
    at_once, one_by_one = edits_of(InMemoryLoaders(), text)
    with pytest.raises(TypeError):
        assert_same(text, at_once.text, seed=3)
    assert_same(text, one_by_one.text, tolerance=0.0, seed=3)
    arrays = text.replace("labels.tolist()", "labels.numpy()")
    assert_same(arrays, edits_of(InMemoryLoaders(), arrays)[0].text, tolerance=0.0, seed=3)


@pytest.mark.parametrize(
    "options", ["batch_size=4", "batch_size=4, shuffle=False, drop_last=True", "23", "100, True"]
)
def test_sizes_and_orders(options: str) -> None:
    text = OWN_DATASET.replace("batch_size=BATCH, shuffle=True", options)
    assert_same(text, edits_of(InMemoryLoaders(), text)[0].text, tolerance=0.0, seed=4)


@pytest.mark.parametrize(
    "option",
    [
        "sampler=range(9)",
        "collate_fn=list",
        "generator=torch.Generator()",
        "batch_size=None",
        "**{}",
        "worker_init_fn=int",
    ],
)
def test_a_loader_with_a_will_of_its_own_is_left_alone(option: str) -> None:
    text = OWN_DATASET.replace("batch_size=BATCH, shuffle=True", option)
    assert not edits_of(InMemoryLoaders(), text)


def test_rows_that_are_drawn_anew_are_left_alone() -> None:
    text = OWN_DATASET.replace("self.features[index],", "self.features[index] + torch.randn(4),")
    assert not edits_of(InMemoryLoaders(), text)


def test_a_name_that_is_taken_is_not_taken_again() -> None:
    text = OWN_DATASET.replace("class Rows", "RowBatches = 5\n\n\nclass Rows")
    edit = edits_of(InMemoryLoaders(), text)[0]
    assert_same(text, edit.text, tolerance=0.0, seed=3)
    assert "class RowBatches2:" in edit.text


@pytest.mark.parametrize("optimiser", ["Adam", "AdamW", "SGD", "RMSprop", "NAdam"])
def test_optimisers_run_with_torchs_faster_implementation(optimiser: str) -> None:
    text = OWN_DATASET.replace("optim.Adam", f"optim.{optimiser}")
    (edit,) = edits_of(FusedOptimisers(), text)
    assert re.search(r"lr=1e-2, (fused|foreach)=True\)", edit.text)
    assert_same(text, edit.text, seed=3)


def test_an_optimiser_that_says_how_it_runs_is_left_alone() -> None:
    assert not edits_of(FusedOptimisers(), OWN_DATASET.replace("lr=1e-2", "lr=1e-2, foreach=False"))
    assert not edits_of(FusedOptimisers(), OWN_DATASET.replace("torch.optim.Adam", "torch.optim.LBFGS"))


def test_a_call_over_several_lines_stays_readable() -> None:
    call = "torch.optim.Adam(\n        model.parameters(),\n        lr=1e-2,\n    )"
    text = OWN_DATASET.replace("torch.optim.Adam(model.parameters(), lr=1e-2)", call)
    (edit,) = edits_of(FusedOptimisers(), text)
    assert "        lr=1e-2,\n        fused=True,\n    )" in edit.text
    ast.parse(edit.text)


@pytest.mark.parametrize("text", ["", "def run(:", "import torch\n", "x = DataLoader(y)"])
def test_other_texts_get_no_edits(text: str) -> None:
    assert not edits_of(InMemoryLoaders(), text)
    assert not edits_of(FusedOptimisers(), text)
