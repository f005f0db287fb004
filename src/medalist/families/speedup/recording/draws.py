"""Fresh inputs of the kind that was recorded: ``make_inputs(seed)`` follows from its seed and ``recorded.npz`` beside it.

How far a draw goes from the recording is its level, the furthest that the program was found to run on:

    1    rows in another order, numbers moved a little within their range, words of texts exchanged, other seeds
    2    rows in another order, other seeds
    3    the recorded data, other seeds
    0    exactly what was recorded

Rows are moved together in everything that has as many of them; a column that only rises goes on rising. Numbers that
are whole, the same throughout, symmetric or sum to one are not moved. Stands alone (standard library and NumPy).
"""

import io
import itertools
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).with_name("recorded.npz")
AS_RECORDED = 0
MOVED, REORDERED, SEEDED = 1, 2, 3
JITTER = 0.02
"""Standard deviation by which a number is moved, as a share of its column's."""

_FEWEST_ROWS = 8
_EXCHANGED_WORDS = 0.3
_FEWEST_WORDS = 4
_SEPARATORS = ",;\t"
_DECIMAL = re.compile(r"-?\d+\.\d+")


def make_inputs(seed, level=None):
    """What the recorded program is called with, a dict of arrays and numbers."""
    with np.load(RECORDED, allow_pickle=False) as file:
        arrays = dict(file)
    meta = json.loads(arrays.pop("meta").tobytes())
    level = meta["level"] if level is None else level
    random = np.random.default_rng(seed)
    numbers = {"seed": int(random.integers(2**31)) if level else 0}
    if meta["kind"] == "whole":
        numbers["offset"] = int(random.integers(1, 10**6)) if level else 0
        if level in (MOVED, REORDERED):
            arrays |= {
                f"file.{number}": draw_file(name, arrays[f"file.{number}"], random, level)
                for number, name in enumerate(meta["files"])
            }
        return arrays | numbers
    layout = json.loads(arrays["layout"].tobytes())
    if level:
        Draw(arrays, random).vary(layout, meta["seeds"], level)
    arrays["layout"] = np.frombuffer(json.dumps(layout).encode(), np.uint8)
    return arrays | numbers


