"""Calls a recorded program: builds its arguments from arrays, runs it with seeds of the judge's choice, takes its answers.

A *plan* (JSON, made when the program was recorded) says what is called. A ``function`` gets its arguments from the
arrays ``layout`` describes. A ``whole`` script gets the files it reads as bytes, and ``offset`` is added to every seed
it sets; its answers are what it prints, what some of its functions return, and the small files it writes.

Stands alone beside ``values``: its text travels inside a recorded program.
"""

import contextlib
import io
import itertools
import os
import random
import re
import sys
import tempfile
import types

import numpy as np

from medalist.families.speedup.recording.building import decode
from medalist.families.speedup.recording.texts import line_numbers, line_template
from medalist.families.speedup.recording.values import Encoder, pack_layout, unpack_layout

MOST_MILESTONES = 3


def call(plan, namespace, arrays):
    """The answers, arrays by name, of the program whose module has ``namespace``, on the inputs ``arrays``."""
    seed_generators(int(arrays["seed"]))
    answers = (_call_function if plan["kind"] == "function" else _call_whole)(plan, namespace, arrays)
    return {name: array for name, array in answers.items() if name not in plan["dropped"]}


def seed_generators(seed):
    """Seed the generators that all share, for a program that never does."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def find(namespace, name):
    """The function or method that the program calls ``name``."""
    first, _, rest = name.partition(".")
    found = namespace[first]
    return getattr(found, rest) if rest else found


def _call_function(plan, namespace, arrays):
    inputs = unpack_layout(arrays["layout"])
    positional = [decode(each, arrays, namespace) for each in inputs["positional"]]
    keywords = {key: decode(each, arrays, namespace) for key, each in inputs["keywords"].items()}
    with contextlib.redirect_stdout(io.StringIO()):
        result = find(namespace, plan["name"])(*positional, **keywords)
    return answers_of(result, changed_arguments(plan["changed"], positional, keywords), namespace)


def changed_arguments(changed, positional, keywords):
    """Those of the arguments that the function works on in place, by name; ``changed`` maps names to places."""
    return {
        name: keywords[name] if place is None else positional[place]
        for name, place in changed.items()
        if name in keywords or (place is not None and place < len(positional))
    }


def answers_of(result, changed, namespace):
    """What a function returned and what it changed, as arrays."""
    encoder = Encoder(namespace, loose=True)
    if isinstance(result, types.GeneratorType):
        result = list(result)
    layout = {"result": encoder.encode(result, "result")}
    layout |= {name: encoder.encode(value, name) for name, value in changed.items()}
    return encoder.arrays | {"layout": pack_layout(layout)}


def _call_whole(plan, namespace, arrays):
    encoder = Encoder(namespace, loose=True)
    printed = io.StringIO()
    with (
        _home(plan, namespace, arrays) as home,
        _other_seeds(namespace, int(arrays["offset"])),
        _milestones(plan["milestones"], namespace, encoder),
        contextlib.redirect_stdout(printed),
    ):
        try:
            variables = find(namespace, plan["name"])()
            if plan["variables"]:
                encoder.encode(variables, "final")
        except SystemExit as end:
            if end.code not in (None, 0):
                raise
        for name in plan["written"]:
            encoder.arrays |= _file_arrays(os.path.join(home, name), name, plan["quiet"])
    if plan["printed"]:
        encoder.arrays |= text_arrays(printed.getvalue(), "printed", plan["quiet"])
    return encoder.arrays


@contextlib.contextmanager
def _home(plan, namespace, arrays):
    """A fresh folder where the script finds its files, is started, and writes what it writes."""
    before = sys.argv, {name: namespace[name] for name in ("__file__", "__name__")}
    with tempfile.TemporaryDirectory() as folder:
        for name in plan["folders"]:
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        for number, name in enumerate(plan["files"]):
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(arrays[f"file.{number}"].tobytes())
        script = os.path.join(folder, plan["script"])
        sys.argv = [script, *plan["argv"]]
        namespace.update(__file__=script, __name__="__main__")
        try:
            with contextlib.chdir(folder):
                yield folder
        finally:
            sys.argv = before[0]
            namespace.update(before[1])


@contextlib.contextmanager
def _milestones(milestones, namespace, encoder):
    """Note what some functions of the program return, and which of their arguments they change, the first few times."""
    others = {
        name: _noting(name, changed, namespace[name], encoder)
        for name, changed in milestones.items()
        if name in namespace
    }
    with swapped(namespace, others):
        yield


def _noting(name, changed, function, encoder):
    count = itertools.count(1)

    def noting(*arguments, **keywords):
        result = function(*arguments, **keywords)
        if (number := next(count)) <= MOST_MILESTONES:
            label = name if number == 1 else f"{name}.call{number}"
            encoder.encode(result, label)
            for argument, value in changed_arguments(changed, arguments, keywords).items():
                encoder.encode(value, f"{label}.{argument}")
        return result

    return noting


@contextlib.contextmanager
def swapped(owner, others):
    """Other values under some of the names in ``owner``, for a while."""
    before = {name: owner[name] for name in others}
    owner.update(others)
    try:
        yield
    finally:
        owner.update(before)


@contextlib.contextmanager
def _other_seeds(namespace, offset):
    """Add ``offset`` to every seed the program sets, and give seeds to the generators that it seeds with nothing."""
    unseeded = itertools.count(offset + 20_000)

    def shift(seed=None):
        if seed is None:
            return next(unseeded)
        return (int(seed) + offset) % 2**32 if isinstance(seed, (int, np.integer)) else seed

    library = vars(np.random)
    changed = [(vars(random), "seed"), (library, "seed"), (library, "default_rng")]
    if "torch" in sys.modules:
        changed += [(vars(sys.modules[name]), "manual_seed") for name in ("torch", "torch.random")]
    with contextlib.ExitStack() as stack:
        others = [(owner, name, _shifting(owner[name], shift)) for owner, name in changed]
        others += [(vars(random), "Random", _shifting_class(random.Random, shift))]
        others += [(library, "RandomState", _shifting_class(np.random.RandomState, shift))]
        for owner, name, other in others:
            own = {key: other for key, value in namespace.items() if value is owner[name]}
            stack.enter_context(swapped(owner, {name: other}))
            stack.enter_context(swapped(namespace, own))
        yield


def _shifting(function, shift):
    def shifted(seed=None, *rest, **keywords):
        return function(shift(seed), *rest, **keywords)

    return shifted


def _shifting_class(original, shift):
    class Kind(type):
        def __instancecheck__(cls, value):
            return isinstance(value, original)

    class Shifted(original, metaclass=Kind):
        def __new__(cls, seed=None, *rest):
            return original(shift(seed), *rest)

    return Shifted


def text_arrays(text, name, quiet=()):
    """A text as arrays: its numbers by how many decimals they have, and its words. Lines like ``quiet`` are left out."""
    numbers, words = {}, []
    for line in text.splitlines():
        template = line_template(line)
        if template in quiet:
            continue
        words.append(template)
        for number, decimals in line_numbers(line):
            key = f"{name}.decimals{decimals}" if decimals >= 0 else f"{name}.exponents"
            numbers.setdefault(key, []).append(number)
    arrays = {key: np.array(values, dtype=np.float64) for key, values in numbers.items()}
    return arrays | {f"{name}.words": np.frombuffer("\n".join(words).encode(), np.uint8)}


def _file_arrays(path, name, quiet):
    """What a written file holds; nothing where it was not written."""
    if not os.path.isfile(path):
        return {}
    label = re.sub(r"[^A-Za-z0-9_.-]+", "_", name)
    if name.endswith((".npy", ".npz")):
        with open(path, "rb") as file:
            loaded = np.load(file, allow_pickle=False)
            arrays = {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
        encoder = Encoder({}, loose=True)
        encoder.encode(arrays, label)
        return encoder.arrays
    with open(path, encoding="utf-8", errors="replace") as file:
        return text_arrays(file.read(), label, quiet)
