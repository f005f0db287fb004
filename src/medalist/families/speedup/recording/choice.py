"""What of a script is put before the judge: one of its functions, by itself, or the script as a whole.

A function that takes data and returns data makes the best contract: its inputs can be drawn anew and its whole answer
compared. It is taken where it holds nearly all of the time; else the whole script is, with what it prints and writes
and what its larger functions return. What cannot be taken is left alone, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medalist.core.errors import InputError
from medalist.families.speedup.recording.layout import Layout

NEARLY_ALL = 0.8
A_FAIR_SHARE = 0.2
SHORTEST_SECONDS = 0.005
MOST_CALLS = 100
MOST_MILESTONE_CALLS = 3
MILESTONE_SHARE = 0.01
MOST_ANSWER_BYTES = 64 << 20
_READABLE_PRODUCTS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".npy", ".npz")


@dataclass(frozen=True)
class Choice:
    """``call`` is the plan of ``recording.calls``; ``source`` where the recorded inputs lie; ``share`` of the time."""

    call: Mapping[str, Any]
    source: str
    seeds: Sequence[Any]
    share: float
    left_alone: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return self.call["kind"] == "whole"


def choose(
    report: Mapping[str, Any], printed: str, layout: Layout, script: str, arguments: Sequence[str]
) -> list[Choice]:
    """What could be put before the judge, the best first. Raises InputError with what stands in the way of any."""
    seconds = report["seconds"]
    if seconds < SHORTEST_SECONDS:
        raise InputError(
            f"The script takes {1000 * seconds:.0f} ms besides its imports: there is nothing to speed up.",
            next_step="Give it the data it is slow on.",
        )
    functions = [facts for facts in report["functions"] if facts["seconds"] > 0]
    reasons = {facts["name"]: _obstacle(facts, layout) for facts in functions}
    alone = sorted(
        (facts for facts in functions if not reasons[facts["name"]]), key=lambda facts: -facts["seconds"]
    )
    left = tuple(
        f"{facts['name']}: {reasons[facts['name']]}"
        for facts in sorted(functions, key=lambda facts: -facts["seconds"])
        if reasons[facts["name"]] and facts["seconds"] >= MILESTONE_SHARE * seconds
    )
    by_itself = [
        _function(facts, seconds, left) for facts in alone if facts["seconds"] >= A_FAIR_SHARE * seconds
    ]
    together = _whole(report, printed, layout, script, arguments, left)
    better = [choice for choice in by_itself[:1] if choice.share >= NEARLY_ALL]
    choices = [*better, *together, *(choice for choice in by_itself[:1] if choice not in better)]
    if not choices:
        raise InputError(
            "Nothing of the script can be compared: it prints nothing, keeps nothing, writes no table or"
            " array, and no function that takes time returns plain data.",
            next_step="Have it print or return what it computes. "
            + " ".join(f"{each}." for each in left[:3]),
        )
    return choices


def _obstacle(facts: Mapping[str, Any], layout: Layout) -> str:
    """Why a function cannot be judged by itself; "" when it can."""
    if facts.get("why"):
        return facts["why"]
    if facts["name"] not in layout.bare:
        return "it uses what the script sets up on its top level"
    if not facts.get("data"):
        return "it is given no data"
    if not facts.get("answers"):
        return "it returns nothing that can be compared"
    if facts["calls"] > MOST_CALLS:
        return f"it is called {facts['calls']} times"
    if facts.get("answer_bytes", 0) > MOST_ANSWER_BYTES:
        return "its answer is too large"
    return ""


def _function(facts: Mapping[str, Any], seconds: float, left: tuple[str, ...]) -> Choice:
    call = {"kind": "function", "name": facts["name"], "changed": facts["changed"], "dropped": []}
    return Choice(call, f"calls/{facts['file']}", facts["seeds"], min(1.0, facts["seconds"] / seconds), left)


def _whole(
    report: Mapping[str, Any],
    printed: str,
    layout: Layout,
    script: str,
    arguments: Sequence[str],
    left: tuple[str, ...],
) -> list[Choice]:
    milestones = {
        facts["name"]: facts["changed"]
        for facts in report["functions"]
        if facts["calls"] <= MOST_MILESTONE_CALLS
        and facts["seconds"] >= MILESTONE_SHARE * report["seconds"]
        and facts.get("answers")
        and "." not in facts["name"]
        and facts.get("answer_bytes", 0) <= MOST_ANSWER_BYTES
    }
    written = [name for name in report["written"] if name.endswith(_READABLE_PRODUCTS)]
    variables = sorted(layout.variables.intersection(report["variables"]))
    if not (printed.strip() or milestones or written or variables):
        return []
    call = {
        "kind": "whole",
        "name": layout.whole,
        "argv": list(arguments),
        "script": script,
        "files": report["read"],
        "folders": report["folders"],
        "written": written,
        "milestones": milestones,
        "variables": variables,
        "printed": bool(printed.strip()),
        "quiet": [],
        "dropped": [],
    }
    return [Choice(call, "script", [], 1.0, left)]
