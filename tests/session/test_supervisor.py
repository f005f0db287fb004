"""The checks on real training jobs that misbehave on purpose; success is read from the files they leave."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from medalist.core.budget import Budget
from medalist.core.event import EventLog, read_events
from medalist.machine.hardware import read_hardware
from medalist.session import supervised
from medalist.session.supervisor import CheckSettings, LaunchRequest, Supervisor, Watched
from medalist.training.lines import monitoring_source
from medalist.training.review import ScriptFacts
from medalist.training.sizing import MeasuredSizes
from medalist.workspace.sandbox import choose_sandbox
from medalist.workspace.workspace import Workspace

torch = pytest.importorskip("torch", reason="these jobs train small networks in PyTorch")

SETTINGS = CheckSettings(
    first_look_seconds=1.0,
    budget_share=1.0,
    interval_seconds=1.0,
    stuck_seconds=2.0,
    silent_seconds=30.0,
    heed_neighbours=False,
)
LONGEST_SECONDS = 60

MONITORED = f"""\
import os
import sys
import time

import torch
from torch import nn

{monitoring_source("network")}

"""

# A small network whose batches cost what COST says, beside their arithmetic; done once the file appears.
TRAINING = """\
BATCH = 8
print_resources(batch=BATCH)
torch.manual_seed(0)
x, y = torch.randn(1024, 16), torch.randint(0, 2, (1024,))
model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
throughput = Throughput(1.0)
for epoch in range(10_000):
    for i in range(0, len(x), BATCH):
        COST
        loss = nn.functional.cross_entropy(model(x[i : i + BATCH]), y[i : i + BATCH])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        throughput.add(len(x[i : i + BATCH]))
        if epoch == i == 0:
            print_memory(BATCH)
    print_epoch(1, 1, epoch + 1, 10_000, loss.item())
