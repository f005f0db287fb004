"""Tries a recorded program, in the sandbox: are its answers the same each time, and on which fresh inputs does it run?

    python -m medalist.families.speedup.recording.checking FOLDER

``FOLDER`` holds ``program.py``, ``inputs.py`` and ``plan.json``; ``recorded.npz`` is made there, and ``check.json``:

    level        how far fresh inputs may go (``recording.draws``), ``refused`` why not further
    unstable     answers that differ between two runs on the same inputs, ``quiet`` lines of output that do
    tolerances   [rtol, atol] of every answer, by name
    seconds, peak_bytes      of one run
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from medalist.families.speedup.recording import calls
from medalist.families.speedup.recording.clocks import stretched_clocks
from medalist.families.speedup.recording.draws import AS_RECORDED, MOVED, REORDERED, SEEDED
from medalist.families.speedup.recording.ending import Ending
from medalist.families.speedup.recording.texts import changing_lines
from medalist.families.speedup.worker import as_arguments, load, pack, unpack

FRESH_SEED = 20_021
LONGER = 6.0
"""A draw on which the program takes so many times as long is no draw of the same kind."""

_SAME_RTOL, _SAME_ATOL = 1e-5, 1e-8

Arrays = dict[str, Any]


class Check:
    """One program with its inputs."""

    def __init__(self, folder: Path) -> None:
        self._plan: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        self._folder = folder
        self._keep(MOVED)
        self._make_inputs = _function(folder / "inputs.py", "make_inputs")
        self._entry = load(str(folder / "program.py"), self._plan["entry"])
        self._namespace = vars(sys.modules["program"])
        self.texts: list[dict[str, str]] = []

    def run(self) -> dict[str, Any]:
        first, seconds = self._timed(AS_RECORDED)
        with stretched_clocks(self._namespace):
            second, again = self._timed(AS_RECORDED)
        seconds = min(seconds, again)
        unstable, quiet = self._unstable(first, second)
        level, refused = self._furthest(seconds, first)
        self._keep(level)
        return {
            "level": level,
            "refused": refused,
            "unstable": unstable,
            "quiet": quiet,
            "tolerances": {
                name: _tolerance(name, array) for name, array in first.items() if name not in unstable
            },
            "sizes": {name: list(array.shape) for name, array in first.items()},
            "seconds": seconds,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }

    def _timed(self, level: int) -> tuple[Arrays, float]:
        inputs = as_arguments(unpack(pack(self._make_inputs(FRESH_SEED, level))))
        texts: dict[str, str] = {}
        self.texts.append(texts)
        started = time.thread_time()
        with noted_texts(texts):
            answers = calls.call(self._plan["call"], self._namespace, inputs)
        return answers, time.thread_time() - started

    def _furthest(self, seconds: float, recorded: Arrays) -> tuple[int, dict[str, str]]:
        """The level that goes furthest of those on which the program runs, by its own entry; why others do not."""
        refused: dict[str, str] = {}
        for level in (MOVED, REORDERED, SEEDED):
            fresh = self._make_inputs(FRESH_SEED, level)
            if not self._is_fresh(fresh):
                refused[str(level)] = "nothing in them can be varied"
                continue
            inputs = as_arguments(unpack(pack(fresh)))
            started = time.thread_time()
            answers: Arrays = {}
            with Ending() as ending:
                answers = unpack(pack(self._entry(**inputs)))
            if ending.error is not None:
                refused[str(level)] = f"it fails: {ending.said[:300]}"
            elif time.thread_time() - started > LONGER * max(seconds, 0.5):
                refused[str(level)] = "it takes many times as long"
            elif answers.keys() == recorded.keys() and all(
                _same(answers[name], recorded[name]) for name in answers
            ):
                refused[str(level)] = "it answers the same"
            else:
                return level, refused
        return AS_RECORDED, refused

    def _is_fresh(self, inputs: Arrays) -> bool:
        """Whether inputs are others than those recorded; a seed for the shared generators makes no data by itself."""
        recorded = self._make_inputs(FRESH_SEED, AS_RECORDED)
        return pack({**inputs, "seed": 0}) != pack({**recorded, "seed": 0})

    def _unstable(self, first: Arrays, second: Arrays) -> tuple[list[str], list[str]]:
        """Names of answers and templates of lines that are not the same twice."""
        quiet: list[str] = []
        texts = set()
        for label in self.texts[0]:
            lines = changing_lines(self.texts[0][label], self.texts[1].get(label, ""))
            if lines is not None:
                quiet += lines
                texts.add(label)
        names = {*first, *second}
        unstable = [
            name
            for name in sorted(names)
            if not _is_part_of(name, texts) and not _same(first.get(name), second.get(name))
        ]
        return unstable, quiet

    def _keep(self, level: int) -> None:
        """Write ``recorded.npz``: the recorded data, and what a draw must know."""
        plan, folder = self._plan, self._folder
        if plan["call"]["kind"] == "function":
            with np.load(folder / plan["source"], allow_pickle=False) as file:
                arrays = dict(file)
        else:
            arrays = {
                f"file.{number}": np.frombuffer((folder / plan["source"] / name).read_bytes(), np.uint8)
                for number, name in enumerate(plan["call"]["files"])
            }
        meta = {
            "kind": plan["call"]["kind"],
            "level": level,
            "seeds": plan["seeds"],
            "files": plan["call"].get("files", []),
        }
        packed = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        np.savez_compressed(folder / "recorded.npz", allow_pickle=False, meta=packed, **arrays)


def _function(file: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


@contextlib.contextmanager
def noted_texts(texts: dict[str, str]) -> Iterator[None]:
    """Keep the texts that a call turns into arrays."""
    plain = calls.text_arrays

    def noting(text: str, name: str, quiet: Any = ()) -> Arrays:
        texts[name] = text
        return plain(text, name, quiet)

    calls.text_arrays = noting
    try:
        yield
    finally:
        calls.text_arrays = plain


def _is_part_of(name: str, labels: set[str]) -> bool:
    return any(name.startswith(f"{label}.") for label in labels)


def _same(first: Any, second: Any) -> bool:
    if first is None or second is None or first.shape != second.shape:
        return False
    exact = first.dtype.kind != "f" and second.dtype.kind != "f"
    return (
        bool((first == second).all()) if exact else bool(np.allclose(first, second, _SAME_RTOL, _SAME_ATOL))
    )


def _tolerance(name: str, array: Any) -> list[float]:
    """How closely an answer must agree: exactly for what is whole, looser after single precision and training."""
    if array.dtype.kind != "f" or not array.size:
        return [0.0, 0.0]
    rtol, share = (1e-3, 1e-3) if "torch" in sys.modules else (1e-6, 1e-9)
    if array.dtype.itemsize < 8:
        rtol, share = max(rtol, 1e-4), max(share, 1e-5)
    scale = float(np.sqrt(np.mean(np.square(array, dtype=np.float64))))
    decimals = name.rpartition(".decimals")[2]
    printed = 1.01 * 10.0 ** -int(decimals) if decimals.isdecimal() and decimals != "0" else 0.0
    if decimals == "0":
        return [0.0, 0.0]
    return [rtol, max(share * scale, printed, 1e-12)]


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]).resolve()
    os.chdir(folder)
    found = Check(folder).run()
    (folder / "check.json").write_text(json.dumps(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
