"""The judge of speed-ups: the one process that draws the secret data, times a candidate and compares its answers.

``python -m medalist.families.speedup.grader --contract F --program F`` (and options, see ``_parse``) prints one JSON
object as its last line: status, metric, direction, score and reason as every grader does, and

    passed       equal (or as good, under ``quality``), and the interval's lower end reaches the target
    equal        whether every answer was the oracle's within tolerance
    ratio, low, high, wall_ratio, cpu_ratio, noise, pairs       of ``machine.timing.Ratio``
    refusal      the kind of refusal (``refusals.Reason``), "" when it passed; ``reason`` begins with it
    isolation, fingerprint, calibration, target, semantics

A candidate that is refused is ``invalid``; one that is right but too slow is scored and has not passed; what goes
wrong on this side is ``grader_error``. Progress goes to stderr. Without ``--program`` the task itself is checked.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from medalist.core.answers import Answers, enter_grader, print_report
from medalist.core.errors import GraderError
from medalist.core.home import cache_folder
from medalist.core.score import Direction, ScoreStatus
from medalist.families.speedup.calibration import Constant, constant_for, forget, strays
from medalist.families.speedup.contract import Contract, read_contract
from medalist.families.speedup.exchange import House, Inputs, Peer, Program
from medalist.families.speedup.judging import (
    Arrays,
    Learned,
    accuracy,
    check_derived,
    check_equal,
    check_shapes,
    judge_quality,
    read_answer,
)
from medalist.families.speedup.product import check_product
from medalist.families.speedup.refusals import Reason, Refused
from medalist.machine.children import die_with_parent, hide_this_process
from medalist.machine.exclusive import exclusive
from medalist.machine.hardware import read_hardware
from medalist.machine.idle import quietest_cores
from medalist.machine.timing import Measured, Plan, Ratio, interleave, ratio, turn
from medalist.workspace.sandbox import choose_sandbox

METRIC = "speedup"
GREY_ZONE = 0.05
"""So close to the target, load alone decides: such a candidate is measured again, by fresh processes."""

ENOUGH_PAIRS = 5
HOPELESS = 0.8
"""After so many pairs, a candidate whose interval ends below this share of the target is not timed any longer."""

ROOM = 1.1
"""How far above the target a task's own oracle must lie."""

DEVELOPMENT_SEED = 1_000_003
"""Of the data that engineers' versions are judged on meanwhile. A final seed is drawn out of 2 ** 62."""

DEVELOPMENT_SECONDS = 8.0
"""For how long two programs take turns meanwhile: an engineer waits, and so does everybody else on the machine."""

_MOST_CORES_PER_THREAD = 1.15
_WARM_UP = 0


