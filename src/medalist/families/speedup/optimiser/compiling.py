"""Keeping what numba compiles from one trial to the next: edited programs differ in one place, their kernels rarely.

Numba's own cache goes by a file's age, and every edited program is another file. Here a kernel is known by its source
and by everything of its module that it names; one that names what cannot be told apart is compiled afresh.
"""

from __future__ import annotations

import builtins
import dis
import hashlib
import inspect
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

_DECORATORS = ("njit", "jit", "vectorize", "guvectorize")
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type)


def keep_compiled(program: str, folder: str) -> None:
    """From now on what numba compiles in this process is kept in ``folder``; nothing, for a program without numba."""
    if b"numba" not in Path(program).read_bytes():
        return
    try:
        import numba
        from numba.core import config
    except ImportError:  # the program will say so itself
        return
    os.makedirs(folder, exist_ok=True)
    BySource.folder = os.path.abspath(folder)
    os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = f"{__name__}.{BySource.__name__}"
    config.reload_config()
    for name in _DECORATORS:
        setattr(numba, name, _keeping(getattr(numba, name)))


def _keeping(decorator: Callable[..., Any]) -> Callable[..., Any]:
    def keeping(*arguments: Any, **options: Any) -> Any:
        return decorator(*arguments, **{**options, "cache": True})

    return keeping


class BySource:
    """Where numba keeps a kernel, in the shape that ``NUMBA_CACHE_LOCATOR_CLASSES`` asks for."""

    folder = ""

    def __init__(self, stamp: str) -> None:
        self._stamp = stamp

    @classmethod
    def from_function(cls, py_func: FunctionType, py_file: str) -> BySource:
        return cls(stamp_of(py_func) or uuid.uuid4().hex)

    def get_cache_path(self) -> str:
        return self.folder

    def ensure_cache_path(self) -> None:
        os.makedirs(self.folder, exist_ok=True)

    def get_source_stamp(self) -> str:
        return self._stamp

    def get_disambiguator(self) -> str:
        return self._stamp


def stamp_of(function: FunctionType) -> str:
    """What tells a kernel from others: its source and what it names, as a digest; "" where that cannot be told."""
    digest = hashlib.sha256()
    for part in _parts(function, []):
        if part is None:
            return ""
        digest.update(part.encode())
    return digest.hexdigest()[:32]


def _parts(function: FunctionType, seen: list[FunctionType]) -> Iterator[str | None]:
    if function in seen:
        return
    seen.append(function)
    try:
        yield inspect.getsource(function)
    except (OSError, TypeError):
        yield None
        return
    if function.__closure__:
        yield None
    for name in sorted(set(_globals_named(function.__code__))):
        if name in function.__globals__:
            yield from _value_parts(name, function.__globals__[name], seen)
        elif not hasattr(builtins, name):
            yield None  # it is defined later, or never


def _value_parts(name: str, value: Any, seen: list[FunctionType]) -> Iterator[str | None]:
    if isinstance(value, ModuleType):
        yield f"{name} is {value.__name__}"
    elif isinstance(value, BuiltinFunctionType):
        yield f"{name} is {value.__module__}.{value.__name__}"
    elif isinstance(value, FunctionType):
        yield from _parts(value, seen)
    elif isinstance(kernel := getattr(value, "py_func", None), FunctionType):
        yield from _parts(kernel, seen)
    elif _is_told_by_its_text(value):
        yield f"{name} is {value!r}"
    else:
        yield None


def _is_told_by_its_text(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_told_by_its_text, value))
    is_ufunc = type(value).__module__ == "numpy" and callable(value)
    return isinstance(value, _PLAIN) or is_ufunc


def _globals_named(code: CodeType) -> Iterator[str]:
    yield from (each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_named(constant)
