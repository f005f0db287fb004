"""Inspect AI's own tool loop on one sample, its log written as usual. ``python inspect_generate.py URL TASK OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import Tool, tool

TASK = Path(sys.argv[2])


@tool
def list_files() -> Tool:
    async def execute(path: str = ".", depth: int = 2) -> str:
        """List files.

        Args:
            path: A folder.
            depth: How deep.
        """
        return "\n".join(sorted(each.name for each in (TASK / "public" / path).iterdir()))

    return execute


if __name__ == "__main__":
    model = get_model("openai/scripted", base_url=sys.argv[1], api_key="none", responses_api=False)
    task = Task(
        dataset=[Sample(input="List files until you are told to stop.")],
        solver=[use_tools(list_files()), generate()],
    )
    done = eval(task, model=model, log_dir=sys.argv[3], display="none")
    if done[0].status != "success":
        sys.exit(str(done[0].error))
