"""Training steps written out by hand learn what autograd learns; programs of another kind are left alone."""

from __future__ import annotations

import re

import pytest
from training_programs import (
    BY_HAND,
    FROZEN,
    OWN_DATASET,
    SCRIPT,
    TENSORS_REGRESSION,
    TRAINER,
    answers,
    assert_same,
    edits_of,
)

from medalist.families.speedup.optimiser.facts import Facts, FunctionFacts
from medalist.families.speedup.optimiser.training.written_out import WrittenOutSteps

NETWORK = "nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))"
ADAM = "torch.optim.Adam(model.parameters(), lr=1e-2)"
LEARNING = (OWN_DATASET, TENSORS_REGRESSION, FROZEN, TRAINER, SCRIPT)


def written_out(text: str, *, compiled: bool = False) -> str:
    """The program with its steps written out, which must have taken autograd from it."""
    edited = next(iter(edits_of(WrittenOutSteps(compiled=compiled), text))).text
    assert "backward()" not in edited
    return edited


@pytest.mark.parametrize("text", LEARNING)
@pytest.mark.parametrize("compiled", [False, True])
def test_losses_weights_and_draws_are_those_of_autograd(text: str, compiled: bool) -> None:
    if compiled:
        pytest.importorskip("numba", reason="these steps are compiled by numba")
    assert_same(text, written_out(text, compiled=compiled), seed=5)


@pytest.mark.parametrize(
    "layers",
    [
        "nn.Linear(4, 3)",
        "nn.Linear(4, 6, bias=False), nn.Tanh(), nn.Linear(6, 3)",
        "nn.Dropout(0.1), nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 5), nn.ELU(), nn.Dropout(), nn.Linear(5, 3)",
        "nn.Linear(4, 6), nn.LeakyReLU(0.2), nn.Linear(6, 5), nn.Softplus(), nn.Linear(5, 5), nn.SiLU(), nn.Linear(5, 3)",
    ],
)
def test_every_layer_of_a_chain_is_known(layers: str) -> None:
    text = OWN_DATASET.replace(NETWORK, f"nn.Sequential({layers})")
    assert_same(text, written_out(text), seed=6)


@pytest.mark.parametrize(
    "optimiser",
    [
        "Adam(model.parameters(), 1e-2, weight_decay=0.1, betas=(0.8, 0.99))",
        "AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)",
        "SGD(model.parameters(), lr=0.1)",
        "SGD(model.parameters(), lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.01)",
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_every_known_optimiser_updates_as_torch_does(optimiser: str, compiled: bool) -> None:
    if compiled:
        pytest.importorskip("numba", reason="these steps are compiled by numba")
    text = OWN_DATASET.replace(ADAM, f"torch.optim.{optimiser}")
    assert_same(text, written_out(text, compiled=compiled), seed=7)


def test_the_time_it_may_save_is_that_of_the_function_around_it() -> None:
    facts = Facts(seconds=4.0, functions={"learn": FunctionFacts("learn", 9, 3.0, 1.0)})
    first, second = edits_of(WrittenOutSteps(compiled=False), BY_HAND, facts)
    assert (first.seconds, second.seconds) == (3.0, 0.0)
    script, *_ = edits_of(WrittenOutSteps(compiled=False), SCRIPT, facts)
    assert script.seconds == 4.0


@pytest.mark.parametrize(
    ("criterion", "last", "wanted"),
    [
        ("nn.L1Loss()", "nn.Linear(8, 1)", "answers.float().unsqueeze(1)"),
        ("nn.BCEWithLogitsLoss()", "nn.Linear(8, 1)", "(answers > 0).float().view(-1, 1)"),
        ("nn.BCELoss()", "nn.Linear(8, 1), nn.Sigmoid()", "(answers > 0).float().view(-1, 1)"),
        ("nn.NLLLoss()", "nn.Linear(8, 3), nn.LogSoftmax(dim=1)", "answers"),
    ],
)
def test_every_known_loss_is_torchs_own(criterion: str, last: str, wanted: str) -> None:
    text = OWN_DATASET.replace("nn.CrossEntropyLoss()", criterion).replace("nn.Linear(8, 3)", last)
    text = text.replace("model(batch), answers", f"model(batch), {wanted}")
    assert_same(text, written_out(text), seed=15)


def test_a_schedule_of_the_rate_goes_on_working() -> None:
    text = OWN_DATASET.replace(
        "    criterion", "    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)\n    criterion"
    ).replace("    result =", "        schedule.step()\n    result =")
    assert_same(text, written_out(text), seed=8)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("            loss.backward()\n", "            loss = loss * 2\n            loss.backward()\n"),
        ("            optimizer.zero_grad()\n", ""),
        ("nn.ReLU()", "nn.BatchNorm1d(8)"),
        ("torch.optim.Adam", "torch.optim.RMSprop"),
        ("lr=1e-2", "lr=1e-2, amsgrad=True"),
        ("nn.CrossEntropyLoss()", "nn.CrossEntropyLoss(label_smoothing=0.1)"),
        ("losses.append(loss.item())", "losses.append(loss.detach())"),
        ("model.parameters()", "[{'params': model.parameters()}]"),
    ],
)
def test_a_step_of_another_kind_is_left_alone(old: str, new: str) -> None:
    assert old in OWN_DATASET
    text = OWN_DATASET.replace(old, new)
    answers(text, seed=1)
    assert not edits_of(WrittenOutSteps(compiled=False), text)


