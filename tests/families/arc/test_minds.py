"""A puzzle is solved with a language model: a real server on loopback, real sandboxed workers, scripted answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from medalist.core.event import EventLog
from medalist.families.arc.grids.cells import same
from medalist.families.arc.grids.puzzle import Pair, Puzzle
from medalist.families.arc.individual import judge
from medalist.families.arc.language.program import INPUT
from medalist.families.arc.minds import ModelSolution, Switches, solve_with_model
from medalist.families.arc.roles.voting import vote
from medalist.families.arc.solving.solve import Believed, Solution
from medalist.families.arc.workers.pool import WorkerPool
from medalist.families.arc.workers.worker import WorkerLimits
from medalist.llm.door import Door
from medalist.llm.scripted import Reply, ScriptedProvider, Turn, fail, give
from medalist.llm.settings import LlmSettings

KEY = "sk-test-0123456789abcdef0123456789"
FRAME = "import numpy as np\ndef solve(grid):\n    return {}\n"
MIRROR = FRAME.format("grid[:, ::-1]")


def grid(*rows: str) -> np.ndarray:
    return np.array([[int(cell) for cell in row] for row in rows], np.int8)


FIRST, SECOND, TEST = grid("120", "000"), grid("3000", "0400"), grid("50607")
MIRRORED = Puzzle(tuple(Pair(each, each[:, ::-1]) for each in (FIRST, SECOND)), (TEST,))


def role(turn: Turn) -> str:
    return turn.system.split("You are the ")[1].split(".")[0]


def code(turn: Turn, text: str) -> Reply:
    return give(turn, rule="a rule", code=text)


def player(**parts: Callable[[Turn], Reply]) -> Callable[[Turn], Reply]:
    """A reply by role: analyst and tagger answer something sensible where the test gives them no part."""
    usual = {
        "analyst": lambda turn: give(turn, observations="cells move", rule="mirror each row"),
        "tagger": lambda turn: give(turn, techniques=["flip"]),
    }
    return lambda turn: {**usual, **parts}[role(turn)](turn)


@pytest.fixture(scope="module")
def workers() -> Iterator[WorkerPool]:
    with WorkerPool(limits=WorkerLimits(seconds=0.2, memory_bytes=128 << 20)) as pool:
        yield pool


class Asked:
    """What was asked for a puzzle, and what was written."""

    def __init__(self, solution: ModelSolution, requests: list[Turn], folder: Path, told: list[str]) -> None:
        self.solution = solution
        self.requests = requests
        self.folder = folder
        self.told = told

    def prompts(self, name: str) -> list[str]:
        return [turn.prompt for turn in self.requests if role(turn) == name]


@pytest.fixture
def solve(tmp_path: Path, workers: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Asked]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def run(
        reply: Callable[[Turn], Reply],
        puzzle: Puzzle = MIRRORED,
        *,
        playbook: Solution | None = None,
        llm: dict | None = None,
        **options,
    ) -> Asked:
        told: list[str] = []
        events = EventLog(tmp_path / "events.jsonl", elapsed=lambda: 0.0)
        with ScriptedProvider(reply) as provider:
            settings = LlmSettings(model=f"openai:scripted@{provider.base_url_openai}", **(llm or {}))
            with Door(settings, events, tmp_path / "llm.jsonl", cache_dir=tmp_path) as door:
                options = {"population": 2, "generations": 3, "seed": 0} | options
                solution = solve_with_model(
                    puzzle, door, playbook, workers=workers, tell=told.append, **options
                )
        return Asked(solution, provider.requests, tmp_path, told)

    return run


def test_a_task_is_solved_by_analysis(solve):
    """The programmer writes what the analyst says, and nothing right without."""
    asked = solve(
        player(
            programmer=lambda turn: code(
                turn, MIRROR if "mirror each row" in turn.prompt else FRAME.format("grid")
            )
        )
    )
    found = asked.solution
    assert found.fits
    assert (found.generations, found.development) == (1, False)
    assert same(found.attempts[0][0], TEST[:, ::-1])
    assert not same(*found.attempts[0])
    assert found.believed[0].votes == 1, "the same text twice is one program"
    assert found.tags == ("flip",)
    assert found.requests == {"tagger": 2, "analyst": 2, "programmer": 2}
    roles = {json.loads(line)["role"] for line in (asked.folder / "llm.jsonl").read_text().splitlines()}
    assert roles == {"tagger", "analyst", "programmer"}
    assert "1 2 0" in asked.prompts("analyst")[0]
    assert len(set(asked.prompts("analyst"))) == 2


BEHAVIOUR = {
    "crash": (FRAME.format("grid[9, 9]"), "IndexError"),
    "loop": ("def solve(grid):\n    while True:\n        pass\n", "CPU seconds"),
    "import": ("import os\n" + MIRROR, "imports os"),
    "fork": (
        "def solve(grid):\n    os = __import__('os')\n    if not os.fork():\n        os.read(0, 1)\n"
        "        while True: pass\n    return grid[:, ::-1]\n",
        "started other processes",
    ),
    "write": ("def solve(grid):\n    open('found.txt', 'w').write('x' * 99)\n    return grid\n", "Error"),
    "print": ("def solve(grid):\n    while True:\n        print('again')\n", "printed"),
    "leak": (
        "def solve(grid):\n    raise ValueError(__import__('os').environ.get('OPENAI_API_KEY', 'no key here'))\n",
        "no key here",
    ),
    "wrong": (FRAME.format("np.where(grid == 1, 7, grid)[:, ::-1]"), "7>1"),
}


def test_programs_that_misbehave_go_back_with_what_was_wrong_and_no_key_leaks(solve):
    texts = [text for text, _ in BEHAVIOUR.values()]
    asked = solve(
        player(
            programmer=lambda turn: code(turn, texts.pop()),
            refiner=lambda turn: (
                code(turn, MIRROR) if "7>1" in turn.prompt else give(turn, code=FRAME.format("grid.T"))
            ),
        ),
        population=len(BEHAVIOUR),
        generations=4,
        seed=1,
    )
    assert asked.solution.fits
    assert same(asked.solution.attempts[0][0], TEST[:, ::-1])
    judged = {each.text: each for each in asked.solution.individuals}
    for name, (text, said) in BEHAVIOUR.items():
        if name != "wrong":
            assert said in judged[text].faults[0], name
    faults = "\n".join(asked.prompts("refiner"))
    assert "7>1" in faults
    written = [path.read_bytes() for path in asked.folder.rglob("*") if path.is_file()]
    for secret in (KEY, KEY[8:]):
        assert not any(secret.encode() in each for each in written)
        assert not any(secret in json.dumps(turn.raw) for turn in asked.requests)


def test_two_half_right_parents_are_fused(solve):
    """One program solves the first pair alone, one the second; crossover is shown both and what each lacks."""
    halves = [FRAME.format(f"grid[:, ::-1] if grid.shape[1] == {width} else grid") for width in (3, 4)]

    def cross(turn: Turn) -> Reply:
        assert all(half.strip() in turn.prompt for half in halves)
        return code(turn, MIRROR)

    waiting = list(halves)
    asked = solve(
        player(
            programmer=lambda turn: code(turn, waiting.pop()),
            refiner=lambda turn: code(turn, FRAME.format("grid")),
            crossover=cross,
        ),
        generations=12,
    )
    assert asked.solution.fits
    assert asked.solution.believed[0].individual.origin == "crossover"
    assert len(asked.prompts("crossover")) >= 1


def test_what_is_switched_off_is_not_asked_for(solve):
    halves = [FRAME.format(f"grid[:, ::-1] if grid.shape[1] == {width} else grid") for width in (3, 4)]
    off = Switches(no_analyst=True, no_tagger=True, no_crossover=True)
    asked = solve(
        player(
            programmer=lambda turn: code(turn, halves.pop()),
            refiner=lambda turn: code(turn, FRAME.format("grid")),
        ),
        switches=off,
    )
    assert {role(turn) for turn in asked.requests} == {"programmer", "refiner"}
    assert asked.solution.ended == "all generations were made"
    assert not asked.solution.fits
    assert len(asked.solution.attempts) == 1, "there are always two attempts"


def test_the_playbooks_near_misses_are_examples_and_parents(solve):
    nearly = Puzzle(tuple(Pair(each, np.where(each == 4, 8, each)) for each in (FIRST, SECOND)), (TEST,))
    near = Believed(INPUT, "detectors", 0.3, "left as it is", False, (1, 0.9), (TEST,))
    asked = solve(
        player(
            programmer=lambda turn: fail(400, "not today"),
            refiner=lambda turn: code(turn, FRAME.format("np.where(grid == 4, 8, grid)")),
        ),
        nearly,
        playbook=Solution((), (near,), 0, {}),
    )
    assert asked.solution.fits
    assert "Near miss 1, which solves 1 of 2 pairs" in asked.prompts("programmer")[0]
    assert "4>8" in asked.prompts("refiner")[0]
    assert "def solve" in asked.prompts("refiner")[0]


def test_a_seed_asks_the_same_questions(solve):
    """Whichever of the requests that run side by side is answered first."""

    def write(turn: Turn) -> Reply:
        return code(turn, FRAME.format(f"np.where(grid == {crc32(turn.prompt.encode()) % 9}, 0, grid)"))

    def asked(seed: int) -> list[str]:
        analyst = lambda turn: give(turn, observations="", rule=turn.prompt[-60:])  # noqa: E731
        reply = player(analyst=analyst, programmer=write, refiner=write, crossover=write)
        return sorted(turn.prompt for turn in solve(reply, population=3, seed=seed).requests)

    first = asked(5)
    assert len(first) == 1 + 3 * 4
    assert asked(5) == first


def test_at_a_limit_what_there_is_counts(solve):
    asked = solve(player(programmer=lambda turn: code(turn, MIRROR)), llm={"max_tokens": 10})
    assert asked.requests == []
    assert "tokens" in asked.solution.ended
    assert same(asked.solution.attempts[0][0], TEST), "a fallback"


def test_when_the_time_is_over_nothing_more_is_waited_for(solve):
    asked = solve(player(analyst=lambda turn: give(turn, observations="", rule="").slow(60.0)), seconds=0.3)
    assert asked.solution.ended == "the time was over"
    assert len(asked.solution.attempts) == 1
    assert asked.solution.belief == (0.0,)


def test_test_outputs_steer_only_where_they_are_given_and_stamp_the_result(solve):
    """Both programs fit the pairs; with the outputs known the search goes on, and the vote never looks."""
    both = Puzzle((Pair(FIRST, FIRST),), (TEST,))
    asked = solve(
        player(
            programmer=lambda turn: code(turn, FRAME.format("grid")),
            refiner=lambda turn: code(turn, FRAME.format("np.where(grid > 4, grid - 5, grid)")),
        ),
        both,
        development=[np.where(TEST > 4, TEST - 5, TEST)],
        generations=2,
    )
    assert asked.solution.development
    assert asked.solution.generations == 2
    assert {each.fitness([np.where(TEST > 4, TEST - 5, TEST)]) for each in asked.solution.individuals} == {
        1,
        11,
    }


def test_votes_go_to_answers_and_not_to_programs():
    puzzle = Puzzle((Pair(FIRST, FIRST),), (TEST,))
    right, wrong, misses = [FIRST, TEST], [FIRST, TEST.T], [FIRST.T, TEST]
    told = {"a": right, "bb": right, "c": wrong, "d": misses, "e": [FIRST, None]}
    made = [judge(name, answers, puzzle, origin="programmer") for name, answers in told.items()]
    first, second = vote(made)
    assert (first.individual.text, first.votes) == ("a", 2)
    assert (second.individual.text, second.votes) == ("c", 1)
    assert 0 < second.confidence < first.confidence < 1
