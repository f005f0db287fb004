"""What no gradient passes and nothing random enters is computed once an epoch; anything else stays in the loop."""

from __future__ import annotations

import pytest
from training_programs import FROZEN, OWN_DATASET, answers, assert_same, edits_of

from medalist.families.speedup.optimiser.facts import Facts, FunctionFacts, Kind
from medalist.families.speedup.optimiser.training.frozen import FrozenParts

BEND = "        rows = [[math.tanh(value.item()) + 0.1 * value.item() for value in row] for row in values]\n"
RETURNED = "        return torch.tensor(rows, dtype=torch.float32)\n"


def seen(*, detached: bool) -> Facts:
    """What a run shows of the bending function."""
    returned = Kind("tensor", dtype="float32", ndim=2, detached=detached)
    return Facts(
        seconds=4.0, functions={"Network.bend": FunctionFacts("Network.bend", 8, 3.0, 3.0, returns=returned)}
    )


def test_a_frozen_part_leaves_the_loop() -> None:
    for edit in edits_of(FrozenParts(), FROZEN):
        assert_same(FROZEN, edit.text, seed=3)
        assert ".split([network.frozen(all_rows), all_answers])" in edit.text


def test_the_time_it_may_save_is_what_its_functions_took() -> None:
    edit, *_ = edits_of(FrozenParts(), FROZEN, seen(detached=True))
    assert edit.seconds == 3.0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (BEND + RETURNED, "        return torch.tanh(values.detach()) + 0.1\n"),
        (BEND + RETURNED, "        with torch.no_grad():\n            return values.exp()\n"),
        ("self.bend(self.first(values))", "torch.relu(self.first(values).detach())"),
        (
            "        bent = self.bend(self.first(values))\n",
            "        with torch.no_grad():\n            bent = torch.tanh(self.first(values))\n",
        ),
    ],
)
def test_every_way_to_cut_a_gradient_is_seen(old: str, new: str) -> None:
    text = FROZEN.replace(old, new)
    assert text != FROZEN
    edit, *_ = edits_of(FrozenParts(), text)
    assert_same(text, edit.text, seed=4)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (BEND + RETURNED, "        return torch.tanh(values)\n"),
        ("self.bend(self.first(values))", "self.bend(self.drop(self.first(values)))"),
        (BEND, BEND.replace("value.item()) +", "value.item()) + torch.rand(()).item() *")),
        ("self.drop(bent)", "self.drop(bent) + values.sum()"),
    ],
)
def test_what_learns_or_is_random_or_is_used_again_stays(old: str, new: str) -> None:
    text = FROZEN.replace(old, new)
    answers(text, seed=1)
    assert not edits_of(FrozenParts(), text)


def test_a_run_knows_better_than_the_text() -> None:
    assert not edits_of(FrozenParts(), FROZEN, seen(detached=False))
    assert not edits_of(FrozenParts(), OWN_DATASET)
