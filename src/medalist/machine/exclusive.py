"""The machine for one timing alone: one lock, under which everybody else's jobs are frozen and their clocks stand.

A small protocol of files in one folder, so that processes need know nothing of each other:

    timing.lock      held with flock(2) by who measures; the kernel takes it back from the dead
    holder           who measures: ``PID-STARTED``; heeded only while that very process lives
    waiting/ID       who measures or waits to: their trees are never frozen, or nobody would ever finish
    working/ID       who works and promises to yield; its content is the holder it has yielded to, or ""

Whoever works stands inside ``yielding``, whoever measures inside ``exclusive``; a process may do both, and its
grader below it is let alone. Nothing here outlives its process: entries of the dead are swept away by the next.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from medalist.core.errors import StoreError
from medalist.core.home import cache_folder
from medalist.machine.freezer import SignalCage
from medalist.machine.process_tree import children, descendants, read_process

LOOK_SECONDS = 0.2
"""How often who works looks whether somebody measures."""

LONGEST_YIELD_SECONDS = 5.0
"""How long who measures waits for the others to stand still before it begins beside them."""


@dataclass(frozen=True)
class Exclusive:
    """The machine as it was got. ``unyielding`` are processes that promised to stand still and did not in time."""

    waited_seconds: float
    unyielding: tuple[int, ...] = ()


@contextmanager
def exclusive(
    *, tell: Callable[[str], None] = lambda text: None, folder: Path | None = None
) -> Iterator[Exclusive]:
    """Within: nobody else measures, and whoever promised to yield has frozen its jobs.

    Waits as long as it takes; ``tell`` hears of it once. Raises StoreError where the folder cannot be written.
    """
    place = _Place.open(folder)
    me = _identity(os.getpid())
    started = time.monotonic()
    (place.waiting / me).touch()
    try:
        with (place.root / "timing.lock").open("w") as lock:
            _take(lock.fileno(), tell)
            _write(place.holder, me)
            try:
                unyielding = place.wait_for_others(me)
                yield Exclusive(time.monotonic() - started, unyielding)
            finally:
                place.holder.unlink(missing_ok=True)
    finally:
        (place.waiting / me).unlink(missing_ok=True)


@contextmanager
def yielding(
    pause: Callable[[], None], resume: Callable[[], None], *, folder: Path | None = None
) -> Iterator[None]:
    """Within: while another process measures, all that this one's children have started is frozen.

    ``pause`` and ``resume`` are called from another thread, around each such time; a ``Budget``'s, say. The children
    themselves are spared: they keep jobs, and must see them out should this process be killed meanwhile. Where the
    folder cannot be written nothing is promised, and no error raised.
    """
    try:
        place = _Place.open(folder)
    except StoreError:
        yield
        return
    watch = _Watch(place, pause, resume)
    watch.start()
    try:
        yield
    finally:
        watch.stop()


class _Watch:
    """Looks in its own thread whether somebody measures, and holds this process's jobs meanwhile."""

    def __init__(self, place: _Place, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._place = place
        self._pause = pause
        self._resume = resume
        self._entry = place.working / _identity(os.getpid())
        self._cage = _JobsBelow(os.getpid())
        self._yielded_to = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="medalist-yielding", daemon=True)

    def start(self) -> None:
        with suppress(OSError):
            _write(self._entry, "")
        self._look()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._stand_up()
        self._entry.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with suppress(OSError):  # a full disk must not end the attempt from here
                self._look()

    def _look(self) -> None:
        holder = self._place.living_holder()
        if not holder:
            self._stand_up()
            return
        if not self._yielded_to:
            self._pause()
        self._cage.spared = self._place.measuring()
        self._cage.freeze()  # at each look: this process may have started more
        if holder != self._yielded_to:
            self._yielded_to = holder
            _write(self._entry, holder)

    def _stand_up(self) -> None:
        if self._yielded_to:
            self._cage.thaw()
            self._resume()
            self._yielded_to = ""
            _write(self._entry, "")


class _JobsBelow(SignalCage):
    """What the children of ``root`` have started; the children are left running, and ``spared`` ones altogether."""

    spared: tuple[int, ...] = ()

    def tree(self) -> list[int]:
        return [
            pid for child in children(self.root) if child not in self.spared for pid in descendants(child)
        ]


@dataclass(frozen=True)
class _Place:
    """The folder of the protocol."""

    root: Path

    @classmethod
    def open(cls, folder: Path | None) -> _Place:
        place = cls(folder or cache_folder() / "exclusive")
        try:
            for path in (place.waiting, place.working):
                path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The lock for timing cannot be made: {error.strerror or error}.",
                where=str(place.root),
                next_step="Make the folder writable, or name another with XDG_CACHE_HOME.",
            ) from error
        return place

    @property
    def holder(self) -> Path:
        return self.root / "holder"

    @property
    def waiting(self) -> Path:
        return self.root / "waiting"

    @property
    def working(self) -> Path:
        return self.root / "working"

    def living_holder(self) -> str:
        """Who measures now, "" for nobody."""
        name = _read(self.holder)
        return name if name and _lives(name) else ""

    def measuring(self) -> tuple[int, ...]:
        """Processes that measure or wait to."""
        return tuple(_pid(path.name) for path in _living(self.waiting))

    def wait_for_others(self, me: str) -> tuple[int, ...]:
        """Wait until all who work have yielded to ``me``; those that have not in time."""
        _living(self.waiting)  # only to sweep
        deadline = time.monotonic() + LONGEST_YIELD_SECONDS
        while True:
            left = [path for path in _living(self.working) if path.name != me and _read(path) != me]
            if not left or time.monotonic() > deadline:
                return tuple(_pid(path.name) for path in left)
            time.sleep(LOOK_SECONDS / 4)


def _take(lock: int, tell: Callable[[str], None]) -> None:
    told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not told:
                tell("Another timing has the machine; waiting for it to end.")
                told = True
            time.sleep(LOOK_SECONDS)


def _living(folder: Path) -> list[Path]:
    """Entries whose processes live; those of the dead are taken away."""
    found = []
    for path in folder.iterdir():
        if _lives(path.name):
            found.append(path)
        elif not path.name.startswith("."):  # those are being written
            path.unlink(missing_ok=True)
    return found


def _identity(pid: int) -> str:
    figures = read_process(pid)
    return f"{pid}-{figures.started_ticks if figures else 0}"


def _pid(identity: str) -> int:
    text = identity.partition("-")[0]
    return int(text) if text.isdigit() else 0


def _lives(identity: str) -> bool:
    pid = _pid(identity)
    figures = read_process(pid) if pid else None
    return figures is not None and figures.state not in "ZX" and _identity(pid) == identity


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _write(path: Path, text: str) -> None:
    """In one step, so that nobody reads half an entry."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(path)
