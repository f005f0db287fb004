"""What an engineer may do in a speed-up beside reading and writing files: run, profile, ask the judge, hand in (SPEC S2)."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import Literal

from medalist.core.candidate import Candidate
from medalist.families.speedup.refusals import Refused as NotWellFormed
from medalist.families.speedup.versions import ANSWER, Versions
from medalist.session.supervisor import LaunchRequest
from medalist.tools.brought import Brought
from medalist.tools.definition import Refused, define
from medalist.tools.desk import Desk
from medalist.tools.places import place_of, writable_place
from medalist.tools.run_command import answer_of, start_command

STEPS = 15
KEEPS = frozenset(
    ("read_file", "write_file", "edit_file", "list_files", "search_files", "read_output", "ask_oracle")
)
_LONGEST_RUN_SECONDS = 600.0
_PROFILE_SECONDS = 600.0


def bring(versions: Versions, *, profiler: bool, intermediate: bool) -> Brought:
    """The tools of a speed-up, with and without the profiler and intermediate answers; the workflow speaks of no other."""
    answers = Answers(versions)
    asking = [answers.submit_intermediate_answer] if intermediate else []
    functions = [run, *([profile] if profiler else []), *asking, answers.submit_answer]
    find = "Find out where the time goes, " + (
        "with profile." if profiler else "by timing parts of the program."
    )
    check = (
        "Have each step that should pay judged with submit_intermediate_answer: it says whether the answers are still "
        "right, and how fast the program is. What is right and faster than before is kept meanwhile."
        if intermediate
        else "Before you hand in, compare your program's answers with the original's on made inputs, and time both."
    )
    workflow = (
        find,
        f"Rewrite what takes the most time, in {versions.product}. Then look again: what is left has another shape.",
        check,
        "Hand in with submit_answer. It ends your work.",
    )
    return Brought(
        keeps=KEEPS,
        adds=tuple(define(function) for function in functions),
        workflow=workflow,
        ending="submit_answer",
        shell="run",
        steps=STEPS,
        checked=False,
    )


async def run(desk: Desk, command: str, folder: str = ".", seconds: float = 300.0) -> str:
    """Run a shell command line (bash) in the workspace and return what it printed. There is no network.

    command: The command line, "python try.py" for instance.
    folder: Where to run it, relative to the workspace.
    seconds: End it after so many seconds; 600 at most.
    """
    limit = min(max(1.0, seconds), _LONGEST_RUN_SECONDS)
    job_id, _ = await start_command(desk, command, folder, seconds_limit=limit)
    await desk.ended(job_id, math.inf)
    return answer_of(desk, job_id)


async def profile(
    desk: Desk, path: str = "program.py", by: Literal["functions", "lines"] = "functions"
) -> str:
    """Call a program once as the judge does, on made inputs, and say where its time goes.

    path: The program, relative to the workspace.
    by: functions (cProfile) or lines (sampled, so that the program is hardly slowed).
    """
    place, told = place_of(desk, path), desk.session.task.settings
    argv = ("-m", "medalist.families.speedup.profiling", place.shown)
    argv += ("--entry", told["entry"], "--maker", f"input/{told['maker']}", "--by", by)
    request = LaunchRequest(
        argv,
        name="profile",
        log=desk.command_log(),
        cores=desk.session.cores[: told["threads"]],
        seconds_limit=_PROFILE_SECONDS,
    )
    job_id, _ = desk.start(request)
    await desk.ended(job_id, math.inf)
    return answer_of(desk, job_id)


class Answers:
    """The tools that answer; ``versions`` is the attempt's."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    async def submit_intermediate_answer(self, desk: Desk, path: str = "program.py") -> str:
        """Have a version of the program judged, by the judge's own code on data for development, and go on working.
        It says whether the answers are right and how fast it is. Takes half a minute, the first time a few minutes.

        path: The program, relative to the workspace.
        """
        versions, gone = self._versions, threading.Event()
        candidate = self._kept(desk, path, "intermediate", "judged meanwhile")
        file = versions.copy_out(candidate.folder)
        try:
            judged = await asyncio.to_thread(versions.ask_judge, file, gone.is_set)
        except asyncio.CancelledError:
            gone.set()
            versions.failed(candidate, "its judgement was not waited for")
            raise
        versions.tell(candidate, judged)
        return judged.as_text()

    async def submit_answer(self, desk: Desk, path: str = "program.py") -> str:
        """Hand in your answer. It ends your work; the final judge draws data of its own.

        path: The program, relative to the workspace.
        """
        candidate = self._kept(desk, path, ANSWER, "handed in")
        if not self._versions.hand_in(candidate):
            raise Refused(f"{path} was not taken: {desk.session.refusal}")
        desk.submitted_finally = True
        return f"{path} is handed in. Your work is done."

    def _kept(self, desk: Desk, path: str, operator: str, how: str) -> Candidate:
        place = writable_place(desk, path)
        try:
            return self._versions.keep(place.relative, operator=operator, title=f"{place.shown}, {how}")
        except NotWellFormed as refused:
            raise Refused(refused.told) from refused