"""


@dataclass
class Bench:
    """A workspace with its supervisor, and what a test reads afterwards."""

    root: Path
    supervisor: Supervisor
    events_path: Path
    measured: MeasuredSizes

    def launch(self, code: str, **options) -> Watched:
        (self.root / "train.py").write_text(code)
        argv = options.pop("argv", ("train.py",))
        return self.supervisor.launch(LaunchRequest(argv, cwd=self.root.name, name="train", **options))

    def watch(self, watched: Watched, until: Callable[[], bool] = lambda: False) -> None:
        """Wait until the job has ended or ``until`` holds, and end it then."""
        while not watched.ended and not until() and watched.seconds < LONGEST_SECONDS:
            self.supervisor.wait(0.5)
        self.supervisor.kill(watched, "the test has seen enough")

    def kinds(self) -> list[str]:
        return [event.kind for event in read_events(self.events_path)]

    def all(self, kind: str) -> list[dict]:
        return [event.data for event in read_events(self.events_path) if event.kind == kind]

    @property
    def script(self) -> str:
        return (self.root / "train.py").read_text()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """One for all tests, so that PyTorch is imported once: jobs fork from the warm interpreter."""
    folder = tmp_path_factory.mktemp("supervisor")
    (folder / "public").mkdir()
    sandbox, _ = choose_sandbox("plain", cache=None)
    with Workspace.open(
        folder / "workspace",
        folder / "public",
        sandbox=sandbox,
        hardware=read_hardware(),
        preload=("torch",),
        telemetry_seconds=0.2,
    ) as opened:
        opened.warm_up()
        yield opened


@pytest.fixture
def bench(workspace, tmp_path):
    hardware = read_hardware()
    root = workspace.root / tmp_path.name
    root.mkdir()
    events = EventLog(tmp_path / "events.jsonl", elapsed=lambda: 0.0)
    measured = MeasuredSizes(tmp_path / "sizes.json", hardware.fingerprint)
    supervisor = Supervisor(
        workspace, hardware, events, Budget(600), SETTINGS, hints=False, measured=measured
    )
    yield Bench(root, supervisor, events.path, measured)
    supervisor.kill_all()


def test_a_batch_that_is_too_small_is_doubled_on_disk_and_stays(bench):
    code = MONITORED + TRAINING.replace("COST", "time.sleep(0.01)")
    watched = bench.launch(code, sizing_key="tabular/mlp/0")
    bench.watch(watched, until=lambda: "sizing_kept" in bench.kinds())
    kept = bench.all("sizing_kept")[0]
    assert kept["unit"] == "samples/s"
    assert kept["rate"] > kept["rate_before"]
    assert f"BATCH = {kept['batch']}\n" in bench.script
    assert kept["batch"] == 2 * kept["batch_before"] == 16
    assert "lr=0.02" in bench.script
    assert f"batch={kept['batch']}" in (bench.root / "train.log").read_text()
    assert bench.measured.look_up("tabular/mlp/0").fits == 16


def test_a_doubling_that_brings_nothing_is_taken_back(bench):
    code = MONITORED + TRAINING.replace("COST", "time.sleep(0.02 * BATCH)")
    watched = bench.launch(code)
    bench.watch(watched, until=lambda: "sizing_taken_back" in bench.kinds() and bool(watched.progress.rates))
    assert bench.script == code
    assert "batch=8" in (bench.root / "train.log").read_text()
    assert [relaunch["why"] for relaunch in bench.all("relaunch")] == ["double_batch", "taken_back"]
    back = bench.all("sizing_taken_back")[0]
    assert back["rate"] < 1.05 * back["rate_before"]


def test_one_core_of_several_is_given_all(bench):
    if read_hardware().cores < 2:
        pytest.skip("needs two cores")
    busy = "torch.set_num_threads(1); z = torch.randn(400, 400); z @ z"
    watched = bench.launch(MONITORED + TRAINING.replace("COST", busy))
    settled = {"sizing_kept", "sizing_taken_back"}
    bench.watch(watched, until=lambda: bool(settled & set(bench.kinds())))
    assert bench.all("relaunch")[0]["why"] == "more_threads"
    # Whether two threads are faster is for the rate to say; the file must agree with what was decided.
    cores = len(watched.cores) if "sizing_kept" in bench.kinds() else 1
    assert f"torch.set_num_threads({cores})" in bench.script


@pytest.mark.parametrize("error", ["real", "limit"])
def test_out_of_memory_comes_back_with_half_the_batch(bench, error):
    cost = {
        "real": "torch.empty(10**15) if BATCH > 4 else None",
        "limit": "held = None; held = torch.ones(BATCH, 20_000_000); time.sleep(0.2)",
    }[error]
    code = MONITORED + TRAINING.replace("COST", cost).replace("10_000", "1").replace("(1024", "(32")
    limit = None if error == "real" else 780_000_000  # between a batch of four and one of eight
    watched = bench.launch(code, memory_bytes=limit, sizing_key="tabular/mlp/0")
    bench.watch(watched)
    assert watched.completed().returncode == 0
    assert "BATCH = 4\n" in bench.script
    assert "(loss / 2).backward()" in bench.script
    assert bench.measured.look_up("tabular/mlp/0").fails == 8
    assert [relaunch["why"] for relaunch in bench.all("relaunch")] == ["halve_batch"]


def test_a_loss_that_is_not_a_number_stops_the_job(bench):
    watched = bench.launch(MONITORED + TRAINING.replace("COST", "pass").replace("lr=0.01", "lr=1e30"))
    bench.watch(watched)
    assert bench.all("checkpoint")[-1]["verdict"] == "stop_nan"
    assert "learning rate" in watched.stopped


def test_labels_that_cannot_be_learned_stop_at_chance(bench):
    code = MONITORED + TRAINING.replace("COST", "time.sleep(0.001)").replace("lr=0.01", "lr=1e-9")
    watched = bench.launch(code, facts=ScriptFacts(classes=2))
    bench.watch(watched)
    assert "job_ended" in bench.kinds()
    assert bench.all("checkpoint")[-1]["verdict"] in {"stop_chance", "stop_stuck"}


def test_a_silent_job_is_given_lines_and_started_again(bench):
    silent = "import time\n\nimport torch\nfrom torch import nn\n\n" + re.sub(
        r"\n *(print_|throughput|if epoch).*", "", TRAINING.replace("COST", "time.sleep(0.01)")
    )
    assert "print" not in silent
    watched = bench.launch(silent)
    bench.watch(watched, until=lambda: watched.relaunches == 1 and watched.progress.monitored)
    assert bench.all("relaunch")[0]["why"] == "add_monitoring"
    log = (bench.root / "train.log").read_text()
    assert "RESOURCES:" in log
    assert "training_monitor.step(loss, len(x[i : i + BATCH]))" in bench.script or "BATCH)" in bench.script


def test_a_stuck_job_is_stopped(bench):
    code = MONITORED + TRAINING.replace("COST", "time.sleep(3600 if i else 0)")
    watched = bench.launch(code)
    bench.watch(watched)
    assert "waits for something" in watched.stopped
    assert watched.completed().returncode != 0


def test_figures_that_are_not_true_stop_the_job(bench):
    line = 'print("GPU Memory Used: 18.3 GB / 24.0 GB (76.3%)", flush=True); time.sleep(0.01)'
    watched = bench.launch(MONITORED + TRAINING.replace("COST", line))
    bench.watch(watched)
    assert "figures are not true" in watched.stopped
    assert bench.all("checkpoint")[-1]["verdict"] == "claims_differ"


FOLDS = """\
import time
model = type("Model", (), {"fit": lambda self: time.sleep(0.7)})()
for fold in range(1, 21):
    model.fit()
    open(f"fold{fold}.txt", "w").close()
    print(f"Fold {fold}/20, score 0.5", flush=True)