def tell(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


class Draws:
    """The secret data of one grading, by the number of the call."""

    def __init__(self, contract: Contract, *, development: bool = False) -> None:
        self._secret = DEVELOPMENT_SEED if development else secrets.randbits(62)
        self._inputs = contract.inputs.load()
        self._answers = contract.answers.load() if contract.answers else None
        quality = contract.semantics == "quality"
        self._derived = contract.derived.load() if contract.derived and quality else None

    def inputs(self, number: int) -> Mapping[str, Any]:
        return self._inputs(self._secret + number)

    def derived(self, number: int, answer: Arrays) -> Arrays:
        """What of that call's answer must follow from the rest of it."""
        return self._derived(self.inputs(number), answer) if self._derived else {}

    def held_back(self, number: int) -> Mapping[str, Any]:
        """What a candidate never sees of that call's data."""
        if self._answers is None:
            raise GraderError("The contract asks for quality but makes no answers.")
        return self._answers(self._secret + number)


@dataclass(frozen=True)
class How:
    """How to grade: the sandbox by name, for how long the two programs take turns, and on which data."""

    sandbox: str
    timing_seconds: float
    development: bool = False


@dataclass(frozen=True)
class Timed:
    """What came of a grading: the ratio, how well it learned (under ``quality``), and under what it was measured."""

    ratio: Ratio
    constant: Constant | None
    learned: Learned | None
    import_seconds: float


class Grading:
    """One candidate under one contract, within the exclusive lock."""

    def __init__(
        self,
        contract: Contract,
        file: Path,
        house: House,
        draws: Draws,
        find_constant: Callable[[Inputs], Constant],
        timing_seconds: float,
    ) -> None:
        """``find_constant`` is only asked once the candidate's first answer was found right."""
        self._timing_seconds = timing_seconds
        self._contract = contract
        self._house = house
        self._inputs = Inputs(draws.inputs)
        self._draws = draws
        self._find_constant = lambda: find_constant(self._inputs)
        self._constant: Constant | None = None
        self._candidate = Program(file, contract.entry)
        oracle = contract.oracle
        self._baseline = (
            Program(oracle.file, oracle.name, trusted=True)
            if oracle
            else Program(contract.program, contract.entry, trusted=True)
        )
        self._import_seconds = 0.0
        self._own: list[float] = []
        self._reference: list[float] = []

    def run(self) -> Timed:
        """Measure, once more in the grey zone. Raises Refused."""
        measured = self._measure(first=1)
        learned = self._judge_quality()
        found = self._ratio(measured)
        if abs(found.value / self._contract.target - 1) <= GREY_ZONE:
            tell(f"{found.value:.1f}x lies within 5 % of the target: measuring again.")
            measured += self._measure(first=1 + measured.pairs)
            learned = self._judge_quality()
            found = self._ratio(measured)
        self._refuse_more_cores(measured)
        return Timed(found, self._constant, learned, self._import_seconds)

    def _judge_quality(self) -> Learned | None:
        quality = self._contract.quality
        if quality is None or self._contract.semantics == "preserve":
            return None
        return judge_quality(self._own, self._reference, quality)

    def _measure(self, first: int) -> Measured:
        """Start both afresh, warm them up, let them take turns, and compare what they answered."""
        with (
            Peer(self._candidate, self._house, self._inputs) as candidate,
            Peer(self._baseline, self._house, self._inputs) as baseline,
        ):
            tell("Importing the candidate.")
            self._import_seconds = candidate.prepare()
            baseline.prepare()
            tell("Warming both up on other data.")
            turn(baseline, _WARM_UP)
            turn(candidate, _WARM_UP)
            self._compare(candidate, baseline, _WARM_UP)
            self._constant = self._constant or self._find_constant()
            tell("Timing, in turns.")
            measured = interleave(baseline, candidate, self._plan(), first=first, enough=self._hopeless)
            for number in range(first, first + measured.pairs):
                self._compare(candidate, baseline, number)
        return measured

    def _plan(self) -> Plan:
        quality = self._contract.quality
        if quality and self._contract.semantics == "quality":
            return Plan(self._timing_seconds, least_pairs=quality.seeds)
        return Plan(self._timing_seconds, least_pairs=1)

    def _hopeless(self, measured: Measured) -> bool:
        """Whether no further pair could bring it near the target."""
        least = self._plan().least_pairs + ENOUGH_PAIRS
        return measured.pairs >= least and self._ratio(measured).high < self._contract.target * HOPELESS

    def _ratio(self, measured: Measured) -> Ratio:
        assert self._constant is not None
        return ratio(measured, wall_factor=self._constant.wall, cpu_factor=self._constant.cpu)

    def _compare(self, candidate: Peer, baseline: Peer, number: int) -> None:
        contract = self._contract
        truth = read_answer(baseline.answers[number], contract)
        answer = read_answer(candidate.answers[number], contract)
        if contract.semantics == "preserve":
            check_equal(answer, truth, contract)
            return
        check_shapes(answer, truth)
        check_derived(answer, self._draws.derived(number, answer), contract)
        if number != _WARM_UP and contract.quality:
            held_back = self._draws.held_back(number)
            self._own.append(accuracy(answer, held_back, contract.quality))
            self._reference.append(accuracy(truth, held_back, contract.quality))

    def _refuse_more_cores(self, measured: Measured) -> None:
        """CPU time beyond the wall time of as many threads as are allowed was spent on other cores."""
        cpu = sum(sample.cpu_seconds for sample in measured.candidate)
        wall = sum(sample.wall_seconds for sample in measured.candidate)
        if cpu > wall * self._contract.threads * _MOST_CORES_PER_THREAD:
            raise Refused(
                Reason.WIDENED, f"It used {cpu / wall:.1f} cores, {self._contract.threads} is allowed."
            )


@contextmanager
def _house(contract: Contract, sandbox_name: str) -> Iterator[House]:
    """Where candidates run: in a sandbox, on the cores that are quietest now, which this process leaves meanwhile."""
    hide_this_process()
    before, hardware = os.sched_getaffinity(0), read_hardware()
    cores = quietest_cores(hardware.core_ids, contract.threads)
    try:
        if others := set(hardware.core_ids) - set(cores):
            os.sched_setaffinity(0, others)
        sandbox, report = choose_sandbox(sandbox_name, cache=cache_folder() / "sandbox.json")
        if report.warning:
            tell(report.warning)
        with tempfile.TemporaryDirectory(prefix="medalist-speedup-") as scratch:
            yield House(sandbox, cores, Path(scratch).resolve(), contract.budgets, hardware.fingerprint)
    finally:
        os.sched_setaffinity(0, before)


def grade(contract: Contract, file: Path, how: How) -> dict[str, Any]:
    """The report. Never raises for what a candidate does; raises MedalistError for this side's own trouble."""
    started = time.monotonic()
    report: dict[str, Any] = {
        "task": contract.name,
        "semantics": contract.semantics,
        "target": contract.target,
        "fingerprint": read_hardware().fingerprint,
    }
    try:
        check_product(file, contract.required)
        with exclusive(tell=tell) as alone, _house(contract, how.sandbox) as house:
            report["isolation"] = house.sandbox.isolation
            report["fingerprint"] = house.fingerprint
            report["unyielding"] = list(alone.unyielding)
            report["waited_seconds"] = round(alone.waited_seconds, 1)
            timed = Grading(
                contract,
                file,
                house,
                Draws(contract, development=how.development),
                lambda inputs: constant_for(contract, house, inputs, tell),
                how.timing_seconds,
            ).run()
        report |= _verdict(contract, timed)
    except Refused as refused:
        report |= _refusal(contract, refused)
    return report | {"seconds": round(time.monotonic() - started, 1)}


def _verdict(contract: Contract, timed: Timed) -> dict[str, Any]:
    found = timed.ratio
    passed = found.low >= contract.target
    short = "" if passed else _shortfall(contract, found)
    return {
        **_frame(ScoreStatus.SCORED, round(found.value, 3), short),
        "refusal": "" if passed else Reason.TOO_SLOW,
        "passed": passed,
        "equal": contract.semantics == "preserve" or None,
        "ratio": round(found.value, 3),
        "low": round(found.low, 3),
        "high": round(found.high, 3),
        "wall_ratio": round(found.wall, 3),
        "cpu_ratio": round(found.cpu, 3),
        "noise": round(found.noise, 3),
        "clocks_agree": found.agrees,
        "pairs": found.pairs,
        "calibration": asdict(timed.constant) if timed.constant else None,
        "import_seconds": round(timed.import_seconds, 2),
        "quality": asdict(timed.learned) if timed.learned else None,
    }


def _shortfall(contract: Contract, found: Ratio) -> str:
    said = f"{Reason.TOO_SLOW}: {found.value:.1f}x, at least {found.low:.1f}x; {contract.target:g}x is asked for."
    if not found.agrees:
        said += f" Wall says {found.wall:.1f}x, CPU {found.cpu:.1f}x: it waits, or the machine is not quiet."
    return said


def _refusal(contract: Contract, refused: Refused) -> dict[str, Any]:
    other = refused.reason in (Reason.OTHER_FUNCTION, Reason.DID_NOT_TRAIN, Reason.NOT_FINITE)
    return {
        **_frame(ScoreStatus.INVALID, None, f"{refused.reason}: {refused.what}"),
        "refusal": refused.reason,
        "passed": False,
        "equal": False if other and contract.semantics == "preserve" else None,
        **dict.fromkeys(("ratio", "low", "high", "noise")),
    }


def _frame(status: ScoreStatus, score: float | None, reason: str) -> dict[str, Any]:
    return {
        "status": status,
        "metric": METRIC,
        "direction": Direction.MAXIMIZE,
        "score": score,
        "reason": reason,
    }


def check_task(contract: Contract, how: How) -> list[str]:
    """What is wrong with a task, each a sentence; none when its oracle passes with room, its unchanged program scores
    1.0 within noise, and an empty file is refused."""
    oracle = contract.oracle.file if contract.oracle else contract.program
    faults = []
    with tempfile.TemporaryDirectory(prefix="medalist-speedup-") as scratch:
        empty = Path(scratch) / contract.program.name
        empty.touch()
        reports = {
            name: grade(replace(contract, required=()) if name == "oracle" else contract, file, how)
            for name, file in {"oracle": oracle, "program": contract.program, "empty": empty}.items()
        }
    best, same = reports["oracle"], reports["program"]
    if strays(same):  # its constant was measured beside other work
        forget(contract, same)
        same = grade(contract, contract.program, how)
    if not best["passed"] or best["low"] < contract.target * ROOM:
        faults.append(f"Its oracle does not pass with room: {best['reason'] or best['low']}.")
    if strays(same):
        faults.append(f"Its unchanged program does not score 1.0: {same['ratio']} ({same['reason']}).")
    if reports["empty"]["status"] is not ScoreStatus.INVALID:
        faults.append("An empty file is not refused.")
    return faults


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m medalist.families.speedup.grader")
    parser.add_argument("--contract", type=Path, required=True)
    parser.add_argument("--program", type=Path, help="the candidate; without it the task itself is checked")
    parser.add_argument("--semantics", choices=("preserve", "quality"), default="")
    parser.add_argument("--target", type=float)
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--seconds", type=float, help="for how long to take turns")
    parser.add_argument("--development", action="store_true", help="on the data for development, and quicker")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    enter_grader()
    die_with_parent(os.getppid())
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is ended
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    return print_report(
        lambda: _report(options),
        lambda reason: {**_frame(ScoreStatus.GRADER_ERROR, None, reason), "passed": False, "refusal": ""},
    )


def _report(options: argparse.Namespace) -> Mapping[str, Any]:
    """The candidate's grade, or without one whether the task is sound."""
    contract = read_contract(Answers(options.contract).open().parent)
    contract = contract.under(options.semantics or contract.semantics)
    contract = replace(contract, target=options.target or contract.target)
    seconds = options.seconds or (DEVELOPMENT_SECONDS if options.development else Plan.seconds)
    how = How(options.sandbox, seconds, options.development)
    if options.program is not None:
        return grade(contract, options.program, how)
    faults = check_task(contract, how)
    return {"task": contract.name, "sound": not faults, "faults": faults}


if __name__ == "__main__":
    sys.exit(main())
