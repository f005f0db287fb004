"""Long answers: what does not fit is cut in the middle and kept, to be read on where the cut is."""

from __future__ import annotations

from collections import OrderedDict

_KEPT_OUTPUTS = 40
_KEPT_CHARACTERS = 2_000_000
_HEAD_SHARE = 0.6


class Outputs:
    """The whole text of answers that were cut, the latest of them, by number."""

    def __init__(self) -> None:
        self._texts: OrderedDict[int, str] = OrderedDict()
        self._number = 0

    def cut(self, text: str, limit: int) -> str:
        """``text`` when it has at most ``limit`` characters, else its beginning and end, and how to read on."""
        if len(text) <= limit:
            return text
        number = self.keep(text)
        head = int(limit * _HEAD_SHARE)
        tail = limit - head
        return (
            f"{text[:head]}\n[... {len(text) - limit} of {len(text)} characters are left out here; "
            f"read_output(output={number}, offset={head}) reads on ...]\n{text[-tail:]}"
        )

    def keep(self, text: str) -> int:
        """Keep a text for reading it again; the number it goes by."""
        self._number += 1
        self._texts[self._number] = text[:_KEPT_CHARACTERS]
        while len(self._texts) > _KEPT_OUTPUTS:
            self._texts.popitem(last=False)
        return self._number

    def part(self, number: int, offset: int, characters: int) -> tuple[str, int] | None:
        """A part of a kept text and the text's length; None when it is not kept, or no longer."""
        text = self._texts.get(number)
        return None if text is None else (text[offset : offset + characters], len(text))
