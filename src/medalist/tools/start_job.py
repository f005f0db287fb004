"""The tool that starts a script in the background, reviewed first and under every check until it ends."""

from __future__ import annotations

import itertools
import posixpath
import re
from pathlib import PurePosixPath

from medalist.session.supervisor import LaunchRequest, Watched
from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.places import folder_of, place_of
from medalist.tools.shell_reading import script_call
from medalist.tools.telling import advice, edits

_NAME = re.compile(r"[\w-]{1,40}")


async def start_job(
    desk: Desk, command: str, folder: str = ".", name: str = "", cores: int = 0, seconds_limit: float = 0.0
) -> str:
    """Start a Python script in the background. This is how training is run: the script is reviewed, watched
    from its first minute, and stopped, mended or started again where a check calls for it. Returns at once.

    command: "python train.py" and the script's arguments; "python -m module" and
        "python -m torch.distributed.run --nproc_per_node=4 train.py" will do too.
    folder: Where to run it, relative to the workspace.
    name: What to call it; its log is NAME.log in that folder. The script's name when empty.
    cores: How many cores it may use; all when 0.
    seconds_limit: End it after so many seconds; 0 for no limit but the attempt's.
    """
    words = script_call(command)
    if words is None:
        raise Refused(
            f"start_job takes one Python script with its arguments, as in start_job(command='python train.py "
            f"--epochs 3', folder='work'), and not {command!r:.200}. Anything else is for run_command."
        )
    if name and not _NAME.fullmatch(name):
        raise Refused(f"A job's name is of letters, digits, - and _, 40 at most, and not {name!r:.80}.")
    request = script_request(desk, words, folder, name=name, cores=cores, seconds_limit=seconds_limit)
    await desk.approve(request)
    job_id, watched = desk.start(request, background=True)
    reviewed = f"{edits(watched, desk.text_of(desk.script_of(request)))}{advice(watched)}"
    return f"{started_text(job_id, watched)}{asked_for(desk, watched)}{reviewed}"


def script_request(
    desk: Desk,
    words: tuple[str, ...],
    folder: str,
    *,
    name: str = "",
    log: str = "",
    cores: int = 0,
    seconds_limit: float = 0.0,
) -> LaunchRequest:
    """The launch of ``python WORDS...`` in a folder. Raises Refused for a script outside the workspace."""
    where = folder_of(desk, folder)
    argv, label = _module(desk, words, where) if words[0] == "-m" else _script(desk, words, where)
    label = name or re.sub(r"[^\w-]", "_", label)[:40]
    return LaunchRequest(
        argv=argv,
        cwd=where,
        name=label,
        log=log or _free_log(desk, where, label),
        cores=_least_used(desk, cores),
        seconds_limit=seconds_limit if seconds_limit > 0 else None,
    )


def _module(desk: Desk, words: tuple[str, ...], where: str) -> tuple[tuple[str, ...], str]:
    """``-m MODULE ...`` of a module in the workspace, or of a launcher that is handed a script; and its name."""
    if words[1].partition(".")[0] == "medalist":
        raise Refused("Medalist's own modules are not run from here; the tools do what they are for.")
    script = desk.script_of(LaunchRequest(words, cwd=where))
    if not script:
        raise Refused(
            f"{words[1]} is no module of the workspace, nor a launcher with a script. Use run_command."
        )
    return words, PurePosixPath(script).stem


def _script(desk: Desk, words: tuple[str, ...], where: str) -> tuple[tuple[str, ...], str]:
    """The path of a script in the workspace with its arguments; and its name."""
    root = desk.session.workspace.root
    script = place_of(desk, str(root / where / words[0]))
    resolved = script.path.resolve()
    if script.public or not resolved.is_relative_to(root):
        raise Refused(f"{words[0]} lies outside the workspace. Copy it into the workspace to run it.")
    if not resolved.is_file():
        raise Refused(f"There is no script {words[0]!r} in {where}. Write it first, with write_file.")
    inside = posixpath.relpath(resolved.relative_to(root).as_posix(), where)
    if not inside.endswith(".py") and desk.kind_of((inside, *words[1:]), where).trains:
        raise Refused(f"{words[0]} trains, or hides what it runs. A script that trains is called NAME.py.")
    return (inside, *words[1:]), PurePosixPath(inside).stem


def started_text(job_id: str, watched: Watched) -> str:
    """That a job runs, where it prints to, and what the review changed or advises."""
    watched_by = "; a training, so it is checked from its first minute on" if watched.kind.trains else ""
    return (
        f"Job {job_id} runs: python {' '.join(watched.argv)} (log: {watched.job.spec.log_file}{watched_by})."
    )


def inference_missing(desk: Desk, watched: Watched) -> str:
    """The path of the inference script that should stand beside a training's, "" when it does or none is needed."""
    script = desk.settings.inference_script
    if not script or not watched.kind.trains:
        return ""
    path = PurePosixPath(watched.request.cwd) / script
    return "" if (desk.session.workspace.root / path).is_file() else str(path)


def asked_for(desk: Desk, watched: Watched) -> str:
    """What is to be done while a job runs."""
    missing = inference_missing(desk, watched)
    if not missing:
        return ""
    return f" {missing} is missing: write it now, while this trains, and try it as soon as there is a model."


def _free_log(desk: Desk, folder: str, name: str) -> str:
    """A log that no running job prints to."""
    taken = {desk.jobs[job_id].job.spec.log_file for job_id in desk.running}
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    logs = (str(PurePosixPath(folder) / f"{each}.log") for each in names)
    return next(log for log in logs if log not in taken)


def _least_used(desk: Desk, wanted: int) -> tuple[int, ...]:
    """So many of the attempt's cores, those first that the fewest running jobs may use; () for all."""
    cores = desk.session.cores
    if not 0 < wanted < len(cores):
        return ()
    users = {core: sum(core in desk.jobs[job].cores for job in desk.running) for core in cores}
    return tuple(sorted(sorted(cores, key=lambda core: (users[core], core))[:wanted]))
