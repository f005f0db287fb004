"""Builds the values again that an ``Encoder`` of ``values`` has written. Runs nothing but constructors that are named.

Stands alone beside ``values`` (standard library and NumPy; pandas and torch where a value is of theirs).
"""

import collections
import importlib
import itertools
import random

import numpy as np

from medalist.families.speedup.recording.values import CONTAINERS, FACTORIES


def decode(layout, arrays, namespace):
    """The value that an encoder wrote (not ``loose``)."""
    kind = next(iter(layout))
    return _BUILDERS[kind](layout, lambda inner: decode(inner, arrays, namespace), arrays, namespace)


def _scalar(layout, build, arrays, namespace):
    return build(layout["scalar"])[0]


def _array(layout, build, arrays, namespace):
    array = arrays[layout["array"]]
    if "shape" in layout:
        return array.reshape(())
    return np.asfortranarray(array) if layout.get("order") == "F" else array


def _objects(layout, build, arrays, namespace):
    items = build(layout["objects"])
    array = np.empty(len(items), dtype=layout["dtype"])
    array[:] = items
    return array.reshape(layout["shape"])


def _times(layout, build, arrays, namespace):
    return arrays[layout["times"]].view(layout["dtype"])


def _complex(layout, build, arrays, namespace):
    parts = arrays[layout["complex"]]
    return (parts[..., 0] + 1j * parts[..., 1]).astype(layout["dtype"])


def _tensor(layout, build, arrays, namespace):
    import torch

    return torch.tensor(build(layout["tensor"])).requires_grad_(layout["grad"])


def _numbers(layout, build, arrays, namespace):
    return arrays[layout["numbers"]].tolist()


def _texts(layout, build, arrays, namespace):
    data, end = arrays[layout["texts"]].tobytes(), np.cumsum(arrays[layout["lengths"]]).tolist()
    begin = [0, *end[:-1]]
    return [data[a:b].decode("utf-8", "surrogatepass") for a, b in zip(begin, end, strict=False)]


def _nested(layout, build, arrays, namespace):
    flat, lengths = iter(build(layout["nested"])), arrays[layout["lengths"]].tolist()
    kind = tuple if layout["inner"] == "tuple" else list
    return [kind(itertools.islice(flat, length)) for length in lengths]


def _records(layout, build, arrays, namespace):
    keys, columns = build(layout["records"]), [build(column) for column in layout["columns"]]
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def _dict(layout, build, arrays, namespace):
    items = dict(zip(build(layout["dict"]), build(layout["values"]), strict=True))
    if layout["of"] == "defaultdict":
        return collections.defaultdict(FACTORIES.get(layout["factory"] or ""), items)
    return CONTAINERS[layout["of"]](items)


def _index(layout, build, arrays, namespace):
    import pandas

    inner = layout["index"]
    if "range" in inner:
        return pandas.RangeIndex(*inner["range"], name=build(inner["name"]))
    return pandas.Index(_column(inner["column"], build, arrays), name=build(inner["name"]))


def _column(layout, build, arrays):
    import pandas

    if "codes" in layout:
        categories = _column(layout["categories"], build, arrays)
        return pandas.Categorical.from_codes(arrays[layout["codes"]], categories, ordered=layout["ordered"])
    if "extension" in layout:
        return pandas.array(build(layout["extension"]), dtype=layout["dtype"])
    return build(layout)


def _series(layout, build, arrays, namespace):
    import pandas

    return pandas.Series(
        _column(layout["series"], build, arrays),
        index=_index(layout, build, arrays, namespace),
        name=build(layout["name"]),
    )


def _frame(layout, build, arrays, namespace):
    import pandas

    columns = {n: _column(column, build, arrays) for n, column in enumerate(layout["frame"])}
    frame = pandas.DataFrame(columns, index=_index(layout, build, arrays, namespace))
    frame.columns = build(layout["labels"])
    return frame


def _object(layout, build, arrays, namespace):
    made = object.__new__(namespace[layout["object"]])
    vars(made).update(build(layout["state"]))
    return made


def _function(layout, build, arrays, namespace):
    label, module = layout["function"], layout["module"]
    return getattr(importlib.import_module(module), label) if module else namespace[label]


def _generator(layout, build, arrays, namespace):
    seed, kind = layout["generator"], layout["of"]
    if kind == "random.Random":
        return random.Random(seed)
    if kind.startswith("torch"):
        import torch

        return torch.Generator().manual_seed(seed)
    return np.random.RandomState(seed) if kind.endswith("RandomState") else np.random.default_rng(seed)


_BUILDERS = {
    "value": lambda layout, build, arrays, namespace: layout["value"],
    "list": lambda layout, build, arrays, namespace: [build(each) for each in layout["list"]],
    "tuple": lambda layout, build, arrays, namespace: tuple(build(layout["tuple"])),
    "set": lambda layout, build, arrays, namespace: set(build(layout["set"])),
    "frozenset": lambda layout, build, arrays, namespace: frozenset(build(layout["frozenset"])),
    "deque": lambda layout, build, arrays, namespace: collections.deque(build(layout["deque"]), layout["maxlen"]),
    "named": lambda layout, build, arrays, namespace: namespace[layout["named"]](*build(layout["items"])),
    "member": lambda layout, build, arrays, namespace: namespace[layout["of"]][layout["member"]],
    "scalar": _scalar,
    "array": _array,
    "objects": _objects,
    "times": _times,
    "complex": _complex,
    "tensor": _tensor,
    "numbers": _numbers,
    "texts": _texts,
    "nested": _nested,
    "records": _records,
    "dict": _dict,
    "index": _index,
    "series": _series,
    "frame": _frame,
    "object": _object,
    "function": _function,
    "generator": _generator,
}  # fmt: skip
