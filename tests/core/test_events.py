"""A trajectory keeps what each event says of itself."""

from pathlib import Path

import pytest

from medalist.core.event import EventLog, read_events


def test_data_cannot_replace_what_an_event_says_of_itself(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl", elapsed=lambda: 3.0, wall_clock=lambda: 100.0)
    log.append("note", text="kept")
    with pytest.raises(ValueError, match="seconds"):
        log.append("note", seconds=1.0)
    assert [(event.seconds, event.time) for event in read_events(log.path)] == [(3.0, 100.0)]
