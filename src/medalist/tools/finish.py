"""The tool that ends an attempt, once something valid is in place."""

from __future__ import annotations

from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.start_job import inference_missing
from medalist.tools.telling import duration, in_place


async def finish(desk: Desk, summary: str = "") -> str:
    """End the attempt: nothing can be done after it, and jobs that still run are ended.

    summary: What was done and what it reached, for the report.
    """
    session = desk.session
    if not session.submissions or not (session.submission_dir / session.family.product).is_file():
        raise Refused("No valid submission is in place. Make one, check it with `validate`, and `submit` it.")
    for job_id in desk.running:
        if missing := inference_missing(desk, desk.jobs[job_id]):
            raise Refused(
                f"Job {job_id} still runs, and {missing} is missing. Write it, wait for the job and submit, "
                f"or end the job with kill_job(job={job_id!r})."
            )
    desk.submitted_finally = True
    desk.summary = summary
    return f"Finished with {duration(session.budget.remaining)} left. {in_place(session)}"
