"""The speed-up's environment under engineers that are no language model with tools: replayed calls, a guest, evolution."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from open_session import open_session
from speedup_attempts import FAST, OTHER, SLOW, Ended, play, run_toy
from speedup_grading import TOY, grade

from medalist.llm.scripted import Reply, Turn, give
from medalist.runs.spec import TaskSpec
from medalist.search.policy import Proposal
from medalist.session.workshop import Draft

C = """
#include <math.h>
void mean_distances(const double *x, long n, long d, double *out) {
    for (long i = 0; i < n; i++) {
        double total = 0;
        for (long j = 0; j < n; j++) {
            double square = 0;
            for (long k = 0; k < d; k++) square += (x[i*d+k]-x[j*d+k]) * (x[i*d+k]-x[j*d+k]);
            total += sqrt(square);
        }
        out[i] = total / n;
    }
}
"""
COMPILED = FAST.replace(
    "import numpy as np",
    """import ctypes
import os
import subprocess

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", "kernel.so", f"{HERE}/kernel.c", "-lm"], check=True)
kernel = ctypes.CDLL("./kernel.so")


def means(points):
    points = np.ascontiguousarray(points)
    out = np.empty(len(points))
    place = ctypes.POINTER(ctypes.c_double)
    n, d = map(ctypes.c_long, points.shape)
    kernel.mean_distances(points.ctypes.data_as(place), n, d, out.ctypes.data_as(place))
    return out
