"""The tool that reads on in an answer that was cut."""

from __future__ import annotations

from medalist.tools.definition import Refused
from medalist.tools.desk import Desk


async def read_output(desk: Desk, output: int, offset: int = 0) -> str:
    """Read on in a long answer that was cut.

    output: The number that the cut answer named.
    offset: The character to read from.
    """
    found = desk.outputs.part(output, max(0, offset), desk.settings.answer_characters - 200)
    if found is None:
        raise Refused(f"Output {output} is not kept, or no longer. Make the call again.")
    text, length = found
    end = max(0, offset) + len(text)
    more = f"\n[{length - end} characters follow: read_output(output={output}, offset={end})]"
    return f"{text}{more if end < length else ''}" or f"Output {output} has {length} characters, no more."
