"""Runs a user's script once, in the sandbox, and notes what its functions were given and gave back, and for how long.

    python -m medalist.families.speedup.recording.watching SCRIPT OUT plain|stretched [ARGUMENTS...]

Every function and method of the script is wrapped as it is defined; one that is called very often is soon left alone.
The arguments of a first call go to ``OUT/calls/N.npz`` at once, before the function can change them. At the end
``OUT/report.json`` holds a ``Report`` of ``recording.report``. Time is CPU time, without imports and without the
recording's own work. ``stretched`` lets the script's clocks run too fast (``clocks``).
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import importlib.machinery
import inspect
import io
import json
import os
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from medalist.families.speedup.recording.calls import answers_of
from medalist.families.speedup.recording.clocks import stretched_clocks
from medalist.families.speedup.recording.ending import Ending
from medalist.families.speedup.recording.values import Encoder, Unrecordable, pack_layout

MARK = "__medalist_watch__"
OFTEN = 2000
"""A function called so often is a part of what another does."""

LARGEST_BYTES = 256 << 20
_DATA = frozenset(
    {
        "bool",
        "int",
        "float",
        "complex",
        "list",
        "tuple",
        "dict",
        "set",
        "Counter",
        "defaultdict",
        "ndarray",
        "float32",
    }
    | {"float64", "int64", "Tensor", "DataFrame", "Series"}
)
_SEED = re.compile(r"(^|_)(seed|random_state)$|^seed")
_INNERMOST_ONLY = ("staticmethod", "torch.no_grad", "torch.inference_mode")


class Watch:
    """All that is noted of one run."""

    def __init__(self, script: Path, out: Path) -> None:
        self.functions: dict[str, dict[str, Any]] = {}
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.seconds = 0.0
        self.import_seconds = 0.0
        self.module = types.ModuleType("__main__")
        self._folder = script.parent
        self._folders_before = {
            path.relative_to(script.parent).as_posix() for path in script.parent.rglob("*") if path.is_dir()
        }
        self._out = out
        self._own_seconds = 0.0
        self._importing = False
        self._opened_by_us = False

    def watching(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """The decorator of the function that the script calls ``name``."""
        facts = self.functions.setdefault(name, {"name": name, "calls": 0, "seconds": 0.0})
        inside = [0]

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(function)
            def watched(*arguments: Any, **keywords: Any) -> Any:
                facts["calls"] += 1
                if facts["calls"] > OFTEN or inside[0]:
                    return function(*arguments, **keywords)
                first = facts["calls"] == 1
                taken = self._take(facts, function, arguments, keywords) if first else None
                inside[0] += 1
                own, started = self._own_seconds, process_time()
                try:
                    result = function(*arguments, **keywords)
                finally:
                    inside[0] -= 1
                    facts["seconds"] += process_time() - started - (self._own_seconds - own)
                if taken is not None:
                    self._take_answer(facts, taken, result, arguments, keywords)
                return result

            return watched

        return decorate

    def _take(
        self, facts: dict[str, Any], function: Callable[..., Any], arguments: Any, keywords: Any
    ) -> Any:
        """Write down the arguments of a first call; what is needed to see later whether they have changed."""
        started = process_time()
        names = _names_of(function, len(arguments))
        try:
            encoder = Encoder(vars(self.module))
            positional = [encoder.encode(value, name) for name, value in zip(names, arguments, strict=True)]
            by_name = {key: encoder.encode(value, key) for key, value in keywords.items()}
            if sum(array.nbytes for array in encoder.arrays.values()) > LARGEST_BYTES:
                raise Unrecordable("its arguments are too large")
            layout = {"positional": positional, "keywords": by_name}
            facts["file"] = self._keep(encoder.arrays | {"layout": pack_layout(layout)})
            facts["seeds"] = [
                ["positional", n] for n, name in enumerate(names) if _is_seed(name, arguments[n])
            ]
            facts["seeds"] += [["keywords", key] for key, value in keywords.items() if _is_seed(key, value)]
            sizes = [array.size for array in encoder.arrays.values()]
            facts["data"] = (
                bool(facts["seeds"]) or max(sizes, default=0) >= 8 or '"generator"' in json.dumps(layout)
            )
        except (Unrecordable, TypeError, ValueError, OverflowError) as error:
            facts["why"] = str(error)
        try:
            return names, self._loosely(names, arguments, keywords)
        except (Unrecordable, TypeError, ValueError, OverflowError):
            return None
        finally:
            self._own_seconds += process_time() - started

    def _take_answer(
        self, facts: dict[str, Any], taken: Any, result: Any, arguments: Any, keywords: Any
    ) -> None:
        """Note which arguments a first call has changed, and how much it answered."""
        started = process_time()
        names, before = taken
        try:
            if inspect.isgenerator(result) or inspect.iscoroutine(result):
                raise Unrecordable("it returns a generator, which works while it is read")
            after = self._loosely(names, arguments, keywords)
            changed = [name for name in after if name not in before or _differ(before[name], after[name])]
            facts["changed"] = {name: names.index(name) if name in names else None for name in changed}
            answers = answers_of(result, {}, vars(self.module))
            del answers["layout"]
            parts = [answers, *(after[name] for name in changed)]
            facts["answers"] = sum(array.size for part in parts for array in part.values())
            facts["answer_bytes"] = sum(array.nbytes for part in parts for array in part.values())
        except (Unrecordable, TypeError, ValueError, OverflowError) as error:
            facts["why"] = str(error)
        finally:
            self._own_seconds += process_time() - started

    def _loosely(self, names: list[str], arguments: Any, keywords: Any) -> dict[str, Any]:
        """What could change while a function works on it, as arrays by the argument's name."""
        found = {}
        for name, value in [*zip(names, arguments, strict=True), *keywords.items()]:
            if _holds_data(value) and not isinstance(value, (bool, int, float, complex)):
                encoder = Encoder(vars(self.module), loose=True)
                layout = encoder.encode(value, name)
                found[name] = encoder.arrays | {"layout": pack_layout(layout)}
        return found

    def _keep(self, arrays: dict[str, Any]) -> str:
        folder = self._out / "calls"
        self._opened_by_us = True
        try:
            folder.mkdir(exist_ok=True)
            path = folder / f"{sum(1 for _ in folder.iterdir())}.npz"
            np.savez(path, allow_pickle=False, **arrays)
        finally:
            self._opened_by_us = False
        return path.name

    def hear(self, event: str, details: tuple[Any, ...]) -> None:
        """The audit hook: files that the script opens in its own folder, and those it looks for elsewhere."""
        if event != "open" or self._opened_by_us or not isinstance(details[0], (str, bytes, os.PathLike)):
            return
        path = Path(os.path.abspath(os.fsdecode(details[0])))
        mode, flags = details[1] or "", details[2] or 0
        writes = any(letter in mode for letter in "wax+") or bool(flags & (os.O_WRONLY | os.O_RDWR))
        if (
            path.is_relative_to(self._folder)
            and ".tmp" not in path.parts
            and path.suffix not in (".py", ".pyc")
        ):
            name = path.relative_to(self._folder).as_posix()
            if writes:
                self.written.add(name)
            elif name not in self.written and path.is_file():
                self.read.add(name)

    def run(self, script: Path, arguments: list[str], *, stretched: bool) -> dict[str, Any]:
        """What came of it, the report's part that says how it went."""
        loader = _Loader("__main__", str(script), self)
        self.module.__dict__.update(__file__=str(script), __builtins__=builtins, __loader__=loader)
        setattr(self.module, MARK, self.watching)
        sys.modules["__main__"] = self.module
        sys.argv = [str(script), *arguments]
        sys.path.insert(0, str(script.parent))
        plain_import = builtins.__import__
        builtins.__import__ = self._timed(plain_import)
        sys.addaudithook(self.hear)
        started = process_time()
        clocks = stretched_clocks({}) if stretched else contextlib.nullcontext()
        with Ending() as ending, clocks:
            loader.exec_module(self.module)
        builtins.__import__ = plain_import
        self.seconds = process_time() - started - self._own_seconds
        return {"error": ending.said, "error_kind": type(ending.error).__name__}

    def _timed(self, plain_import: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **keywords: Any) -> Any:
            if self._importing:
                return plain_import(*arguments, **keywords)
            self._importing, started = True, process_time()
            try:
                return plain_import(*arguments, **keywords)
            finally:
                self._importing = False
                self._own_seconds += (spent := process_time() - started)
                self.import_seconds += spent

        return timed

    def _is_answer(self, value: Any) -> bool:
        """Whether what a variable holds at the end can be compared."""
        if not _holds_data(value):
            return False
        encoder = Encoder(vars(self.module), loose=True)
        try:
            encoder.encode(value, "value")
        except (Unrecordable, TypeError, ValueError, OverflowError):
            return False
        return 0 < sum(array.nbytes for array in encoder.arrays.values()) <= LARGEST_BYTES // 4

    def report(self) -> dict[str, Any]:
        return {
            "seconds": self.seconds,
            "import_seconds": self.import_seconds,
            "functions": [facts for facts in self.functions.values() if facts["calls"]],
            "variables": [name for name, value in vars(self.module).items() if self._is_answer(value)],
            "read": sorted(self.read - self.written),
            "written": sorted(name for name in self.written if (self._folder / name).is_file()),
            "folders": sorted({str(Path(name).parent) for name in self.written} & self._folders_before),
        }


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a script with every function watched."""

    def __init__(self, name: str, path: str, watch: Watch) -> None:
        super().__init__(name, path)
        self._watch = watch

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> Any:
        tree = ast.parse(data, str(path))
        for node in tree.body:
            _mark(node, "")
        return compile(
            ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True, optimize=_optimize
        )


def _mark(node: ast.stmt, owner: str) -> None:
    if isinstance(node, ast.ClassDef) and not owner:
        for inner in node.body:
            _mark(inner, f"{node.name}.")
    elif isinstance(node, ast.FunctionDef) and all(
        ast.unparse(each).removesuffix("()") in _INNERMOST_ONLY for each in node.decorator_list
    ):
        if any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in ast.walk(node)):
            return
        if node.name.startswith("__") and owner:
            return
        mark = ast.Call(ast.Name(MARK, ast.Load()), [ast.Constant(owner + node.name)], [])
        node.decorator_list.append(ast.copy_location(mark, node))


def _names_of(function: Callable[..., Any], count: int) -> list[str]:
    """What a function calls the first ``count`` of its arguments."""
    names = [*inspect.signature(function).parameters][:count]
    return names + [f"argument{number}" for number in range(len(names), count)]


def _holds_data(value: Any) -> bool:
    """Whether a value is data, an object of the script's own, or a model; not what works on them."""
    if isinstance(value, type):
        return False
    is_model = callable(getattr(value, "named_parameters", None))
    return is_model or type(value).__module__ == "__main__" or type(value).__name__ in _DATA


def _is_seed(name: str, value: Any) -> bool:
    return bool(_SEED.search(name)) and isinstance(value, int) and not isinstance(value, bool)


def _differ(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return before.keys() != after.keys() or any(
        not np.array_equal(before[name], after[name]) for name in before
    )


class _Tee(io.TextIOBase):
    """Prints on, and keeps."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.kept = io.StringIO()

    def write(self, text: str) -> int:
        self.kept.write(text)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return False


def main(arguments: list[str]) -> int:
    script, out = Path(arguments[0]).resolve(), Path(arguments[1]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    os.chdir(script.parent)
    watch = Watch(script, out)
    sys.stdout = tee = _Tee(sys.stdout)  # type: ignore[assignment]
    ending = watch.run(script, arguments[3:], stretched=arguments[2] == "stretched")
    sys.stdout = sys.__stdout__
    (out / "printed.txt").write_text(tee.kept.getvalue(), encoding="utf-8")
    (out / "report.json").write_text(json.dumps(watch.report() | ending), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
