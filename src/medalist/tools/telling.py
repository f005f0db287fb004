"""News of jobs and the state of time in words, as they are told with a tool's answer."""

from __future__ import annotations

import difflib

from medalist.core.budget import Budget
from medalist.session.session import Session
from medalist.session.supervisor import News, Watched

_LOG_END_CHARACTERS = 1500
_MOST_DIFF_LINES = 60
_MOST_ADVICE = 5
_EVERY_ANSWER_SHARE = 0.1
_MARKS = (0.5, 0.25, _EVERY_ANSWER_SHARE, 0.05)


def tell(job_id: str, news: News) -> str:
    """One piece of news as a sentence or a few; "" for what the launch itself has answered."""
    watched, data = news.watched, news.data
    job = f"Job {job_id} ({watched.request.name})"
    if news.kind == "ended":
        return _ended(job, watched, news)
    if news.kind == "verdict":
        return f"{job} was stopped by a check: {data['reason']}"
    if news.kind == "relaunched":
        return _relaunched(job, watched, news)
    if news.kind == "progress":
        return f"{job}: {progress(watched)}."
    return ""


def progress(watched: Watched) -> str:
    """How far a job has come, by what it printed."""
    seen = watched.progress
    parts = [f"running for {watched.seconds:.0f} s"]
    if seen.folds or seen.fold:
        parts.append(f"fold {seen.fold}/{seen.folds or '?'}")
    if seen.epochs or seen.epoch:
        parts.append(f"epoch {seen.epoch}/{seen.epochs or '?'}")
    if seen.losses:
        parts.append(f"loss {seen.losses[-1]:.4g}")
    if seen.samples_per_second:
        parts.append(f"{seen.samples_per_second:.0f} samples/s")
    end = seen.projected_end()
    if end is not None and watched.current is not None:
        parts.append(f"about {max(0.0, end - watched.job.seconds):.0f} s to go")
    return ", ".join(parts)


def _ended(job: str, watched: Watched, news: News) -> str:
    code, end = news.data["returncode"], watched.job.ended
    if watched.stopped:
        by_a_check = end is not None and end.killed_reason != watched.stopped
        return "" if by_a_check else f"{job} was ended: {watched.stopped}"  # a check's verdict was told
    killed = f" ({end.killed_reason})" if end is not None and end.killed_reason else ""
    text = f"{job} ended after {watched.seconds:.0f} s with return code {code}{killed}."
    if code == 0:
        return text
    lines = [text, "The end of its log:", watched.job.tail(_LOG_END_CHARACTERS).strip() or "(nothing)"]
    lines += [f"Known: {each.message} Fix: {each.fix}" for each in news.data.get("hints", ())]
    return "\n".join(lines)


def _relaunched(job: str, watched: Watched, news: News) -> str:
    before, batch = news.data["batch_before"], news.data["batch"]
    sizes = f", batch {before} -> {batch}" if before != batch else ""
    return (
        f"{job} was stopped and started again by a check ({news.data['why']}{sizes}). "
        f"{watched.script} was edited for it: read it before you edit it."
    )


def edits(watched: Watched, code: str | None) -> str:
    """What the review changed in a script before it was started; "" when nothing."""
    if not watched.code_before_review or code is None:
        return ""
    before, after = watched.code_before_review.splitlines(), code.splitlines()
    lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    more = [] if len(lines) <= _MOST_DIFF_LINES else ["..."]
    return "\n".join([f"\nThe review edited {watched.script}:", *lines[:_MOST_DIFF_LINES], *more])


def advice(watched: Watched) -> str:
    """What the review had to say that need not be done before the start; "" when nothing."""
    worth = [each for each in watched.findings if each.priority != "OPTIONAL" and not each.must_fix]
    lines = [
        f"- line {each.line}: {each.message} {' '.join(each.fix.split())[:300]}"
        for each in worth[:_MOST_ADVICE]
    ]
    return "\n".join(["\nThe review advises:", *lines]) if lines else ""


class Clock:
    """Says what time is left where it matters: when a mark is passed, and always near the end."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._told = self._passed()

    def line(self, session: Session, *, always: bool = False) -> str:
        """The sentence to end an answer with; "" where time does not matter."""
        passed = self._passed()
        share = self._budget.remaining / self._budget.total_seconds
        if not (always or passed > self._told or share <= _EVERY_ANSWER_SHARE):
            return ""
        self._told = passed
        left = f"Time left: {duration(self._budget.remaining)} of {duration(self._budget.total_seconds)}."
        if share > _EVERY_ANSWER_SHARE:
            return left
        return f"{left} The end is near: {in_place(session)} Submit what is better, then finish."

    def seconds_to_next_mark(self) -> float:
        """When the next mark is passed, or the time is over."""
        passed = self._passed()
        share = _MARKS[passed] if passed < len(_MARKS) else 0.0
        return max(0.0, self._budget.remaining - share * self._budget.total_seconds)

    def _passed(self) -> int:
        return sum(self._budget.remaining <= mark * self._budget.total_seconds for mark in _MARKS)


def in_place(session: Session) -> str:
    """What would count if the attempt ended now."""
    if not session.submissions:
        return "No submission is in place."
    if session.best is None or session.best.value is None:
        return "A guess is in place that nothing was learned for."
    return f"In place is a submission with validation {session.best.metric} {session.best.value:.6g}."


def duration(seconds: float) -> str:
    """``90`` as ``1 min 30 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
