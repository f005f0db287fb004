"""The pool keeps every puzzle within its limits and goes on, whatever a solver does."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import stand_in_solver as stand_in

from medalist.families.arc.formats import entry_of
from medalist.families.arc.pool import Pool, PoolSettings
from medalist.families.arc.pool_solver import puzzle_as_json

Results = Mapping[int, Mapping[str, Any]]


@pytest.fixture
def pool(tmp_path: Path, installed_families: None) -> Callable[..., Pool]:
    def make(**settings: Any) -> Pool:
        known = {"jobs": 2, "seconds": 1.0, "memory_bytes": 400 << 20, "solver": stand_in.NAME, "seed": 3}
        return Pool(PoolSettings(**{**known, **settings}), log=tmp_path / "solver.log")

    return make


def submit(pool: Pool, *wishes: int, targets: Any = ()) -> None:
    for number, wish in enumerate(wishes):
        entry = entry_of(f"t{number}", stand_in.task(wish, number))
        assert entry.puzzle is not None
        pool.submit(number, puzzle_as_json(entry.puzzle), targets)


def drained(pool: Pool) -> Results:
    results: dict[int, Mapping[str, Any]] = {}
    while pool.busy:
        results.update({reply["number"]: reply for reply in pool.collect(1.0)})
    return results


def test_each_ends_as_it_must_and_the_others_go_on(pool: Callable[..., Pool], tmp_path: Path) -> None:
    wishes = [
        stand_in.SOLVES, stand_in.BURNS, stand_in.HOARDS, stand_in.RAISES,
        stand_in.DIES, stand_in.PRINTS, stand_in.SOLVES,
    ]  # fmt: skip
    with pool() as made:
        submit(made, *wishes)
        results = drained(made)
    states = [results[number]["state"] for number in range(len(wishes))]
    assert states == ["fits", "timed out", "out of memory", "failed", "failed", "fits", "fits"]
    assert 0.9 <= results[1]["cpu_seconds"] < 1.5
    assert "1 CPU seconds" in results[1]["reason"]
    assert "KeyError: 'broken on purpose'" in results[3]["reason"]
    assert "-9" in results[4]["reason"]
    assert "own words" in (tmp_path / "solver.log").read_text()
    first = results[0]
    assert first["attempts"] == [[[[0, 0, 1]], [[0, 0]]]]
    assert first["answered_by"] == [[0, None]]
    assert first["belief"] == [0.75]
    assert (first["programs"][0]["stage"], first["programs"][0]["fits"]) == ("stand-in", True)
    assert first["memory_bytes"] > 0


def test_results_do_not_depend_on_the_number_of_workers(pool: Callable[..., Pool]) -> None:
    found = []
    for jobs in (1, 2):
        with pool(jobs=jobs) as made:
            submit(made, *[stand_in.DRAWS] * 6, stand_in.SOLVES)
            results = drained(made)
        found.append([(results[number]["attempts"], results[number]["programs"]) for number in range(7)])
    assert found[0] == found[1]
    assert "seed 3" in found[0][0][1][0]["why"]


def test_it_is_started_again_when_it_dies_and_gives_up_in_the_end(pool: Callable[..., Pool]) -> None:
    with pool() as made:
        submit(made, *[stand_in.DAWDLES] * 3)
        made.collect(0.0)
        os.kill(_own_process(), signal.SIGKILL)
        assert {reply["state"] for reply in drained(made).values()} == {"fits"}
    with pool(solver="no_such_module:solve") as made:
        submit(made, stand_in.SOLVES)
        (lost,) = drained(made).values()
    assert lost["state"] == "failed"
    assert "solver.log" in lost["reason"]


def test_closing_leaves_no_process(pool: Callable[..., Pool]) -> None:
    with pool(seconds=60.0) as made:
        submit(made, stand_in.BURNS, stand_in.BURNS)
        while len(below := psutil.Process(_own_process()).children()) < 2:
            made.collect(0.1)
    _, living = psutil.wait_procs(below, timeout=10)
    assert all(each.status() == psutil.STATUS_ZOMBIE for each in living), (
        "but for those that init has not buried"
    )


def test_development_ranks_by_what_is_right_on_the_tests(pool: Callable[..., Pool]) -> None:
    with pool() as made:
        submit(made, stand_in.SOLVES, targets=[[[0, 0, 1]]])
        assert drained(made)[0]["attempts"][0][0] == [[0, 0, 1]]


def _own_process() -> int:
    """Of the only pool there is."""
    (found,) = [
        each.pid
        for each in psutil.Process().children()
        if "medalist.families.arc.pool_process" in each.cmdline()
    ]
    return found
