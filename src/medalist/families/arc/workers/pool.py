"""Workers side by side: many programs on the inputs of one puzzle, each answered, whatever some of them do.

Workers are started when first needed and live until the pool is closed, from puzzle to puzzle; one that is killed or
spent is replaced, and the programs it still had go to the next.
"""

from __future__ import annotations

import select
import shutil
import tempfile
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from medalist.core.home import cache_folder
from medalist.families.arc.grids.cells import Grid
from medalist.families.arc.workers.outcome import Outcome
from medalist.families.arc.workers.worker import Worker, WorkerLimits
from medalist.machine.children import hide_this_process
from medalist.workspace.policy import Sandbox
from medalist.workspace.sandbox import choose_sandbox

_BATCH = 64
_LOOK_SECONDS = 0.05


class WorkerPool:
    """As many workers as there are ``cores``. Use it, and close it, in the thread that made it."""

    def __init__(
        self,
        *,
        cores: Sequence[int] = (),
        sandbox: Sandbox | None = None,
        limits: WorkerLimits | None = None,
        folder: Path | None = None,
    ) -> None:
        """``cores`` are ids, none for one worker on any; ``sandbox`` None is the strongest that holds here.

        ``folder`` is where the workers' empty folders lie, by default the system's for temporary files.
        Makes this process non-dumpable. Raises SandboxUnavailable.
        """
        hide_this_process()  # whose environment may hold keys
        self._sandbox = sandbox or choose_sandbox(cache=cache_folder() / "sandbox.json")[0]
        self._limits = limits or WorkerLimits()
        self._cores: tuple[int | None, ...] = tuple(cores) or (None,)
        self._folder = Path(tempfile.mkdtemp(prefix="medalist-arc-", dir=folder)).resolve()
        self._workers: dict[int, Worker] = {}
        self._started = 0

    @property
    def started(self) -> int:
        """How many workers were started until now, replaced ones included."""
        return self._started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def run(self, sources: Sequence[str], inputs: Sequence[Grid]) -> list[Outcome]:
        """The outcome of each program on ``inputs``, in order. Raises SandboxUnavailable and JobError."""
        outcomes: dict[int, Outcome] = {}
        first = {source: number for number, source in reversed(list(enumerate(sources)))}
        waiting = deque(sorted(first.values()))
        try:
            while len(outcomes) < len(first):
                self._hand_out(waiting, sources, inputs)
                busy = [place for place, worker in self._workers.items() if worker.busy]
                select.select([self._workers[place].descriptor for place in busy], [], [], _LOOK_SECONDS)
                for place in busy:
                    self._take(place, outcomes, waiting)
        finally:
            if len(outcomes) < len(first):  # interrupted: what still runs is nobody's
                self._drop_all()
        return [outcomes[first[source]] for source in sources]

    def close(self) -> None:
        """Kill the workers and remove their folders. May be called again."""
        self._drop_all()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _drop_all(self) -> None:
        while self._workers:
            self._workers.popitem()[1].close()

    def _hand_out(self, waiting: deque[int], sources: Sequence[str], inputs: Sequence[Grid]) -> None:
        """Give each idle worker a batch, a fair share of what waits; starts those that are missing."""
        share = -(-len(waiting) // len(self._cores))
        for place, core in enumerate(self._cores):
            if not waiting:
                return
            if place not in self._workers:
                self._started += 1
                folder = self._folder / str(self._started)
                self._workers[place] = Worker(folder, core, self._sandbox, self._limits)
            if not self._workers[place].busy:
                numbers = [waiting.popleft() for _ in range(min(_BATCH, share, len(waiting)))]
                self._workers[place].hand([(number, sources[number]) for number in numbers], inputs)

    def _take(self, place: int, outcomes: dict[int, Outcome], waiting: deque[int]) -> None:
        worker = self._workers[place]
        found, replace = worker.answers()
        outcomes.update(found)
        if replace:
            waiting.extendleft(reversed(worker.unanswered))
            worker.close()
            del self._workers[place]