"""


def test_past_its_budget_a_job_is_stopped_and_its_folds_are_there(bench):
    watched = bench.launch(FOLDS, seconds_limit=6.0)
    bench.watch(watched)
    assert bench.all("checkpoint")[-1]["verdict"] == "past_budget"
    finished = len(list(bench.root.glob("fold*.txt")))
    assert 2 <= finished < 20


def test_a_command_that_outlives_its_time_comes_under_the_checks(bench, monkeypatch):
    monkeypatch.setattr(supervised, "SHORT_COMMAND_SECONDS", 1.5)
    watched = bench.launch("import time\nprint('Loss: nan', flush=True)\ntime.sleep(60)\n")
    assert not watched.kind.trains
    bench.watch(watched)
    assert watched.stopped


def test_a_failed_job_ends_with_its_own_error(bench):
    watched = bench.launch("model.fit(1)\n")
    bench.watch(watched)
    assert watched.completed().returncode == 1
    assert "NameError" in watched.completed().output
    assert bench.all("job_ended")[0]["returncode"] == 1


def test_killing_ends_a_job_for_good(bench):
    watched = bench.launch("import time\ntime.sleep(60)\n")
    bench.supervisor.wait(0.5)
    bench.supervisor.kill(watched, "enough")
    assert watched.ended
    assert bench.supervisor.running == []
    assert bench.all("job_ended")[0]["stopped"] == "enough"


def test_what_a_relaunch_already_spent_is_taken_off_its_seconds(bench):
    code = MONITORED + TRAINING.replace("COST", "time.sleep(0.01)")
    watched = bench.launch(code, argv=("train.py", "--seconds", "100"))
    bench.watch(watched, until=lambda: watched.relaunches == 1)
    assert float(watched.argv[2]) < 99.5


def test_it_is_taken_off_in_either_spelling(bench):
    code = MONITORED + TRAINING.replace("COST", "time.sleep(0.01)")
    watched = bench.launch(code, argv=("-u", "train.py", "--seconds=100"))
    bench.watch(watched, until=lambda: watched.relaunches == 1)
    assert bench.script.count("BATCH = 16") == 1, "it was found behind the interpreter's option"
    flag, _, seconds = watched.argv[2].partition("=")
    assert flag == "--seconds"
    assert float(seconds) < 99.5


LEAKS = """\
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

