"""The end of an agent's work that the agent did not choose: what it trained is not lost.

A language model that disappears, gives up or runs out of money leaves jobs running and folders
trained but never submitted. Training goes on to its end while there is time for it; then every
folder that scores better than what is in place is predicted from and submitted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from medalist.core.budget import Budget
from medalist.core.errors import BudgetSpent, MedalistError
from medalist.session.supervisor import LaunchRequest
from medalist.session.workshop import Workshop
from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.submit import submit

_SHARE = 0.05
_LEAST_SECONDS, _MOST_SECONDS = 3.0, 300.0
_LOOK_SECONDS = 0.5


def closing_seconds(budget: Budget) -> float:
    """What is kept free at the end of a budget for this."""
    return min(max(_LEAST_SECONDS, _SHARE * budget.total_seconds), _MOST_SECONDS)


@asynccontextmanager
async def time_for_work(workshop: Workshop, budget: Budget) -> AsyncIterator[None]:
    """Within: TimeoutError once only what the closing needs is left. A clock that stands puts the end off."""

    def left() -> float:
        return workshop.seconds_left - closing_seconds(budget)

    async def keep(timeout: asyncio.Timeout) -> None:
        await asyncio.sleep(_LOOK_SECONDS)
        while not timeout.expired():
            timeout.reschedule(asyncio.get_running_loop().time() + left())
            await asyncio.sleep(_LOOK_SECONDS)

    async with asyncio.timeout(left()) as timeout:
        keeper = asyncio.create_task(keep(timeout))
        try:
            yield
        finally:
            keeper.cancel()


async def use_what_was_trained(desk: Desk) -> None:
    """Let training end, then submit what is better than the submission in place. Never raises for its failure."""
    try:
        await _let_training_end(desk)
        for folder in _trained_folders(desk):
            await _hand_in(desk, folder)
    except BudgetSpent:
        desk.session.note("No time is left to use what else was trained.")


async def _let_training_end(desk: Desk) -> None:
    """Whatever still trains may go on until the time kept for the closing begins; then it is ended."""
    budget = desk.session.budget
    while desk.running and (left := budget.remaining - closing_seconds(budget)) > 0:
        await desk.wait_news(left)
    for job_id in desk.running:
        desk.kill(job_id)


def _trained_folders(desk: Desk) -> list[str]:
    """Where something was trained and there is a script to predict with; the newest first."""
    root, script = desk.session.workspace.root, desk.settings.inference_script
    folders = dict.fromkeys(
        watched.request.cwd for watched in reversed(desk.jobs.values()) if watched.kind_in_effect.trains
    )
    return [folder for folder in folders if (root / folder / script).is_file()]


async def _hand_in(desk: Desk, folder: str) -> None:
    """Predict and submit, where the folder's score is worth it."""
    session, script = desk.session, desk.settings.inference_script
    try:
        score = desk.workshop.score(folder)
        if not score.better_than(session.best):
            return
        limit = session.budget.remaining
        job_id, _ = desk.start(LaunchRequest((script,), cwd=folder, name="predict", seconds_limit=limit))
        await desk.ended(job_id, limit)
        await submit(desk, folder, title="handed in at the end by the workflow")
    except BudgetSpent:
        raise
    except (Refused, MedalistError) as reason:
        session.note(f"{folder} could not be handed in at the end: {reason}")
