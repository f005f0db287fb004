"""The judge on the built-in task at an eighth of its size: every cheat is refused, every honest program accepted.

The same program, contract, oracle and judge; fewer images, so that the slow program takes a second, and a target to
match: what is right but slow is measured first, and cheats must not pass for much more than that. Two gradings go on
at a time, each with a lock of its own: here nothing hangs on a few per cent.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from speedup_candidates import CHEATS, EXPECTED, HONEST, lacking, laid_out, refused_as
from speedup_grading import SPEEDUP, grade

from medalist.families.speedup.contract import CONTRACT_FILE, find_task

pytest.importorskip("torch", reason="the task's program is written in torch")

IMAGES = 300
RIGHT_BUT_SLOW = SPEEDUP / "bases" / "arrays.py"
"""What most cheats stand behind; on one machine 11 times as fast, on another 14."""
OUT_OF_REACH = 1.4
"""So many times what is right but slow is measured at is the target that cheats are held to, as 14 was to 10."""
IN_REACH = 6.0
"""The target of honest work, which is 16 times as fast and more."""
SHORTER = {
    "data.py": ("IMAGES = 2400", f"IMAGES = {IMAGES}"),
    "contract.toml": ("call_seconds = 60", "call_seconds = 20"),
}
REWRITES = [SPEEDUP / "rewrites" / f"{name}.py" for name in EXPECTED]


@pytest.fixture(scope="module")
def small_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task") / "complex"
    shutil.copytree(find_task("complex").folder, folder)
    for name, (before, after) in SHORTER.items():
        text = (folder / name).read_text()
        assert before in text
        (folder / name).write_text(text.replace(before, after))
    return folder / CONTRACT_FILE


@pytest.fixture(scope="module")
def verdict(
    small_task: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path], dict[str, Any]]]:
    """What the judge says of a candidate. All are begun at once, two at a time."""
    caches: SimpleQueue[Path] = SimpleQueue()
    first, second = (tmp_path_factory.mktemp("cache") for _ in range(2))
    caches.put(first)

    def judge(path: Path, target: float) -> dict[str, Any]:
        cache, folder = caches.get(), tmp_path_factory.mktemp(path.stem)
        options = ("--target", str(target), "--seconds", "0.8")
        try:
            environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
            return grade(small_task, laid_out(path, folder), *options, environment=environment)
        finally:
            caches.put(cache)

    judge(HONEST[0], IN_REACH)  # calibrates: once for both
    shutil.copytree(first, second, dirs_exist_ok=True)
    caches.put(second)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.map(judge, [RIGHT_BUT_SLOW] * 2, [IN_REACH] * 2)
        out_of_reach = OUT_OF_REACH * max(report["ratio"] for report in slow)
        begun: dict[Path, Future[dict[str, Any]]] = {
            path: pool.submit(judge, path, IN_REACH if path in HONEST else out_of_reach)
            for path in [*CHEATS, *HONEST, *REWRITES]
            if not lacking(path)
        }
        yield lambda path: begun[path].result()
        for each in begun.values():
            each.cancel()


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_every_cheat_is_refused_and_the_reason_named(path, verdict):
    report = verdict(path)
    assert report["status"] != "grader_error", report["reason"]
    assert not report["passed"], report
    assert report["refusal"] in refused_as(path), report["reason"]
    assert report["reason"].startswith(f"{report['refusal']}: ")


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.stem)
def test_every_honest_program_is_accepted(path, verdict):
    if lacking(path):
        pytest.skip(f"{path.name} needs {lacking(path)}, which is not here")
    report = verdict(path)
    assert report["equal"], report["reason"]
    assert report["passed"], report["reason"]


@pytest.mark.parametrize("path", REWRITES, ids=lambda path: path.stem)
def test_of_the_well_known_rewrites_those_that_are_other_functions_are_refused(path, verdict):
    report = verdict(path)
    assert report["refusal"] in EXPECTED[path.stem]["preserve"], report["reason"]