class Draw:
    """One draw of a function's arguments: changes a layout and its arrays in place (``recording.values``)."""

    def __init__(self, arrays, random):
        self._arrays = arrays
        self._random = random

    def vary(self, inputs, seeds, level):
        arguments = [*inputs["positional"], *inputs["keywords"].values()]
        for where, key in seeds:
            inputs[where][key] = {"value": int(self._random.integers(2**31))}
        leaves = [leaf for argument in arguments for leaf in _leaves(argument)]
        for leaf in leaves:
            if "generator" in leaf:
                leaf["generator"] = int(self._random.integers(2**31))
        if level == SEEDED:
            return
        if level == MOVED:
            for leaf in leaves:
                self._move(leaf)
        self._reorder(leaves)

    def _reorder(self, leaves):
        """The same new order for all that has as many rows as most of the data has."""
        sizes = Counter()
        for leaf in leaves:
            length = self._length(leaf)
            if length >= _FEWEST_ROWS:
                sizes[length] += 1
        if not sizes:
            return
        most = max(sizes, key=lambda length: (sizes[length], length))
        order = self._random.permutation(most)
        for leaf in leaves:
            if self._length(leaf) == most and not self._rises(leaf):
                self._take(leaf, order)

    def _length(self, leaf):
        kind, content = next(iter(leaf.items()))
        if kind in ("array", "times", "complex", "numbers", "codes"):
            return 0 if leaf.get("shape") == [] else len(self._arrays[content])
        if kind in ("texts", "nested"):
            return len(self._arrays[leaf["lengths"]])
        if kind == "records":
            return self._length(leaf["columns"][0])
        if kind == "objects":
            return self._length(content) if len(leaf["shape"]) == 1 else 0
        if kind in ("tensor", "extension", "tuple", "deque"):
            return self._length(content)
        return len(content) if kind == "list" else 0

    def _rises(self, leaf):
        name = leaf.get("array") or leaf.get("numbers") or leaf.get("times")
        return name is not None and _strictly_rises(self._arrays[name])

    def _take(self, leaf, order):
        kind, content = next(iter(leaf.items()))
        if kind == "array" and _is_symmetric(self._arrays[content]):
            self._arrays[content] = self._arrays[content][np.ix_(order, order)]
        elif kind in ("array", "times", "complex", "numbers", "codes"):
            self._arrays[content] = self._arrays[content][order]
        elif kind == "texts":
            self._arrays[content] = self._arrays[content][self._take_lengths(leaf, order)]
        elif kind == "nested":
            self._take(content, self._take_lengths(leaf, order))
        elif kind == "records":
            for column in leaf["columns"]:
                self._take(column, order)
        elif kind in ("objects", "tensor", "extension", "tuple", "deque"):
            self._take(content, order)
        elif kind == "list":
            leaf["list"] = [content[place] for place in order]

    def _take_lengths(self, leaf, order):
        """Bring pieces of different lengths into another order; the order of what they hold."""
        lengths = self._arrays[leaf["lengths"]]
        ends = np.cumsum(lengths).tolist()
        self._arrays[leaf["lengths"]] = lengths[order]
        pieces = [np.arange(ends[place] - int(lengths[place]), ends[place]) for place in order]
        return np.concatenate(pieces) if pieces else np.arange(0)

    def _move(self, leaf):
        kind, content = next(iter(leaf.items()))
        if kind in ("array", "numbers"):
            self._arrays[content] = moved(self._arrays[content], self._random)
        elif kind == "texts":
            self._exchange_words(leaf)
        elif kind in ("tensor", "objects", "extension", "nested", "tuple", "deque"):
            for inner in _leaves(content):
                self._move(inner)
        elif kind == "records":
            for column in leaf["columns"]:
                self._move(column)

    def _exchange_words(self, leaf):
        """Some words of texts in prose give way to words of other texts."""
        data, ends = self._arrays[leaf["texts"]].tobytes(), np.cumsum(self._arrays[leaf["lengths"]])
        begins = ends - self._arrays[leaf["lengths"]]
        texts = [data[a:b].decode("utf-8", "surrogatepass") for a, b in zip(begins, ends, strict=True)]
        pieces = [re.split(r"(\s+)", text) for text in texts]
        if not pieces or np.median([len(each[::2]) for each in pieces]) < _FEWEST_WORDS:
            return
        pool = [word for each in pieces for word in each[::2]]
        for each in pieces:
            exchanged = np.flatnonzero(self._random.random(len(each[::2])) < _EXCHANGED_WORDS)
            for place in exchanged:
                each[2 * place] = pool[self._random.integers(len(pool))]
        fresh = ["".join(each).encode("utf-8", "surrogatepass") for each in pieces]
        self._arrays[leaf["lengths"]] = np.array(list(map(len, fresh)), dtype=np.int64)
        self._arrays[leaf["texts"]] = np.frombuffer(b"".join(fresh), np.uint8)


def _leaves(layout):
    """The parts of a layout that hold data: what lies in dicts, objects, tables and tuples of a few items."""
    kind, content = next(iter(layout.items()))
    if kind in ("list", "frame"):
        if kind == "frame" or len(content) < _FEWEST_ROWS:
            return [leaf for each in content for leaf in _leaves(each)]
    elif kind in ("dict", "object", "series", "tuple"):
        inner = {"dict": layout.get("values"), "object": layout.get("state")}.get(kind) or content
        if kind != "tuple" or "list" in inner:
            return _leaves(inner)
    return [layout]


def moved(array, random):
    """The numbers of an array moved a little, each column within its own range."""
    if array.dtype == np.uint8 and array.ndim > 2:
        shifts = random.integers(-2, 3, size=array.shape)
        return np.clip(array.astype(np.int64) + shifts, array.min(), array.max()).astype(np.uint8)
    if array.dtype.kind != "f" or not array.size or _is_stiff(array):
        return array
    if _strictly_rises(array):
        return _risen(array, random)
    axes = tuple(range(array.ndim - 1)) if array.ndim == 2 else None
    with np.errstate(invalid="ignore"):
        known = np.where(np.isfinite(array), array, np.nan)
    if np.isnan(known).all(axis=axes).any():
        return array
    spread = np.nanstd(known.astype(np.float64), axis=axes)
    low, high = np.nanmin(known, axis=axes), np.nanmax(known, axis=axes)
    shifted = np.clip(array + JITTER * spread * random.standard_normal(array.shape), low, high)
    if _strictly_rises(array):
        shifted = (
            np.linspace(low, high, len(array)) if len(np.unique(shifted)) < len(array) else np.sort(shifted)
        )
    return np.where(np.isfinite(array), shifted, array).astype(array.dtype)


