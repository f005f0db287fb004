"""Values of a program as arrays and back: how arguments of any plain kind travel in an exchange of arrays alone.

``Encoder`` writes a value as a *layout* (JSON: containers, names of arrays, small values) and a dict of arrays;
``building`` makes it again. Nothing is pickled: classes and functions are named, and found in the program itself.
With ``loose=True`` an encoder writes what a program answered, to be compared and never to be built again: lists of
numbers are arrays, objects are their attributes, and floats stand in arrays where a tolerance can be applied.

Stands alone (standard library and NumPy), for its text travels inside a recorded program. pandas and torch are used
where a value is of theirs, never imported for it.
"""

import collections
import enum
import itertools
import json
import random
import re
import sys

import numpy as np

DEEPEST = 24
LONGEST_LOOSE = 100_000
_PLAIN_ARRAYS = "biuf"
CONTAINERS = {"OrderedDict": collections.OrderedDict, "Counter": collections.Counter, "dict": dict}
FACTORIES = {"int": int, "float": float, "list": list, "dict": dict, "set": set, "str": str}
_LIBRARIES = ("builtins", "math", "operator", "numpy", "torch", "torch.nn.functional")


class Unrecordable(ValueError):
    """A value that cannot be written as plain data; says which, and where."""


def _of(value, module, *names):
    """Whether ``value`` is an instance of a class of a library, which is not imported to find out."""
    library = sys.modules.get(module)
    kinds = tuple(getattr(library, name) for name in names) if library else ()
    return bool(kinds) and isinstance(value, kinds)


