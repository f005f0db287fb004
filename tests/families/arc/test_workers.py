"""Programs of a language model in sandboxed workers: whatever they do, each gets its answer or a reason, and no other
program's answer changes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

from medalist.families.arc.grids.cells import same
from medalist.families.arc.workers.outcome import Trouble, failed, pack_outcome, unpack_outcome
from medalist.families.arc.workers.pool import WorkerPool
from medalist.families.arc.workers.reading import Company, read
from medalist.families.arc.workers.worker import WorkerLimits
from medalist.workspace.sandbox import AUTOMATIC

INPUTS = [np.array([[1, 2], [3, 4], [5, 6]], np.int8), np.array([[7, 0]], np.int8)]
GOOD = "import numpy as np\ndef solve(grid):\n    return np.rot90(grid, {})\n"


def solve(body: str, before: str = "import numpy as np\n") -> str:
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return f"{before}def solve(grid):\n{lines}\n"


BAD = {
    "def solve(grid:": (Trouble.NOT_PYTHON, "line 1"),
    "def solve(grid):\n    return " + "-" * 50_000 + "1": (Trouble.NOT_PYTHON, "deeply"),
    "answer = 1": (Trouble.NO_SOLVE, "solve(grid)"),
    "import socket, torch\n" + solve("return grid"): (Trouble.IMPORTS, "socket, torch"),
    solve("return grid[9]"): (Trouble.RAISED, "line 3, in solve: return grid[9]"),
    solve("return solve(grid)"): (Trouble.RAISED, "RecursionError"),
    solve("raise SystemExit(0)"): (Trouble.EXITED, "SystemExit"),
    solve("__import__('os')._exit(7)"): (Trouble.EXITED, "status 7"),
    solve("__import__('os').kill(__import__('os').getppid(), 9)"): (Trouble.EXITED, "signal 9"),
    solve("while True: pass"): (Trouble.TOO_SLOW, "CPU seconds"),
    solve("while True:\n    try:\n        while True: pass\n    except BaseException: pass"): (
        Trouble.TOO_SLOW,
        "CPU seconds",
    ),
    solve("return 10 ** 10 ** 9 % 7"): (Trouble.TOO_SLOW, "CPU seconds"),
    solve("import time\ntime.sleep(99)"): (Trouble.TOO_SLOW, "had not answered"),
    solve("return np.ones((10 ** 6, 10 ** 6))"): (Trouble.TOO_MUCH_MEMORY, "memory"),
    solve("kept = []\nwhile True: kept.append(np.zeros(10**7))"): (Trouble.TOO_MUCH_MEMORY, "memory"),
    solve("while True: print('x' * 99)"): (Trouble.PRINTS, "printed"),
    solve("os = __import__('os')\nif not os.fork():\n    while True: pass\nreturn grid"): (
        Trouble.PROCESSES,
        "other processes",
    ),
    solve("return None"): (Trouble.NOT_A_GRID, "None"),
    solve("return 'grid'"): (Trouble.NOT_A_GRID, "str"),
    solve("return [[1, 2], [3]]"): (Trouble.NOT_A_GRID, "ragged"),
    solve("return [1, 2]"): (Trouble.NOT_A_GRID, "list"),
    solve("return [[1, 'a']]"): (Trouble.NOT_A_GRID, "whole numbers"),
    solve("return grid[0]"): (Trouble.NOT_A_GRID, "two dimensions"),
    solve("return grid + 0.5"): (Trouble.NOT_A_GRID, "whole numbers"),
    solve("return grid - 9"): (Trouble.NOT_A_GRID, "-8"),
    solve("return np.ones((31, 2))"): (Trouble.NOT_A_GRID, "31 x 2"),
    solve("return grid[:0]"): (Trouble.NOT_A_GRID, "0 x 2"),
}
"""Programs that answer nothing, each with the kind of trouble and words of its sentence."""

HOSTILE = [
    "import numpy as np\nnp.rot90 = lambda *a: a[0]\ndef solve(grid):\n    return grid\n",
    solve("import builtins\nreturn grid"),
    solve("__builtins__['len'] = lambda x: 9\nreturn grid"),
    solve(
        "(lambda: 0).__globals__['np'].rot90.__code__ = (lambda m, k=1, axes=(0, 1): m).__code__\nreturn grid"
    ),
    solve("np.seterr(all='raise')\nnp.random.seed(1)\nreturn grid"),
    solve(
        "import gc\nfor each in gc.get_objects():\n    if isinstance(each, list): each.clear()\nreturn grid"
    ),
    solve(
        "for each in object.__subclasses__():\n    if each.__name__ == '_wrap_close':\n"
        "        each.__init__.__globals__['system']('sleep 99 &')\nreturn grid"
    ),
    solve(
        "def late():\n    try:\n        yield\n    finally:\n        while True: pass\nx = late()\nnext(x)\nreturn x"
    ),
    solve("frame = (lambda: (yield)).__call__().gi_frame\nwhile frame: frame = frame.f_back\nreturn grid"),
    solve("open('/tmp/left', 'w').close()\nreturn grid"),
]
"""Programs that reach for what other programs use; what becomes of themselves is their own affair."""


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(limits=WorkerLimits(seconds=0.2, memory_bytes=128 << 20)) as made:
        yield made


def test_whatever_programs_do_each_gets_its_own_answer_or_the_reason(pool):
    """All in one go, a good program after each bad one."""
    sources = []
    for number, source in enumerate([*BAD, *HOSTILE]):
        sources += [source, GOOD.format(number)]
    outcomes = pool.run(sources, INPUTS)
    for number, outcome in enumerate(outcomes[1::2]):
        assert outcome.trouble is None
        assert all(same(a, np.rot90(b, number)) for a, b in zip(outcome.answers, INPUTS, strict=True))
    for (source, (trouble, words)), outcome in zip(BAD.items(), outcomes[::2], strict=False):
        assert (outcome.trouble, words in outcome.texts[0]) == (trouble, True), (source[:200], outcome)


def test_what_comes_near_a_grid_is_taken_for_one_with_a_remark(pool):
    asked = [
        solve("return grid.tolist()"),
        solve("return [row for row in grid]"),
        solve("return grid * 1.0"),
        solve("return grid > 2"),
        solve("return grid if grid.shape[0] > 1 else None"),
        solve("return np.linalg.matrix_rank(grid) * np.ones((1, 1), np.uint8)"),
        "class Rule:\n    def __init__(self, k):\n        self.k = k\n" + solve("return grid[::Rule(-1).k]"),
        solve("return grid if (grid >= 0).all() and np.clip(grid, 0, 9).var() >= 0 else None"),
    ]
    outcomes = pool.run(asked, INPUTS)
    assert [outcome.remark != "" for outcome in outcomes] == [True] * 4 + [False] * 4
    assert all(same(outcomes[number].answers[0], INPUTS[0]) for number in (0, 1, 2))
    assert [answer is None for answer in outcomes[4].answers] == [False, True]
    assert outcomes[5].trouble is None
    assert outcomes[7].trouble is None, "NumPy imports parts of itself late"
    assert same(outcomes[6].answers[0], INPUTS[0][::-1])


def test_a_program_sees_no_variable_and_no_file_of_ours_and_no_network(pool, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    (tmp_path / "answers.json").write_text("secret")
    look = "os = __import__('os')\nraise ValueError(sorted(os.environ), os.path.exists({!r}))"
    reach = "s = __import__('socket')\ns.create_connection(('127.0.0.1', 9), 1)"
    looked, reached = pool.run([solve(look.format(str(tmp_path))), solve(reach)], INPUTS)
    assert "'HOME'" in looked.texts[0]
    assert "OPENAI_API_KEY" not in looked.texts[0]
    assert "not permitted" in reached.texts[0] or "unreachable" in reached.texts[0]


@pytest.mark.parametrize("sandbox", AUTOMATIC, ids=lambda sandbox: sandbox.name)
def test_every_sandbox_runs_workers_hides_keys_and_leaves_nothing(sandbox, tmp_path):
    if sandbox.missing():
        pytest.skip(sandbox.missing())
    spies = [solve(f"open('/proc/{pid}/environ')") for pid in (os.getpid(), os.getppid())]
    with WorkerPool(sandbox=sandbox, folder=tmp_path, limits=WorkerLimits(seconds=0.5)) as pool:
        outcomes = pool.run([GOOD.format(1), solve("open('x', 'w').write('y')"), *spies], INPUTS)
        assert same(outcomes[0].answers[0], np.rot90(INPUTS[0]))
        assert [outcome.trouble for outcome in outcomes[1:]] == [Trouble.RAISED] * 3
    assert os.listdir(tmp_path) == []


def test_workers_serve_many_puzzles_and_are_replaced_in_time():
    with WorkerPool(limits=WorkerLimits(programs=100)) as pool:
        for turns in range(3):
            outcomes = pool.run([GOOD.format(number) for number in range(70)], INPUTS[: turns % 2 + 1])
            assert [len(outcome.answers) for outcome in outcomes] == [turns % 2 + 1] * 70
        assert pool.started == 2
        assert pool.run([], INPUTS) == []


@pytest.mark.parametrize(
    ("text", "company"),
    [
        (GOOD, Company.SHARED),
        (
            "from collections import Counter\n" + solve("return Counter(grid.ravel().tolist())"),
            Company.SHARED,
        ),
        (solve("return type(grid)([1])"), Company.SHARED),
        (solve("return grid") + "if __name__ == '__main__':\n    print(solve([]))\n", Company.SHARED),
        (solve("return type('A', (), {})"), Company.FORKED),
        (solve("make = type\nreturn make"), Company.FORKED),
        (solve("grid.resize((9, 9), refcheck=False)"), Company.FORKED),
        (solve("np.float64 = 1"), Company.FORKED),
        ("class A:\n    size = 1\n    def area(self):\n        return self.size\n", Company.FORKED),
        (solve("return np.ctypeslib.ctypes"), Company.LAST),
        (solve("match grid:\n    case object(__class__=c): return c"), Company.FORKED),
        ("from operator import attrgetter\n" + solve("return grid"), Company.FORKED),
        ("from numpy import *\n" + solve("return grid"), Company.FORKED),
        ("from numpy.lib.stride_tricks import as_strided\n" + solve("return grid"), Company.FORKED),
        (solve("return (yield).gi_frame"), Company.LAST),
        (solve("global __builtins__\n__builtins__ = {}"), Company.LAST),
        (solve("return getattr(grid, 'x' + 'y')"), Company.LAST),
        (solve("return eval('1')"), Company.LAST),
        (solve("return grid.__reduce__()"), Company.LAST),
        ("import numpy as __builtins__\n", Company.LAST),
    ],
)
def test_only_what_can_change_nothing_shares_a_process(text, company):
    assert read(text).company is company


def test_an_outcome_is_read_back_and_nothing_else_is():
    outcome = failed(Trouble.RAISED, "no", 2)
    packed = pack_outcome(outcome, spent=True)
    back, spent = unpack_outcome(packed, 2)
    assert (back.faults, spent) == (outcome.faults, True)
    refused = [packed[:cut] for cut in range(len(packed))]
    refused += [packed.replace(b"raised", b"raise!"), packed.replace(b"null", b"[9,9]", 1), b"\xff" * 40]
    refused += [packed.replace(b'"shapes": [null, null]', b'"shapes": [[1, 1], null]') + b"\x63"]
    for data in refused:
        with pytest.raises(ValueError):
            unpack_outcome(data, 2)
    with pytest.raises(ValueError):
        unpack_outcome(packed, 3)
