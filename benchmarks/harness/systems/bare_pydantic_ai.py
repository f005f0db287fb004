"""pydantic-ai alone: an agent with one tool, no checks, no events. ``python bare_pydantic_ai.py URL TASK OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic_ai import Agent, UsageLimits
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

if __name__ == "__main__":
    url, task, _ = sys.argv[1:]
    agent = Agent(OpenAIChatModel("scripted", provider=OpenAIProvider(base_url=url, api_key="none")))

    @agent.tool_plain
    def list_files(path: str = ".", depth: int = 2) -> str:
        """List files."""
        return "\n".join(sorted(each.name for each in (Path(task) / "public" / path).iterdir()))

    agent.run_sync("List files until you are told to stop.", usage_limits=UsageLimits(request_limit=None))
