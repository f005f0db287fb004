"""The tool that asks the oracle; without language models behind it, the review by hints stands in and says so."""

from __future__ import annotations

from typing import Literal

from medalist.llm.stand_in import review_by_hints
from medalist.tools.definition import Refused
from medalist.tools.desk import Desk
from medalist.tools.places import opened_to_read, refuse_binary

_LARGEST_BYTES = 400_000
_NOBODY = "No language model is set up as an oracle"


async def ask_oracle(
    desk: Desk,
    question: str,
    kind: Literal["strategy", "review", "debug"] = "strategy",
    files: str = "",
    context: str = "",
) -> str:
    """Ask a panel of language models, whose critic gives one verdict. Worth it before the first training (a
    review of train.py) and when a plan is needed; it costs time and money.

    question: What you want to know.
    kind: What is asked for: a plan (strategy), approval of scripts (review), or the cause of a failure (debug).
    files: Scripts or logs to show word for word, separated by commas, "work/train.py" for instance.
    context: What the panel should know beyond that: what was found in the data, tried and measured.
    """
    texts = {name: _text(desk, name) for name in map(str.strip, files.split(",")) if name}
    if desk.oracle is not None:
        answer = await desk.oracle.ask(question, context or desk.workshop.brief(), kind, files=texts)
        return answer.text
    if any(name.endswith(".py") for name in texts):
        verdict = review_by_hints(texts, desk.session.hardware, desk.workshop.script_facts())
        return f"{_NOBODY}; the review by hints stands in.\n\n{verdict.as_text()}"
    raise Refused(
        f"{_NOBODY}, and the review by hints reads scripts alone: name them in `files`, or use read_hints."
    )


def _text(desk: Desk, name: str) -> str:
    with opened_to_read(desk, name) as file:
        refuse_binary(file, name)
        return file.read(_LARGEST_BYTES).decode("utf-8", errors="replace")
