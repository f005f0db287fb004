"""What the probe sees of a program: the time in functions and outermost loops, and the kinds of what is in them."""

import pytest
from program_probe import facts_of, trial_of

from medalist.families.speedup.optimiser.facts import Kind
from medalist.families.speedup.optimiser.facts_json import facts_as_json, facts_from_json
from medalist.families.speedup.optimiser.kinds import common, kind_of

MAKER = """
import numpy as np

def make_inputs(seed, size=30):
    random = np.random.default_rng(seed)
    return {"points": random.standard_normal((size, 3)), "steps": 4}
"""

PROGRAM = '''
import numpy as np


class Model:
    """Keeps a scale."""

    def __init__(self, scale):
        self.scale = scale
        self.table = np.ones((2, 2), dtype=np.float32)

    def norms(self, points):
        rows = []
        for point in points:
            total = 0.0
            for value in point:
                total += value * value
            rows.append([total, total * self.scale])
        return np.array(rows)


def counted(limit):
    for number in range(limit):
        yield number


def run(points, steps):
    """The sum of all norms."""
    model = Model(2.0)
    best = None
    while True:
        found = model.norms(points)
        steps -= 1
        if steps == 0:
            return {"found": found, "count": sum(counted(5))}
'''


def test_loops_are_known_by_their_line_with_what_was_bound_before_and_after() -> None:
    facts = facts_of(PROGRAM, MAKER)
    lines = PROGRAM.splitlines()
    inner = facts.loop_at(lines.index("        for point in points:") + 1)
    assert inner is not None
    assert (inner.function, inner.entered) == ("Model.norms", 4)
    assert inner.variables["points"] == Kind("array", "float64", 2, (30, 3), contiguous=True)
    assert inner.variables["rows"].items == ()
    (row,) = inner.bound_after["rows"].items
    assert (row.group, row.shape) == ("list", (2,))
    assert row.items == (Kind("float", "float64"),)
    outer = facts.loop_at(lines.index("    while True:") + 1)
    assert outer is not None
    assert outer.variables["model"] == Kind("object", type_name="Model")
    assert 0 < inner.seconds <= outer.seconds <= facts.seconds
    assert len(facts.loops) == 2, "inner loops and those of generators are not among them"


def test_functions_are_known_by_qualified_names_with_arguments_attributes_and_returns() -> None:
    facts = facts_of(PROGRAM, MAKER)
    norms = facts.functions["Model.norms"]
    assert norms.calls == 4
    assert norms.attributes["scale"] == Kind("float")
    assert norms.attributes["table"].dtype == "float32"
    assert norms.returns == Kind("array", "float64", 2, (30, 2), contiguous=True)
    assert facts.functions["run"].arguments["steps"] == Kind("int")
    assert facts.functions["run"].own_seconds < facts.functions["run"].seconds
    assert facts_from_json(facts_as_json(facts)) == facts


def test_modules_parts_and_gradients_are_seen() -> None:
    program = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, x):
        return self.layer(x - self.mean)

def run(points, steps):
    net = Net()
    batch = torch.tensor(points, dtype=torch.float32)
    for start in (0, 16):
        out = net(batch[start : start + 16])
    return {"out": out.detach().numpy() * 0}
"""
    facts = facts_of(program, MAKER)
    forward = facts.functions["Net.forward"]
    assert forward.arguments["x"] == Kind("tensor", "float32", 2, (None, 3), contiguous=True)
    assert forward.returns is not None
    assert not forward.returns.detached
    assert forward.attributes["layer"].type_name == "torch.Linear"
    assert forward.attributes["mean"].group == "tensor"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5], Kind("float")),
        ([True, 1], Kind("object")),
        ([None, "a"], Kind("object")),
        ([[1.0], [1.0, 2.0]], Kind("list", ndim=1, shape=(None,), items=(Kind("float"),))),
        ([[], [1.0]], Kind("list", ndim=1, shape=(None,), items=(Kind("float"),))),
        ([(1, "a"), (2, "b")], Kind("tuple", ndim=1, shape=(2,), items=(Kind("int"), Kind("str")))),
    ],
)
def test_several_values_have_in_common_what_they_all_are(values: list, kind: Kind) -> None:
    assert common(map(kind_of, values)) == kind


def test_a_trial_tells_equal_from_unequal_from_broken() -> None:
    equal = trial_of(PROGRAM, PROGRAM.replace("value * value", "value**2"), MAKER, rounds=2)
    assert not equal.failure
    assert max(equal.excess.values()) <= 1
    assert equal.turns
    unequal = trial_of(PROGRAM, PROGRAM.replace("value * value", "value * value * 1.001"), MAKER)
    assert unequal.excess["found"] > 1
    assert "found is off by" in unequal.worst
    broken = trial_of(PROGRAM, PROGRAM.replace("value * value", "vale * value"), MAKER)
    assert broken.failure == "NameError: name 'vale' is not defined"
    ended = trial_of(PROGRAM, PROGRAM.replace("    best = None", "    import os; os._exit(3)"), MAKER)
    assert "ended with 3" in ended.failure
