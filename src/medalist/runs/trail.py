"""Following a trajectory that another process writes, line by line, without reading anything twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from medalist.core.event import Event, parse_event


class Trail:
    """The events of one attempt from here on; a line still being written waits for its end."""

    def __init__(self, attempt_id: str, path: Path) -> None:
        self._attempt_id = attempt_id
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def follow(self, on_event: Callable[[str, Event], None] | None) -> None:
        """Hand every new whole event to ``on_event``."""
        for event in self._new():
            if on_event is not None:
                on_event(self._attempt_id, event)

    def _new(self) -> Iterator[Event]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            event = parse_event(line)
            if event is not None:
                yield event
