"""The tool that runs a shell command line in the sandbox; one that takes long goes on as a job."""

from __future__ import annotations

from dataclasses import replace

from medalist.session.supervisor import LaunchRequest, Watched
from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.places import folder_of
from medalist.tools.shell_reading import read_line, script_call
from medalist.tools.start_job import asked_for, script_request
from medalist.training.kind import Kind

_LONGEST_LINE = 30_000


async def run_command(desk: Desk, command: str, folder: str = ".") -> str:
    """Run a shell command line (bash) in the workspace and return what it printed. One that takes longer than
    half a minute goes on in the background as a job. There is no network. Training belongs to start_job.

    command: The command line, "python explore.py" or "head -3 input/train.csv" for instance.
    folder: Where to run it, relative to the workspace.
    """
    job_id, watched = await start_command(desk, command, folder)
    if not await desk.ended(job_id, desk.settings.command_seconds):
        return _goes_on(desk, job_id, watched)
    return answer_of(desk, job_id)


async def start_command(
    desk: Desk, command: str, folder: str, *, seconds_limit: float = 0.0
) -> tuple[str, Watched]:
    """Start a shell command line under the desk's checks, and the id it goes by. Raises Refused.

    ``seconds_limit`` ends it, 0 for no limit but the attempt's.
    """
    if not command.strip():
        raise Refused("The command is empty.")
    if len(command) > _LONGEST_LINE:
        raise Refused(f"The command has more than {_LONGEST_LINE:,} characters. Write a file and run that.")
    words = script_call(command)
    if words is not None and words[0] != "-m":
        log = desk.command_log()
        request = script_request(desk, words, folder, log=log, seconds_limit=seconds_limit)
    else:
        request = _line_request(desk, command, folder_of(desk, folder), seconds_limit)
    await desk.approve(request)
    return desk.start(request)


def _line_request(desk: Desk, command: str, folder: str, seconds_limit: float) -> LaunchRequest:
    """The launch of a line for the shell, read first where this desk checks what is run."""
    request = LaunchRequest(
        argv=("-c", command),
        program="bash",
        cwd=folder,
        name="command",
        log=desk.command_log(),
        seconds_limit=seconds_limit or None,
    )
    if not desk.brought.checked:
        return request
    root = str(desk.session.workspace.root)
    found = read_line(command, folder=folder, root=root, kind_of=desk.kind_of, read=desk.text_of)
    kind = Kind.OPAQUE if found.opaque else Kind.NONE
    return replace(request, kind=kind, code_on_stdin=found.code_on_stdin)


def answer_of(desk: Desk, job_id: str) -> str:
    """What a command that has ended printed, and how it ended where it was not well; its log is removed."""
    watched, completed = desk.jobs[job_id], desk.take_output(job_id)
    if watched.stopped:
        return f"Refused: {watched.stopped}\n{completed.output}"
    end = watched.job.ended
    killed = f" ({end.killed_reason})" if end is not None and end.killed_reason else ""
    said = f"\n[return code {completed.returncode}{killed}]" if completed.returncode else ""
    return (completed.output.rstrip() + said).lstrip("\n") or "(it printed nothing, and succeeded)"


def _goes_on(desk: Desk, job_id: str, watched: Watched) -> str:
    """What to say of a command that takes long: it becomes a job, where one more may run."""
    longest = f"{desk.settings.command_seconds:.0f} s"
    if full := desk.full():
        desk.kill(job_id)
        return f"Refused: It took longer than {longest} and was ended, for {full}\n{watched.job.tail(2000)}"
    desk.background.add(job_id)
    return (
        f"It takes longer than {longest} and goes on in the background as job {job_id}; `wait` returns on news of it."
        f"{asked_for(desk, watched)}\nSo far it printed:\n{watched.job.tail(2000)}"
    )