scaled = StandardScaler().fit_transform(features)
train, test, train_labels, test_labels = train_test_split(scaled, labels)
LogisticRegression().fit(train, train_labels)
"""


def test_what_must_be_fixed_and_cannot_be_by_machine_is_refused(bench, workspace):
    supervisor = Supervisor(
        workspace, read_hardware(), EventLog(bench.events_path, elapsed=lambda: 0.0), Budget(60)
    )
    (bench.root / "leaks.py").write_text(LEAKS)
    watched = supervisor.launch(LaunchRequest(("leaks.py",), cwd=bench.root.name))
    assert watched.ended
    assert "Fix:" in watched.completed().output
    assert [news.kind for news in supervisor.poll()] == ["refused"]
    assert bench.all("script_reviewed")[0]["verdict"] == "refused"
    assert any(fired["line"] == 5 for fired in bench.all("hint_fired"))
    assert "job_started" not in bench.kinds()


@pytest.mark.parametrize(
    "argv",
    [
        ("-u", "leaks.py"),
        ("-X", "dev", "-W", "ignore", "leaks.py"),
        ("-m", "package.leaks"),
        ("-um", "package.leaks", "--epochs", "3"),
        ("-m", "cProfile", "-o", "profile", "leaks.py"),
    ],
)
def test_a_script_is_found_behind_what_stands_before_it(bench, workspace, argv):
    events = EventLog(bench.events_path, elapsed=lambda: 0.0)
    supervisor = Supervisor(workspace, read_hardware(), events, Budget(60))
    (bench.root / "package").mkdir()
    for place in ("leaks.py", "package/leaks.py"):
        (bench.root / place).write_text(LEAKS)
    watched = supervisor.launch(LaunchRequest(argv, cwd=bench.root.name))
    assert watched.script.endswith("leaks.py")
    assert "Fix:" in watched.refused


def test_options_of_the_interpreter_are_obeyed(workspace):
    (workspace.root / "flags.py").write_text("import sys; print(sys.flags.optimize, sys.argv)")
    said = workspace.run(("-O", "flags.py", "x"), timeout_seconds=30)
    assert said.output.strip() == "1 ['flags.py', 'x']"


def test_a_failed_job_is_answered_with_the_hint_that_explains_it(bench, workspace):
    supervisor = Supervisor(
        workspace, read_hardware(), EventLog(bench.events_path, elapsed=lambda: 0.0), Budget(60)
    )
    (bench.root / "fails.py").write_text(
        "model.fit(1) if False else None\nimport albumentations_that_is_missing\n"
    )
    watched = supervisor.launch(LaunchRequest(("fails.py",), cwd=bench.root.name))
    news = []
    while not watched.ended:
        news += supervisor.wait(1.0)
    assert news[-1].kind == "ended"
    assert all(fired["source"] == "log" for fired in bench.all("hint_fired"))


def test_idle_cores_are_counted_among_the_jobs_own(bench):
    """A script held to one thread wastes nothing where it was given one core of several."""
    cores = read_hardware().core_ids
    if len(cores) < 2:
        pytest.skip("needs two cores")
    code = "from somewhere import Model\nModel(n_jobs=1).fit(1, 2)\n"
    for given, told in ((cores[:1], []), (cores[:2], ["one-thread"])):
        bench.watch(bench.launch(code, cores=given))
        reviewed = bench.all("script_reviewed")[-1]
        assert [finding.split()[0] for finding in reviewed["findings"]] == told
