"""The tool that replaces sleeping and polling: it returns when something has happened."""

from __future__ import annotations

from medalist.tools.desk import Desk
from medalist.tools.jobs import state
from medalist.tools.start_job import inference_missing


async def wait(desk: Desk, seconds: float = 300.0) -> str:
    """Wait for news of running jobs: an epoch or fold done, a check's verdict, a job started again, a job's
    end, or time running short. Returns at the first news; work that is left to do is better done meanwhile.

    seconds: The longest to wait; 900 at most.
    """
    longest = min(max(0.0, seconds), desk.settings.longest_wait_seconds)
    if not desk.running:
        news = desk.take_notes() or ["No job runs, so there is nothing to wait for."]
        return "\n".join([*news, desk.clock.line(desk.session, always=True)])
    news = await desk.wait_news(longest)
    if not news:
        news = ["Nothing new.", *(f"{each}: {state(desk.jobs[each])}" for each in desk.running)]
    if missing := next(filter(None, (inference_missing(desk, desk.jobs[each]) for each in desk.running)), ""):
        news.append(f"{missing} is still missing; this is the time to write it.")
    return "\n".join([*news, desk.clock.line(desk.session, always=True)])
