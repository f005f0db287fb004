"""The tools for jobs that were started: what there is, what one printed, and ending one."""

from __future__ import annotations

from medalist.session.supervisor import Watched
from medalist.tools.desk import Desk
from medalist.tools.telling import progress


async def list_jobs(desk: Desk) -> str:
    """List every job with its state and how far it has come."""
    lines = [f"{job_id}: {state(watched)}" for job_id, watched in desk.jobs.items() if _is_told(desk, job_id)]
    return "\n".join(lines) or "No job was started yet."


async def read_job(desk: Desk, job: str, offset: int = -8000) -> str:
    """Read what a job has printed.

    job: The job's id, "j3" for instance.
    offset: Byte of its log to read from; a negative one counts from the end.
    """
    watched = desk.job(job)
    current = watched.job
    size = current.log_path.stat().st_size if current.log_path.is_file() else 0
    start = max(0, size + offset) if offset < 0 else offset
    text, end = current.read_log(start)
    head = f"{job}: {state(watched)}. Bytes {start} to {end} of its log ({current.spec.log_file}):"
    return f"{head}\n{text.strip() or '(nothing)'}"


async def kill_job(desk: Desk, job: str) -> str:
    """End a running job for good, with everything it started.

    job: The job's id, "j3" for instance.
    """
    watched = desk.job(job)
    if watched.ended:
        return f"{job} had ended already: {state(watched)}."
    desk.kill(job)
    return f"{job} was ended. What it wrote to disk so far is there."


def state(watched: Watched) -> str:
    """A job in one line."""
    command = " ".join(watched.argv[:6] if not watched.request.program else (watched.request.name,))
    if not watched.ended:
        relaunched = f", started again {watched.relaunches} times" if watched.relaunches else ""
        return f"{command}: {progress(watched)}{relaunched}"
    if watched.stopped:
        return f"{command}: ended, {watched.stopped}"
    return f"{command}: ended with return code {watched.completed().returncode} after {watched.seconds:.0f} s"


def _is_told(desk: Desk, job_id: str) -> bool:
    """Commands that ended where they were run are no jobs to anybody."""
    watched = desk.jobs[job_id]
    return not watched.ended or job_id in desk.background
