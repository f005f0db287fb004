"""What every store of runs must hold; a new one is added to ``stores`` and passes all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from medalist.core.errors import RunNotFound, StoreError
from medalist.core.event import EventLog
from medalist.runs.spec import RunSpec, TaskSpec
from medalist.runs.store import AttemptRecord, AttemptState, FileStore, Store

SPEC = RunSpec(
    tasks=(TaskSpec(Path("/data/one"), settings={"metric": "auc"}), TaskSpec(Path("/data/two"))), seeds=(0, 1)
)
STORES = {"files": lambda folder: FileStore(folder / "run")}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    made = STORES[request.param](tmp_path)
    made.create(SPEC)
    return made


@pytest.fixture
def attempt(store: Store) -> AttemptRecord:
    return store.attempts()[0]


def test_a_run_comes_back_as_it_was_written(store: Store) -> None:
    assert store.spec() == SPEC
    assert [record.spec for record in store.attempts()] == list(SPEC.attempts())
    assert {record.state for record in store.attempts()} == {AttemptState.PLANNED}


def test_a_run_is_not_laid_out_twice(store: Store) -> None:
    with pytest.raises(StoreError):
        store.create(SPEC)


def test_a_store_without_a_run_says_so(tmp_path: Path) -> None:
    for make in STORES.values():
        with pytest.raises(RunNotFound):
            make(tmp_path / "nowhere").spec()


@pytest.mark.parametrize("state", [state for state in AttemptState if not state.final])
def test_an_attempt_changes_until_it_is_final(
    store: Store, attempt: AttemptRecord, state: AttemptState
) -> None:
    store.write(replace(attempt, state=state, reason="so far"))
    store.write(replace(attempt, state=AttemptState.FINISHED, result={"valid": True}))
    assert store.read(attempt.spec.id).result == {"valid": True}


@pytest.mark.parametrize("state", [state for state in AttemptState if state.final])
def test_a_final_attempt_is_immutable(store: Store, attempt: AttemptRecord, state: AttemptState) -> None:
    store.write(replace(attempt, state=state))
    with pytest.raises(StoreError):
        store.write(replace(attempt, state=AttemptState.RUNNING))
    assert store.read(attempt.spec.id).state is state


def test_events_are_appended_and_read_in_order(store: Store, attempt: AttemptRecord) -> None:
    log = EventLog(store.folder(attempt.spec.id) / "events.jsonl", elapsed=lambda: 1.5)
    for text in ("one", "two"):
        log.append("note", text=text)
    assert [event.data["text"] for event in store.events(attempt.spec.id)] == ["one", "two"]


def test_an_attempt_lives_while_its_process_beats(store: Store, attempt: AttemptRecord) -> None:
    name = attempt.spec.id
    assert store.heartbeat(name) is None
    store.write(replace(attempt, state=AttemptState.RUNNING))
    store.beat(name, 12.5)
    beat = store.heartbeat(name)
    assert beat is not None
    assert beat.elapsed_seconds == 12.5
    assert not store.alive(name), "its own process is no stranger"