""",
).replace("distances.mean(1)", "means(points)")


def replay(folder: Path, *calls: tuple[str, dict], **settings: object) -> Ended:
    path = folder / "calls.json"
    path.write_text(json.dumps([{"tool": tool, "arguments": arguments} for tool, arguments in calls]))
    return run_toy(folder, "scripted", settings={"calls": str(path), **settings})


def write(path: str, content: str) -> tuple[str, dict]:
    return "write_file", {"path": path, "content": content}


# ------------------------------------------------------------------- handing in


def test_a_program_is_handed_in_with_the_c_source_beside_it(tmp_path: Path) -> None:
    ended = replay(
        tmp_path,
        write("fast/kernel.c", C),
        write("fast/program.py", COMPILED),
        ("submit_intermediate_answer", {"path": "fast/program.py"}),
        ("submit_answer", {"path": "fast/program.py"}),
    )
    judged = ended.all("tool_called")[2]["answer"]
    assert "the original's" in judged, judged
    assert (ended.folder / "submission" / "kernel.c").read_text() == C
    assert ended.grade["passed"], ended.grade
    assert ended.grade["import_seconds"] > 0, "what building took"


def test_only_sources_that_a_program_names_travel_along(tmp_path: Path) -> None:
    """Beside a graded file may lie anything, answers of others among it."""
    (tmp_path / "kernel.c").write_text(C)
    (tmp_path / "helper.py").write_text("")
    file = tmp_path / "program.py"
    file.write_text(
        FAST
        + "\nimport os\n\nassert set(os.listdir(os.path.dirname(__file__))) >= {'worker.py'}\n"
        "assert not {'kernel.c', 'helper.py'} & set(os.listdir(os.path.dirname(__file__)))\n".replace(
            "'kernel.c'", "'kern' + 'el.c'"
        )
    )
    assert grade(TOY / "contract.toml", file)["passed"]


def test_what_was_judged_worse_may_be_handed_in_all_the_same(tmp_path: Path) -> None:
    """It is the engineer's word what its answer is, and the final judge's what that is worth."""
    ended = replay(
        tmp_path,
        write("program.py", FAST),
        ("submit_intermediate_answer", {}),
        write("program.py", OTHER),
        ("submit_answer", {}),
    )
    assert ended.submitted == OTHER
    assert ended.verdict["kind"] == "other function"


def test_development_and_final_grading_draw_other_data(tmp_path: Path) -> None:
    """What is learned meanwhile of the data says nothing of the final ones."""
    remembers = FAST.replace(
        "def run(points, labels, steps):",
        "def run(points, labels, steps):\n    assert abs(points.sum() - FIRST) > 1e-9",
    )
    from medalist.families.speedup.contract import read_contract
    from medalist.families.speedup.grader import DEVELOPMENT_SEED

    first = float(read_contract(TOY).inputs.load()(DEVELOPMENT_SEED)["points"].sum())
    file = tmp_path / "program.py"
    file.write_text(f"FIRST = {first!r}\n{remembers}")
    assert grade(TOY / "contract.toml", file, "--development")["refusal"] == "does not run"
    assert grade(TOY / "contract.toml", file)["passed"]


# ------------------------------------------------------------------ other engineers


def test_a_guest_works_over_mcp_with_the_speed_ups_tools(tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="needs the SDK of the Model Context Protocol")
    from mcp_clients import attend, text_of

    from medalist.runs.guests import create_guest_run

    store = create_guest_run(TaskSpec(TOY, "speedup"), time="4m", out=tmp_path / "run")

    async def work(client) -> list[str]:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert {"read_brief", "run", "profile", "submit_intermediate_answer", "submit_answer"} <= listed
        assert not {"start_job", "submit", "finish", "read_hints"} & listed
        assert "`submit_answer`" in client.instructions
        brief = await text_of(client, "read_brief")
        await text_of(client, "write_file", path="program.py", content=FAST)
        judged = await text_of(client, "submit_intermediate_answer")
        return [brief, judged, await text_of(client, "submit_answer")]

    ((brief, judged, handed_in),) = attend(store, work)
    assert "**4 times** as fast" in brief
    assert "times as fast as the original" in judged
    assert "handed in" in handed_in
    record = store.attempts()[0]
    assert record.state.value == "finished", record.reason
    assert record.result["verdict"]["passed"]


def test_a_person_types_shell_commands_and_hands_in(tmp_path: Path) -> None:
    from medalist.apps.play import Player
    from medalist.runs.guests import create_guest_run, receive

    said: list[str] = []
    store = create_guest_run(TaskSpec(TOY, "speedup"), time="4m", out=tmp_path / "run")
    typed = tmp_path / "typed.txt"
    typed.write_text("echo $((40 + 2))\nrun wc -l program.py\nsubmit_answer\n")
    with typed.open() as lines:
        receive(store, Player(lines, said.append))
    assert any(text == "42" for text in said)
    assert any(re.search(r"\d+ program.py", text) for text in said)
    assert store.attempts()[0].result["verdict"]["kind"] == "too slow"


def test_evolution_is_asked_for_whole_programs_in_the_speed_ups_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def reply(turn: Turn) -> Reply:
        asked.append(turn.messages[-1].text)
        text = [SLOW, OTHER, FAST][min(len(asked), 3) - 1] + f"\nVERSION = {min(len(asked), 7)}\n"
        return give(
            turn, title=f"version {len(asked)}", files=[{"name": "program.py", "content": text}], notes=""
        )

    ended = play(tmp_path, monkeypatch, "evolution", reply, model_share=1.0, seconds=60.0)
    assert ended.state in ("finished", "limit"), ended.reason
    assert ended.grade["passed"], ended.grade
    assert "fast in a way of its own" in asked[0]
    assert any("The judge refused the parent" in text and "other function" in text for text in asked)
    system = ended.requests[0].system
    assert "total += square**0.5" in system
    assert not ended.all("hints_read")
    scores = [event["score"]["value"] for event in ended.all("candidate_finished") if event["score"]]
    assert ended.result["validation_score"] == max(scores)


def test_the_optimisers_edits_are_the_familys_operators(tmp_path: Path) -> None:
    """One edit a draft, never a text twice, also of what somebody else wrote; two parents' edits joined."""
    pytest.importorskip("numba", reason="the toy's loops are worth compiling")
    with open_session("speedup", TOY, tmp_path / "attempt") as session:
        workshop = session.family.workshop(session)
        workshop.prepare()
        (unchanged,) = workshop.population.outcomes
        foreign = Draft("draft", "a language model's", {"program.py": SLOW + "\nVERSION = 1\n"})
        stranger = workshop.start(foreign)
        while workshop.busy:
            workshop.collect(1.0)
        drafts = [workshop.propose(Proposal("draft")) for _ in range(2)]
        improved = workshop.propose(Proposal("improve", (stranger.id,)))
        joined = workshop.propose(Proposal("crossover", (stranger.id, unchanged.candidate.id)))
        workshop.close()
    made = [draft for draft in (*drafts, improved) if draft is not None]
    assert len(made) == 3
    assert all(draft.recipe["transformation"] for draft in made)
    assert len({draft.files["program.py"] for draft in made}) == 3
    assert "VERSION = 1" in improved.files["program.py"]
    assert improved.parents == (stranger.id,)
    assert joined is None, "the unchanged program brings nothing to the other"