class Encoder:
    """Writes values into ``arrays``. ``namespace`` holds the program's own classes and functions by name."""

    def __init__(self, namespace, loose=False):
        self.arrays = {}
        self._namespace = namespace
        self._loose = loose
        self._seen = {}

    def store(self, array, name):
        """Keep ``array``; the name it got, which says where in the value it stands."""
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip(".") or "value"
        if name in self.arrays:
            name = next(f"{name}_{n}" for n in itertools.count(2) if f"{name}_{n}" not in self.arrays)
        self.arrays[name] = np.array(array, order="C")  # a copy: the program goes on changing its own
        return name

    def encode(self, value, name, depth=0):
        """The layout of ``value``, called ``name``. Raises Unrecordable."""
        if depth > DEEPEST:
            raise Unrecordable(f"{name} is nested too deeply")
        if value is None or type(value) in (bool, int, str):
            return self._small(value, name)
        if isinstance(value, (float, np.generic, complex)):
            return self._number(value, name)
        if isinstance(value, np.ndarray):
            return self._array(value, name, depth)
        if _of(value, "torch", "Tensor"):
            return self._tensor(value, name)
        if isinstance(value, (list, tuple, set, frozenset, collections.deque)):
            return self._sequence(value, name, depth)
        if isinstance(value, dict):
            return self._dict(value, name, depth)
        if _of(value, "pandas", "DataFrame", "Series", "Index"):
            return self._table(value, name, depth)
        return self._other(value, name, depth)

    # ---- single values

    def _small(self, value, name):
        if self._loose and isinstance(value, int):
            return self._number(value, name)
        return {"value": value}

    def _number(self, value, name):
        if self._loose:
            return self._loose_numbers(np.asarray(value), name)
        if type(value) is float:
            return {"value": value}
        if not isinstance(value, np.generic):
            raise Unrecordable(f"{name} is a {type(value).__name__}")
        return {"scalar": self._array(np.asarray(value).reshape(1), name, 0)}

    # ---- arrays

    def _array(self, array, name, depth):
        kind = array.dtype.kind
        if self._loose and kind in "biufc":
            return self._loose_numbers(array, name)
        if kind in "OUST":
            inner = self.encode(array.ravel().tolist(), name, depth + 1)
            return {"objects": inner, "shape": array.shape, "dtype": "O" if kind == "T" else array.dtype.str}
        if kind in "mM":
            return {"times": self.store(array.view(np.int64), name), "dtype": array.dtype.str}
        if kind == "c":
            parts = np.stack([array.real, array.imag], axis=-1)
            return {"complex": self.store(parts, name), "dtype": array.dtype.str}
        if kind not in _PLAIN_ARRAYS:
            raise Unrecordable(f"{name} is an array of {array.dtype}")
        stored = self.store(array.reshape(array.shape or 1), name)
        if not array.ndim:
            return {"array": stored, "shape": []}
        by_columns = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
        return {"array": stored, "order": "F"} if by_columns else {"array": stored}

    def _loose_numbers(self, array, name):
        """Numbers of an answer; what is not finite is told apart, since a judge takes finite numbers alone."""
        if array.dtype == object or array.dtype.kind not in "biufc":
            return {"text": repr(array.tolist())}
        if array.dtype.kind == "c":
            array = np.stack([array.real, array.imag], axis=-1)
        array = array.reshape(array.shape or 1)
        if array.dtype.kind == "f":
            special = np.where(np.isfinite(array), 0, np.where(np.isnan(array), 1, np.where(array > 0, 2, 3)))
            if special.any():
                array = np.where(special == 0, array, array.dtype.type(0))
                self.store(special.astype(np.uint8), f"{name}.special")
        return {"numbers": self.store(array, name)}

    def _tensor(self, tensor, name):
        if self._loose:
            array = tensor.detach().cpu()
            return self._loose_numbers(
                (array.float() if "bfloat16" in str(array.dtype) else array).numpy(), name
            )
        if tensor.device.type != "cpu" or tensor.layout is not sys.modules["torch"].strided:
            raise Unrecordable(f"{name} is a tensor on {tensor.device.type}")
        if not tensor.is_leaf:
            raise Unrecordable(f"{name} is a tensor that a gradient flows through")
        if "bfloat16" in str(tensor.dtype):
            raise Unrecordable(f"{name} is a tensor of bfloat16")
        return {"tensor": self._array(tensor.detach().numpy(), name, 0), "grad": bool(tensor.requires_grad)}

    # ---- containers

    def _sequence(self, value, name, depth):
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._named_tuple(value, name, depth)
        items = list(value)
        if self._loose and isinstance(value, (set, frozenset)):
            items = sorted(items, key=repr)
        layout = self._list(items, name, depth)
        if isinstance(value, collections.deque) and not self._loose:
            return {"deque": layout, "maxlen": value.maxlen}
        if type(value) in (list, tuple, set, frozenset) and (self._loose or type(value) is list):
            return layout
        if type(value) not in (tuple, set, frozenset):
            raise Unrecordable(f"{name} is a {type(value).__name__}")
        return {type(value).__name__: layout}

    def _list(self, items, name, depth):
        kinds = set(map(type, items))
        if self._loose and (numbers := _as_numbers(items, kinds)) is not None:
            return self._loose_numbers(numbers, name)
        if kinds == {str}:
            return self._texts(items, name)
        if not self._loose and kinds in ({float}, {int}, {bool}) and len(items) > 4 and _fits(items, kinds):
            return {"numbers": self.store(np.array(items), name)}
        if len(items) > 1 and len(kinds) == 1 and kinds <= {list, tuple} and not self._loose:
            flat = list(itertools.chain.from_iterable(items))
            lengths = self.store(np.array(list(map(len, items)), dtype=np.int64), f"{name}.lengths")
            inner = self._list(flat, name, depth + 1)
            return {"nested": inner, "lengths": lengths, "inner": next(iter(kinds)).__name__}
        if len(items) > 1 and kinds == {dict} and items[0] and len({tuple(item) for item in items}) == 1:
            keys = list(items[0])
            columns = [self.encode([item[key] for item in items], f"{name}.{key}", depth + 1) for key in keys]
            return {"records": self.encode(keys, f"{name}.keys", depth + 1), "columns": columns}
        if len(items) > LONGEST_LOOSE:
            raise Unrecordable(f"{name} holds {len(items)} items of different kinds")
        return {"list": [self.encode(each, f"{name}.{n}", depth + 1) for n, each in enumerate(items)]}

    def _texts(self, items, name):
        data = [text.encode("utf-8", "surrogatepass") for text in items]
        lengths = self.store(np.array(list(map(len, data)), dtype=np.int64), f"{name}.lengths")
        return {
            "texts": self.store(np.frombuffer(b"".join(data), np.uint8), f"{name}.bytes"),
            "lengths": lengths,
        }

    def _named_tuple(self, value, name, depth):
        self._own_class(type(value), name)
        return {"named": type(value).__qualname__, "items": self._list(list(value), name, depth)}

    def _dict(self, value, name, depth):
        of, factory = type(value).__name__, None
        if isinstance(value, collections.defaultdict):
            of = "defaultdict"
            factory = next((text for text, kind in FACTORIES.items() if value.default_factory is kind), None)
            if value.default_factory is not None and factory is None and not self._loose:
                raise Unrecordable(f"{name} is a defaultdict of something of its own")
        elif of not in CONTAINERS and not self._loose:
            raise Unrecordable(f"{name} is a {of}")
        if self._loose and all(type(key) is str for key in value) and len(value) <= 1000:
            return {
                "fields": {key: self.encode(item, f"{name}.{key}", depth + 1) for key, item in value.items()}
            }
        keys = self._list(list(value), f"{name}.keys", depth + 1)
        if any(isinstance(key, (tuple, frozenset)) for key in value) and not self._loose:
            keys = {"list": [self.encode(key, f"{name}.keys.{n}", depth + 1) for n, key in enumerate(value)]}
        values = self._list(list(value.values()), f"{name}.values", depth + 1)
        return {"dict": keys, "values": values} | ({} if self._loose else {"of": of, "factory": factory})

    # ---- tables

    def _table(self, value, name, depth):
        if _of(value, "pandas", "Index"):
            return {"index": self._index(value, name, depth)}
        index = self._index(value.index, f"{name}.index", depth)
        if _of(value, "pandas", "Series"):
            label = self.encode(value.name, f"{name}.name", depth + 1)
            return {"series": self._column(value, name, depth), "index": index, "name": label}
        labels = list(value.columns)
        columns = [self._column(value.iloc[:, n], f"{name}.{label}", depth) for n, label in enumerate(labels)]
        return {"frame": columns, "labels": self.encode(labels, f"{name}.columns", depth + 1), "index": index}

    def _index(self, index, name, depth):
        label = self.encode(index.name, f"{name}.name", depth + 1)
        if _of(index, "pandas", "RangeIndex"):
            return {"range": [index.start, index.stop, index.step], "name": label}
        if _of(index, "pandas", "MultiIndex") and not self._loose:
            raise Unrecordable(f"{name} has several levels")
        return {"column": self._column(index, name, depth), "name": label}

    def _column(self, column, name, depth):
        dtype = column.dtype
        if isinstance(dtype, np.dtype):
            return self._array(column.to_numpy(), name, depth + 1)
        if _of(dtype, "pandas", "CategoricalDtype") and not self._loose:
            categorical = getattr(column, "cat", column)
            categories = self._column(categorical.categories, f"{name}.categories", depth + 1)
            codes = self.store(np.asarray(categorical.codes), f"{name}.codes")
            return {"codes": codes, "categories": categories, "ordered": bool(categorical.ordered)}
        if _of(dtype, "pandas", "DatetimeTZDtype"):
            raise Unrecordable(f"{name} holds times with a time zone")
        items = [
            None if missing else item for item, missing in zip(column.tolist(), column.isna(), strict=True)
        ]
        return {"extension": self._list(items, name, depth + 1), "dtype": str(dtype)}

    # ---- everything else

    def _other(self, value, name, depth):
        kind = type(value)
        if isinstance(value, enum.Enum):
            self._own_class(kind, name)
            return {"member": value.name, "of": kind.__qualname__}
        if _is_random(value) and not self._loose:
            return {"generator": 0, "of": f"{kind.__module__}.{kind.__qualname__}"}
        if callable(value) and hasattr(value, "__name__"):
            return self._function(value, name)
        if self._loose:
            return self._loose_object(value, name, depth)
        for part in kind.__mro__[:-1]:
            self._own_class(part, name)
        if not hasattr(value, "__dict__"):
            raise Unrecordable(f"{name} is a {kind.__name__}")
        if id(value) in self._seen:
            raise Unrecordable(f"{name} is an object that is met twice")
        self._seen[id(value)] = value
        return {"object": kind.__qualname__, "state": self._dict(vars(value), name, depth + 1)}

    def _own_class(self, kind, name):
        if self._namespace.get(kind.__qualname__) is not kind:
            raise Unrecordable(f"{name} is a {kind.__module__}.{kind.__qualname__}")

    def _function(self, value, name):
        label = getattr(value, "__name__", "")
        if self._loose:
            return {"function": label}
        if self._namespace.get(label) is value:
            return {"function": label, "module": ""}
        for module in _LIBRARIES:
            if module in sys.modules and getattr(sys.modules[module], label, None) is value:
                return {"function": label, "module": module}
        raise Unrecordable(f"{name} is a function that has no name of its own")

    def _loose_object(self, value, name, depth):
        kind = type(value).__name__
        if id(value) in self._seen:
            return {"again": kind}
        self._seen[id(value)] = value
        if callable(getattr(value, "state_dict", None)):
            return {"object": kind, "state": self._dict(dict(value.state_dict()), name, depth + 1)}
        public = {
            key: item for key, item in getattr(value, "__dict__", {}).items() if not key.startswith("__")
        }
        return {"object": kind, "state": self._dict(public, name, depth + 1)}


def _is_random(value):
    return isinstance(value, (random.Random, np.random.Generator, np.random.RandomState)) or _of(
        value, "torch", "Generator"
    )


def _fits(items, kinds):
    return kinds != {int} or (min(items) >= -(2**63) and max(items) < 2**63)


def _as_numbers(items, kinds):
    """Numbers, or rows of numbers of one length, as one array; None for anything else."""
    if not items or kinds & {str, dict, set, type(None)}:
        return None
    if kinds <= {list, tuple} and len(set(map(len, items))) != 1:
        return None
    if kinds <= {np.ndarray} and len({item.shape for item in items}) != 1:
        return None
    if not all(
        issubclass(kind, (bool, int, float, np.number, np.bool_, list, tuple, np.ndarray)) for kind in kinds
    ):
        return None
    try:
        numbers = np.array(items)
    except (ValueError, TypeError, OverflowError):  # rows within rows of different lengths
        return None
    return numbers if numbers.dtype.kind in "biuf" else None


def pack_layout(layout):
    """A layout as an array of bytes."""
    return np.frombuffer(json.dumps(layout).encode(), np.uint8)


def unpack_layout(array):
    return json.loads(array.tobytes())
