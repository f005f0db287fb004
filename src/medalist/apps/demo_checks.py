"""The demo's first act: a real network is started badly, and the checks stop it, mend it and relaunch it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from medalist.core.budget import Budget
from medalist.core.event import Event, EventLog
from medalist.machine.hardware import read_hardware
from medalist.session.supervised import LaunchRequest
from medalist.session.supervisor import Supervisor
from medalist.training.checkpoint import CheckSettings
from medalist.training.lines import monitoring_source
from medalist.workspace.sandbox import choose_sandbox
from medalist.workspace.workspace import Workspace

LOOK_SECONDS = 1.5
MOST_SECONDS = 25.0


def checks_at_work(tell: Callable[[Event], None], ready: Callable[[], None]) -> str:
    """Run the act; every event goes to ``tell``. Returns one line that sums it up.

    ``ready`` is called while the network's libraries load, and may take its time.
    """
    if find_spec("torch") is None:
        ready()
        return 'PyTorch is not installed, so no network was trained. Mend: pip install "medalist[torch]"'
    hardware = read_hardware()
    if hardware.cores < 2:
        ready()
        return "With a single core there is nothing to mend in a network started on one core."
    with tempfile.TemporaryDirectory(prefix="medalist-demo-") as folder:
        root = Path(folder)
        budget = Budget(MOST_SECONDS * 2)
        events = EventLog(root / "events.jsonl", elapsed=lambda: budget.elapsed)
        seen: list[Event] = []
        events.listen(seen.append)
        events.listen(tell)
        (root / "public").mkdir()
        sandbox, _ = choose_sandbox("auto")
        with Workspace.open(
            root / "workspace",
            root / "public",
            sandbox=sandbox,
            hardware=hardware,
            preload=("torch", "sklearn.datasets"),
        ) as workspace:
            workspace.warm_up()
            script = files("medalist.apps").joinpath("demo_network.py.txt").read_text(encoding="utf-8")
            (workspace.root / "train.py").write_text(
                script.replace("{monitoring}", monitoring_source("network"))
            )
            ready()
            settings = CheckSettings(
                first_look_seconds=LOOK_SECONDS, interval_seconds=LOOK_SECONDS, heed_neighbours=False
            )
            supervisor = Supervisor(workspace, hardware, events, budget, settings)
            _watch(supervisor, hardware.core_ids, lambda: _settled(seen))
        return _summary(seen)


def _watch(supervisor: Supervisor, cores: tuple[int, ...], settled: Callable[[], bool]) -> None:
    """Launch the network and poll until the trial is settled, or the act has taken long enough."""
    budget = Budget(MOST_SECONDS)
    watched = supervisor.launch(
        LaunchRequest(
            argv=("train.py", f"{MOST_SECONDS:.0f}"),
            cwd=".",
            name="network",
            cores=cores,
            seconds_limit=MOST_SECONDS,
        )
    )
    while not (watched.ended or settled() or budget.spent):
        supervisor.wait(0.2)


def _settled(seen: list[Event]) -> bool:
    return any(event.kind in ("sizing_kept", "sizing_taken_back") for event in seen)


def _summary(seen: list[Event]) -> str:
    """Samples a second before and after, on one line."""
    for event in seen:
        if event.kind in ("sizing_kept", "sizing_taken_back") and event.data.get("rate"):
            before, after = event.data["rate_before"], event.data["rate"]
            fate = "kept" if event.kind == "sizing_kept" else "taken back"
            return f"{before:,.0f} → {after:,.0f} {event.data['unit']} ({after / before:.2f}×): {fate}"
    if any(event.kind == "relaunch" for event in seen):
        return "relaunched; the machine was too busy to measure the difference in time"
    return "the checks found nothing to mend: this machine kept its cores busy"
