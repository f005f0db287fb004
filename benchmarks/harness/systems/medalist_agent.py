"""One attempt of Medalist's agent on the toy task, in this process; checks, events, transcript and report included.

``python medalist_agent.py URL TASK OUT`` needs the toy family on PYTHONPATH.
"""

from __future__ import annotations

import sys
from pathlib import Path

from medalist.core.budget import Limits
from medalist.llm.settings import LlmSettings
from medalist.runs.attempt import run_attempt
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import FileStore

if __name__ == "__main__":
    url, task, out = sys.argv[1:]
    store = FileStore(Path(out))
    llm = LlmSettings(model=f"openai-chat:scripted@{url}")
    limits = Limits(attempt_seconds=600)
    store.create(RunSpec((TaskSpec(Path(task), "mean"),), engineers=("agent",), limits=limits, llm=llm))
    record = run_attempt(store, store.attempts()[0].spec.id).record
    if not record.state.final:
        sys.exit(record.reason)
