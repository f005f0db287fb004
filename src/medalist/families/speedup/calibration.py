"""How many times as long a task's slow program takes than its oracle, measured once on a machine and kept.

A slow call takes half a minute, so a grading times the candidate against the oracle and multiplies. The constant is
measured with the very means of a grading, and the slow program's answers are compared with the oracle's on the way:
a task whose oracle is another function is no task. It is kept in Medalist's cache folder under a key over all that
decides it: the machine, the sandbox, the versions, and the task's own files.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from medalist.core.errors import GraderError
from medalist.core.home import cache_folder
from medalist.families.speedup import worker
from medalist.families.speedup.contract import Contract
from medalist.families.speedup.exchange import House, Inputs, Peer, Program
from medalist.families.speedup.judging import check_equal, read_answer
from medalist.families.speedup.refusals import Refused
from medalist.machine.timing import Plan, Sample, interleave, lower_quartile, turn

_FAST_CALLS_BETWEEN = 4
_SLOW_CALLS = 2
_LONG_SECONDS = 10.0
_SHORT = Plan(seconds=5.0, least_pairs=5, most_pairs=25)
"""A program that is no long one is called in a grading's own rhythm: what a call of milliseconds takes depends on what
ran before it, and a constant from an oracle called four times in a row made the unchanged toy 1.2 times as fast."""

NOISE = 0.15
"""How far from 1.0 the unchanged program may lie on the better of two clocks: wall time is loud on a busy machine."""

_VERSIONS_OF = ("numpy", "torch")


@dataclass(frozen=True)
class Constant:
    """Slow over fast, by wall and by CPU time; ``slow_seconds`` and ``fast_seconds`` are CPU time of a call."""

    wall: float
    cpu: float
    slow_seconds: float
    fast_seconds: float
    measured: str
    key: str


UNITY = Constant(1.0, 1.0, 0.0, 0.0, "", "")
"""For a task without an oracle, whose slow program is the baseline itself."""


def constant_for(contract: Contract, house: House, inputs: Inputs, tell: Callable[[str], None]) -> Constant:
    """The constant of this task on this machine: the one that is kept, else measured now and kept.

    Raises GraderError for a task whose slow program fails or is not its oracle's function. A cache that cannot be
    written costs the next grading its time, and is no error.
    """
    if contract.oracle is None:
        return UNITY
    key = _key(contract, house)
    path = _kept(contract, key)
    try:
        return Constant(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        constant = _measure(contract, house, inputs, key, tell)
    _keep(path, constant)
    return constant


def strays(report: Mapping[str, Any]) -> bool:
    """Whether a grade of the unchanged program lies away from 1.0 on both clocks."""
    clocks = [report[name] for name in ("wall_ratio", "cpu_ratio") if report.get(name)]
    return min((abs(found - 1) for found in clocks), default=1.0) > NOISE


def forget(contract: Contract, report: Mapping[str, Any]) -> None:
    """Have the constant that a grade was made with measured anew by the next one."""
    if report.get("calibration"):
        _kept(contract, report["calibration"]["key"]).unlink(missing_ok=True)


def _kept(contract: Contract, key: str) -> Path:
    return cache_folder() / "speedup" / f"{contract.name}-{key}.json"


def _measure(
    contract: Contract, house: House, inputs: Inputs, key: str, tell: Callable[[str], None]
) -> Constant:
    assert contract.oracle is not None
    tell(
        "Calibrating, once on this machine: the slow program beside its oracle. This takes a few of its runs."
    )
    slow_program = Program(contract.program, contract.entry, trusted=True)
    fast_program = Program(contract.oracle.file, contract.oracle.name, trusted=True)
    with Peer(slow_program, house, inputs) as slow, Peer(fast_program, house, inputs) as fast:
        slow.prepare()
        fast.prepare()
        slow_samples, fast_samples = _take_turns(slow, fast, tell)
        _compare(slow, fast, contract)
    slow_wall, slow_cpu = _quartiles(slow_samples)
    fast_wall, fast_cpu = _quartiles(fast_samples)
    return Constant(
        wall=slow_wall / fast_wall,
        cpu=slow_cpu / fast_cpu,
        slow_seconds=slow_cpu,
        fast_seconds=fast_cpu,
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        key=key,
    )


def _take_turns(slow: Peer, fast: Peer, tell: Callable[[str], None]) -> tuple[list[Sample], list[Sample]]:
    """Warm both up, then call them in pairs; a long program with several fast calls before, between and after."""
    turn(fast, 0)
    warm_up = turn(slow, 0)
    if warm_up.wall_seconds < _LONG_SECONDS:
        measured = interleave(fast, slow, _SHORT, first=1)
        return list(measured.candidate), list(measured.baseline)
    slow_samples: list[Sample] = []
    fast_samples = _fast_calls(fast, 1)
    for number in range(1, _SLOW_CALLS + 1):
        tell(f"Calibrating: slow call {number} of {_SLOW_CALLS}, some {warm_up.wall_seconds:.0f} s.")
        slow_samples.append(turn(slow, number))
        fast_samples += _fast_calls(fast, number)
    return slow_samples, fast_samples


def _fast_calls(fast: Peer, number: int) -> list[Sample]:
    return [turn(fast, number) for _ in range(_FAST_CALLS_BETWEEN)]


def _compare(slow: Peer, fast: Peer, contract: Contract) -> None:
    try:
        for number, answer in slow.answers.items():
            check_equal(read_answer(answer, contract), read_answer(fast.answers[number], contract), contract)
    except Refused as refused:
        raise GraderError(
            f"The task's oracle is not its program's function: {refused.what}", where=str(contract.folder)
        ) from refused


def _quartiles(samples: list[Sample]) -> tuple[float, float]:
    walls = [sample.wall_seconds for sample in samples]
    return lower_quartile(walls), lower_quartile([sample.cpu_seconds for sample in samples])


def _key(contract: Contract, house: House) -> str:
    assert contract.oracle is not None
    files = {contract.program, contract.oracle.file, contract.inputs.file, Path(worker.__file__)}
    digest = hashlib.sha256()
    for part in (
        house.fingerprint,
        house.sandbox.name,
        contract.threads,
        platform.python_version(),
        *_versions(),
    ):
        digest.update(f"{part}\n".encode())
    for file in sorted(files, key=lambda path: path.name):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _versions() -> list[str]:
    found = []
    for name in _VERSIONS_OF:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _keep(path: Path, constant: Constant) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_text(json.dumps(asdict(constant)), encoding="utf-8")
        fresh.replace(path)
    except OSError:
        return