@pytest.mark.parametrize("limit", ["0.05", "max_norm=BATCH"])
def test_a_gradient_is_clipped_as_torch_does(limit: str) -> None:
    clip = f"            nn.utils.clip_grad_norm_(model.parameters(), {limit})\n            optimizer.step()"
    text = OWN_DATASET.replace("            optimizer.step()", clip)
    assert_same(text, written_out(text), seed=13)


def test_what_the_network_answers_may_be_counted() -> None:
    text = BY_HAND.replace("float(error)", "float(error) + (said.argmax(1) == right).sum().item()")
    for edit in edits_of(WrittenOutSteps(compiled=False), text):
        assert_same(text, edit.text, seed=14)


FORMULAS = (
    "torch.where(inner > 0, inner, 0.1 * inner)",
    "inner * torch.sigmoid(inner)",
    "torch.clamp(inner, min=-SLOPE, max=0.5) + inner / (1 + inner.abs())",
    "0.5 * inner * (1.0 + torch.tanh(SLOPE * (inner + 0.04 * inner**3)))",
    "torch.max(inner, torch.zeros_like(inner)) - torch.log1p(torch.exp(-inner)) / 3",
    "torch.where(inner <= 0.0, 0.5 * (torch.exp(inner) - 1.0), torch.where(inner <= 1.0, inner, 0.5 * inner + 0.5))",
)


def bent(formula: str) -> str:
    """The program by hand with another activation."""
    text = BY_HAND.replace("F.dropout(F.relu(self.before(given)), 0.25, training=self.training)", formula)
    text = text.replace("        inner =", "        inner = self.before(given)\n        inner =")
    return text.replace("class Judge", "SLOPE = 0.3\n\n\nclass Judge")


@pytest.mark.parametrize("formula", FORMULAS)
def test_an_activation_may_be_any_formula(formula: str) -> None:
    text = bent(formula)
    for edit in edits_of(WrittenOutSteps(compiled=False), text):
        assert_same(text, edit.text, seed=11)
    assert edits_of(WrittenOutSteps(compiled=False), text)


def test_formulas_are_compiled_too() -> None:
    pytest.importorskip("numba", reason="these steps are compiled by numba")
    text = bent(f"({' + '.join(FORMULAS)}) / {len(FORMULAS)}")
    edit, *_ = edits_of(WrittenOutSteps(compiled=True), text)
    assert_same(text, edit.text, seed=12)


@pytest.mark.parametrize("compiled", [False, True])
def test_steps_on_batches_cut_by_hand_are_written_out_where_they_stand(compiled: bool) -> None:
    if compiled:
        pytest.importorskip("numba", reason="these steps are compiled by numba")
    edits = edits_of(WrittenOutSteps(compiled=compiled), BY_HAND)
    assert len(edits) == 2
    for edit in edits:
        assert edit.text.count("backward()") == 1
        assert "    # All rows at once." in edit.text
        assert_same(BY_HAND, edit.text, seed=9)


@pytest.mark.parametrize(
    ("old", "new"), [("learn", "f"), ("judge", "self_made"), ("order", "batch"), ("error", "loss")]
)
def test_names_do_not_matter(old: str, new: str) -> None:
    renamed = re.sub(rf"\b{old}\b", new, BY_HAND)
    assert len(edits_of(WrittenOutSteps(compiled=False), renamed)) == 2


@pytest.mark.parametrize("text", ["", "def run(:", "for a, b in c:\n    d.backward()\n"])
def test_other_texts_get_no_edits(text: str) -> None:
    assert not edits_of(WrittenOutSteps(compiled=False), text)
