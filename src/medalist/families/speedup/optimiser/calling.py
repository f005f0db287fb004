"""Calling a program as the judge calls it: the same loading, the same arguments, the same reading of its clock."""

from __future__ import annotations

import ast
import gc
import importlib.machinery
import importlib.util
import inspect
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from importlib.abc import Loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple, Self

from medalist.families.speedup import worker
from medalist.families.speedup.optimiser.instrument import RECORDER, Instrumenter
from medalist.families.speedup.optimiser.kinds import PROGRAM_MODULE
from medalist.families.speedup.optimiser.recording import Recorder
from medalist.families.speedup.optimiser.requests import Call, Source
from medalist.machine.process_tree import run_delay_seconds

Entry = Callable[..., Mapping[str, Any]]


class Maker:
    """The task's own way to make inputs."""

    def __init__(self, source: Source) -> None:
        self._make = _module("inputs", source.maker_file).__dict__[source.maker]

    @property
    def size(self) -> int | None:
        """The size of what it makes by itself; None where that cannot be chosen."""
        parameter = inspect.signature(self._make).parameters.get("size")
        return parameter.default if parameter and isinstance(parameter.default, int) else None

    def arguments(self, call: Call) -> dict[str, Any]:
        """Fresh arguments, through the bytes that they travel in."""
        chosen = {} if call.size is None else {"size": call.size}
        return worker.as_arguments(worker.unpack(worker.pack(self._make(call.seed, **chosen))))


def load(program: str, entry: str) -> Entry:
    """The entry of a program, imported as the judge's worker imports it."""
    return worker.load(program, entry)


def load_instrumented(program: str, entry: str) -> tuple[Entry, Callable[[], Recorder]]:
    """The entry of an instrumented program, and how to begin a fresh record of it."""
    loader = _InstrumentingLoader(PROGRAM_MODULE, program)
    module = _module(PROGRAM_MODULE, program, loader)
    sys.path.insert(0, os.path.dirname(program))

    def begin() -> Recorder:
        recorder = loader.recorder()
        module.__dict__[RECORDER] = recorder
        return recorder

    return module.__dict__[entry], begin


def timed(entry: Entry, arguments: Mapping[str, Any], threads: int) -> tuple[float, bytes]:
    """Seconds of a call, much as the judge counts them, and the bytes of its answer.

    CPU time of it and its children by thread; where it waited for anything, the time that passed without what the
    kernel kept it from a core, if that is more. What the call raises passes through.
    """
    gc.collect()
    began = _Clocks.read()
    answer = worker.pack(entry(**arguments))
    ended = _Clocks.read()
    seconds = (ended.cpu - began.cpu) / threads
    if ended.waits > began.waits:
        seconds = max(seconds, ended.wall - began.wall)
    return seconds, answer


class _Clocks(NamedTuple):
    """This process's clocks in seconds, and how often it gave up its core to wait for something."""

    cpu: float
    wall: float
    waits: int

    @classmethod
    def read(cls) -> Self:
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        cpu = time.process_time() + children.ru_utime + children.ru_stime
        return cls(cpu, time.perf_counter() - run_delay_seconds(os.getpid()), own.ru_nvcsw)


def _module(name: str, file: str, loader: Loader | None = None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(file).absolute(), loader=loader)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class _InstrumentingLoader(importlib.machinery.SourceFileLoader):
    """Loads a file with a recorder's calls in it; nothing is kept of what it compiles."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name, path)
        self._instrumenter = Instrumenter()

    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(Path(self.path).read_bytes())
        return compile(self._instrumenter.instrument(tree), self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        code = self.get_code(module.__name__)  # before the recorder is made of what the code calls
        module.__dict__[RECORDER] = self.recorder()
        exec(code, module.__dict__)  # noqa: S102

    def recorder(self) -> Recorder:
        return Recorder(self._instrumenter.functions, self._instrumenter.loops)
