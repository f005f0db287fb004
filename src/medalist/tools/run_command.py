"""The tool that runs a shell command line in the sandbox; one that takes long goes on as a job."""

from __future__ import annotations

from medalist.session.supervisor import LaunchRequest
from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.places import folder_of
from medalist.tools.shell_reading import read_line, script_call
from medalist.tools.start_job import asked_for, script_request, started_text
from medalist.training.kind import Kind

_LONGEST_LINE = 30_000


async def run_command(desk: Desk, command: str, folder: str = ".") -> str:
    """Run a shell command line (bash) in the workspace and return what it printed. One that takes longer than
    half a minute goes on in the background as a job. There is no network. Training belongs to start_job.

    command: The command line, "python explore.py" or "head -3 input/train.csv" for instance.
    folder: Where to run it, relative to the workspace.
    """
    if not command.strip():
        raise Refused("The command is empty.")
    if len(command) > _LONGEST_LINE:
        raise Refused(f"The command has more than {_LONGEST_LINE:,} characters. Write a file and run that.")
    words = script_call(command)
    if words is not None:
        request = script_request(desk, words, folder, log=desk.command_log())
    else:
        where = folder_of(desk, folder)
        root = str(desk.session.workspace.root)
        found = read_line(command, folder=where, root=root, kind_of=desk.kind_of, read=desk.text_of)
        request = LaunchRequest(
            argv=("-c", command),
            program="bash",
            cwd=where,
            name="command",
            log=desk.command_log(),
            kind=Kind.OPAQUE if found.opaque else Kind.NONE,
            code_on_stdin=found.code_on_stdin,
        )
    await desk.approve(request)
    job_id, watched = desk.start(request)
    if not await desk.ended(job_id, desk.settings.command_seconds):
        desk.background.add(job_id)
        running = started_text(job_id, watched) if words is not None else f"Job {job_id} runs."
        return (
            f"It takes longer than {desk.settings.command_seconds:.0f} s and goes on in the background. "
            f"{running}{asked_for(desk, watched)} `wait` returns on news of it.\n{watched.job.tail(2000)}"
        )
    completed = desk.take_output(job_id)
    if watched.stopped:
        return f"Refused: {watched.stopped}\n{completed.output}"
    how = (
        f" ({watched.job.ended.killed_reason})"
        if watched.job.ended and watched.job.ended.killed_reason
        else ""
    )
    end = "" if completed.returncode == 0 else f"\n[return code {completed.returncode}{how}]"
    return (completed.output.rstrip() + end).lstrip("\n") or "(it printed nothing, and succeeded)"