def _risen(array, random):
    """An array that rises from the same first to the same last number, by other steps."""
    steps = np.diff(array.astype(np.float64)) * np.exp(5 * JITTER * random.standard_normal(len(array) - 1))
    risen = array[0] + np.concatenate([[0.0], np.cumsum(steps)]) * ((array[-1] - array[0]) / steps.sum())
    return risen.astype(array.dtype)


def _is_stiff(array):
    """Whether the numbers obey a rule that moving each by itself would break."""
    finite = array[np.isfinite(array)]
    if not finite.size or (finite == np.round(finite)).all() or _is_symmetric(array):
        return True
    sums = array.sum(axis=-1) if array.ndim > 1 else array.sum()
    return bool(np.allclose(sums, 1.0, atol=1e-5))


def _strictly_rises(array):
    return (
        array.ndim == 1
        and len(array) >= _FEWEST_ROWS
        and bool((np.diff(array) > np.zeros(1, array.dtype)).all())
    )


def _is_symmetric(array):
    return array.ndim == 2 and array.shape[0] == array.shape[1] > 1 and bool((array == array.T).all())


# ---- files


def draw_file(name, data, random, level):
    """The bytes of a file like ``data``; the very same for a kind of file that is not known here."""
    suffix = Path(name).suffix.lower()
    if suffix in (".npy", ".npz"):
        return _as_bytes(_draw_arrays(data.tobytes(), random, level, suffix))
    if suffix in (".csv", ".tsv", ".txt", ".jsonl"):
        try:
            text = data.tobytes().decode("utf-8")
        except UnicodeDecodeError:
            return data
        drawn = _draw_table if suffix in (".csv", ".tsv") else _draw_lines
        return _as_bytes(drawn(text, random, level).encode())
    if suffix == ".json":
        items = json.loads(data.tobytes())
        if isinstance(items, list):
            return _as_bytes(json.dumps([items[place] for place in random.permutation(len(items))]).encode())
    return data


def _as_bytes(data):
    return np.frombuffer(data, np.uint8)


def _draw_arrays(data, random, level, suffix):
    loaded = np.load(io.BytesIO(data), allow_pickle=False)
    arrays = {"only": loaded} if suffix == ".npy" else dict(loaded)
    inputs = {"positional": [{"array": name} for name in arrays if arrays[name].ndim], "keywords": {}}
    Draw(arrays, random).vary(inputs, [], level)
    file = io.BytesIO()
    if suffix == ".npy":
        np.save(file, arrays["only"], allow_pickle=False)
    else:
        np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _draw_lines(text, random, level):
    lines = text.splitlines()
    return "\n".join(lines[place] for place in random.permutation(len(lines))) + "\n"


def _draw_table(text, random, level):
    """Rows in another order, and with ``MOVED`` decimal columns moved; columns that only rise stay in place."""
    lines = text.splitlines()
    separator = max(_SEPARATORS, key=lines[0].count) if lines else ","
    cells = [line.split(separator) for line in lines]
    has_header = not any(_is_number(cell) for cell in cells[0]) if cells else False
    header, rows = cells[:has_header], cells[has_header:]
    if '"' in text or len({len(row) for row in rows}) != 1:
        body = [lines[has_header:][place] for place in random.permutation(len(rows))]
        return "\n".join([*lines[:has_header], *body]) + "\n"
    order = random.permutation(len(rows))
    columns = [list(column) for column in zip(*rows, strict=True)]
    for number, column in enumerate(columns):
        if not _rises_as_written(column):
            fresh = [column[place] for place in order]
            columns[number] = _moved_cells(fresh, random) if level == MOVED else fresh
    drawn = [*header, *zip(*columns, strict=True)]
    return "\n".join(separator.join(row) for row in drawn) + "\n"


def _rises_as_written(column):
    keys = [float(cell) for cell in column] if all(map(_is_number, column)) else column
    return len(keys) >= _FEWEST_ROWS and all(a < b for a, b in itertools.pairwise(keys))


def _moved_cells(column, random):
    if not all(_DECIMAL.fullmatch(cell) for cell in column):
        return column
    fresh = moved(np.array(column, dtype=np.float64), random)
    decimals = [len(cell.partition(".")[2]) for cell in column]
    return [f"{value:.{places}f}" for value, places in zip(fresh, decimals, strict=True)]


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True
