"""Arguments of every plain kind come back from arrays as they were; what is no data is refused with its place."""

import collections
import enum
import random
import types
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from medalist.families.speedup.recording.building import decode
from medalist.families.speedup.recording.values import Encoder, Unrecordable, pack_layout, unpack_layout
from medalist.families.speedup.worker import as_arguments, pack, unpack


class Colour(enum.Enum):
    RED = 1


class Point(NamedTuple):
    x: float
    y: float


@dataclass
class Settings:
    rate: float
    names: list


def a_function(x):
    return x


NAMESPACE = {"Colour": Colour, "Point": Point, "Settings": Settings, "a_function": a_function}
PLAIN = [
    None,
    True,
    7,
    10**40,
    -0.25,
    float("inf"),
    "naïve \udce9 text",
    [],
    (),
    {},
    [1, 2, 3, 4, 5, 6],
    [1.5, 2.5, float("nan"), 4.0, 5.0],
    [True, False, True, False, True],
    [2**70, 1, 2, 3, 4, 5],
    [1, 2.0, "three", None],
    ["a", "", "bc\nd"],
    [[1, 2], [], [3]],
    [(1.0, "a"), (2.0, "b")],
    [[["deep"], ["er"]], [["still"]]],
    [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    [{"a": 1}, {"b": 2}],
    {"a": [1, 2, 3], ("b", 2): {"c": None}},
    {1, 2, 3},
    frozenset({"x"}),
    collections.deque([1, 2], maxlen=5),
    collections.Counter("abca"),
    collections.OrderedDict(b=1, a=2),
    collections.defaultdict(list, {"k": [1]}),
    Colour.RED,
    Point(1.0, 2.0),
    a_function,
    max,
]
ARRAYS = [
    np.arange(6, dtype=np.int32).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.array(3.5),
    np.zeros((0, 4)),
    np.array([1 + 2j, 3 - 1j]),
    np.array(["2024-01-05", "NaT"], dtype="datetime64[D]"),
    np.array(["a", "bcd"]),
    np.array([["a", None], [1, 2.5]], dtype=object),
    np.array([True, False]),
]
TABLES = [
    pd.DataFrame({"x": [1.0, np.nan], "name": ["a", None], "n": [1, 2]}),
    pd.DataFrame({"c": pd.Categorical(["u", "v", "u"], ordered=True)}, index=["p", "q", "r"]),
    pd.DataFrame(
        {"day": pd.to_datetime(["2024-01-01", "2024-02-01"]), "n": pd.array([1, None], dtype="Int64")}
    ),
    pd.DataFrame(np.eye(3), columns=[0, 1, 2]),
    pd.Series([1, 2, 3], name="s", index=pd.RangeIndex(5, 8)),
    pd.Index(["a", "b"], name="key"),
]


def there_and_back(value):
    encoder = Encoder(NAMESPACE)
    layout = encoder.encode(value, "value")
    travelled = as_arguments(unpack(pack(encoder.arrays)))
    return decode(unpack_layout(pack_layout(layout)), travelled, NAMESPACE)


def same(one, other):
    return type(one) is type(other) and repr(one) == repr(other)


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: getattr(value, "__qualname__", repr(value)))
def test_plain_values_come_back(value):
    assert same(there_and_back(value), value)


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_arrays_come_back_with_their_type_and_order(array):
    back = there_and_back(array)
    assert back.dtype == array.dtype
    assert back.flags.f_contiguous == array.flags.f_contiguous
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: type(table).__name__)
def test_tables_come_back(table):
    back = there_and_back(table)
    check = getattr(pd.testing, f"assert_{type(table).__name__.lower().replace('data', '')}_equal")
    check(back, table)


def test_objects_of_the_script_and_numbers_of_numpy_come_back():
    settings = there_and_back(Settings(0.5, ["a"]))
    assert settings == Settings(0.5, ["a"])
    assert same(there_and_back(np.float32(2.5)), np.float32(2.5))


def test_generators_come_back_with_a_seed_of_the_judges():
    one, other = there_and_back(np.random.default_rng(5)), there_and_back(np.random.default_rng(6))
    assert one.random() == other.random()
    assert isinstance(there_and_back(random.Random(1)), random.Random)


def test_tensors_come_back():
    torch = pytest.importorskip("torch")
    weight = torch.nn.Parameter(torch.arange(4.0).reshape(2, 2))
    back = there_and_back([weight, weight.detach()])
    assert back[0].requires_grad
    assert not back[1].requires_grad
    assert torch.equal(back[0], weight)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"model": types.SimpleNamespace()}, "value.values.0 is a types.SimpleNamespace"),
        ([1, random.random], "value.1 is a function"),
        (lambda: 0, "a function that has no name"),
        (pd.DataFrame({"t": pd.to_datetime(["2024-01-01"]).tz_localize("UTC")}), "time zone"),
    ],
)
def test_what_is_no_data_is_refused_with_its_place(value, what):
    with pytest.raises(Unrecordable) as error:
        there_and_back(value)
    assert what in str(error.value)


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(Unrecordable):
        there_and_back(endless)


def loosely(value):
    encoder = Encoder(NAMESPACE, loose=True)
    layout = encoder.encode(value, "result")
    return layout, encoder.arrays


def test_an_answer_is_the_same_whether_it_is_a_list_or_an_array():
    listed, array = loosely([[1.0, 2.0], [3.0, 4.0]]), loosely(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert listed[0] == array[0]
    np.testing.assert_array_equal(listed[1]["result"], array[1]["result"])


def test_an_answer_has_finite_numbers_and_says_which_were_not():
    _, arrays = loosely(np.array([1.0, np.nan, -np.inf]))
    assert arrays["result"].tolist() == [1.0, 0.0, 0.0]
    assert arrays["result.special"].tolist() == [0, 1, 3]


def test_an_answer_that_is_an_object_is_what_it_holds():
    _, arrays = loosely({"fit": types.SimpleNamespace(centres=np.eye(2), loss=0.5)})
    assert set(arrays) == {"result.fit.centres", "result.fit.loss"}
