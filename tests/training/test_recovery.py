"""A verdict becomes an edit: the right number wherever it is written, the rest of the file untouched, and it still runs."""

import ast
import difflib

import pytest

from medalist.source.tree import parse
from medalist.training.checkpoint import Verdict, Verdicts
from medalist.training.recovery import batch_in_use, recover, set_batch

LOADER = "from torch.utils.data import DataLoader\n"


def mend(kind: Verdicts, code: str, argv=("train.py",), cores: int = 4):
    return recover(Verdict(kind, "because"), code, argv, cores=cores)


def changed_lines(before: str, after: str) -> list[str]:
    return [
        line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[:2] in ("+ ", "- ")
    ]


BATCHES = {
    "constant": LOADER + "B = 32  # mine\nloader = DataLoader(data, batch_size=B, shuffle=True)\n",
    "renamed": LOADER + "elephants = 32\nloader = DataLoader(data, elephants, shuffle=True)\n",
    "keyword": LOADER + "loader = DataLoader(\n    data,\n    batch_size=32,\n    shuffle=True,\n)\n",
    "argparse": (
        "import argparse\n"
        + LOADER
        + "p = argparse.ArgumentParser()\np.add_argument('--batch-size', type=int, default=32)\n"
        "args = p.parse_args()\nloader = DataLoader(data, batch_size=args.batch_size)\n"
    ),
    "dict": LOADER + "cfg = {'lr': 0.1, 'batch': 32}\nloader = DataLoader(data, batch_size=cfg['batch'])\n",
    "class": LOADER + "class CFG:\n    bs: int = 32\nloader = DataLoader(data, batch_size=CFG.bs)\n",
    "function": (
        LOADER
        + "def make(data, size):\n    return DataLoader(data, batch_size=size, shuffle=True)\n\n\nloader = make(d, 32)\n"
    ),
    "by hand": "size = 32\nfor i in range(0, n, size):\n    loss = f(x[i:i + size])\n    loss.backward()\n",
    "two loaders": (
        LOADER + "train = DataLoader(a, batch_size=32, shuffle=True)\nvalid = DataLoader(b, batch_size=500)\n"
    ),
    "min": LOADER + "loader = DataLoader(data, batch_size=min(32, len(data)), shuffle=True)\n",
    "name only": "batch_size = 32\nrun(batch_size)\n",
}


@pytest.mark.parametrize("shape", BATCHES)
def test_the_batch_is_doubled_wherever_it_is_written(shape):
    code = BATCHES[shape]
    assert batch_in_use(parse(code), ()) == 32
    mended = mend(Verdicts.DOUBLE_BATCH, code)
    assert mended.code == code.replace("32", "64", 1)
    assert mended.batch == 64


@pytest.mark.parametrize("words", [("--batch-size", "32"), ("--batch_size=32",), ("--bs", "32")])
def test_a_batch_on_the_command_line_goes_before_the_script(words):
    mended = mend(Verdicts.DOUBLE_BATCH, BATCHES["argparse"].replace("32", "8"), ("train.py", *words, "--x"))
    assert [word for word in mended.argv if "64" in word]
    assert mended.argv[-1] == "--x"
    assert mended.batch == 64


def test_learning_rates_follow_the_batch_by_their_optimiser():
    code = "import torch\n" + BATCHES["constant"] + "LR = 0.1\na = torch.optim.SGD(w, lr=LR)\n"
    assert "LR = 0.2" in (mend(Verdicts.DOUBLE_BATCH, code).code or "")
    code = code.replace("SGD", "AdamW")
    assert "LR = 0.141" in (mend(Verdicts.DOUBLE_BATCH, code).code or "")


def test_a_script_without_a_batch_is_left_alone_with_a_reason():
    mended = mend(Verdicts.DOUBLE_BATCH, "import sys\nbatch_size = int(sys.argv[1])\n")
    assert mended.code is None
    assert "batch size" in mended.reason


LOOP = """\
import torch
from torch import nn

torch.manual_seed(0)
x, y = torch.randn(64, 4), torch.randn(64, 1)
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for i in range(0, 64, 32):  # batches
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x[i : i + 32]), y[i : i + 32])
        loss.backward()
        optimizer.step()
"""


def test_half_the_batch_with_accumulation_trains_to_the_same_weights():
    code = (
        LOOP.replace("64, 32)", "64, size)")
        .replace("i + 32", "i + size")
        .replace("for epoch", "size = 32\nfor epoch", 1)
    )
    mended = mend(Verdicts.HALVE_BATCH, code)
    assert mended.batch == 16
    weights = []
    for text in (code, mended.code):
        names: dict = {}
        exec(compile(text, "train.py", "exec"), names)
        weights.append(names["model"].weight.detach())
    assert float((weights[0] - weights[1]).abs().max()) < 1e-6


def test_accumulation_that_is_there_is_doubled():
    code = "accumulation_steps = 4\n" + BATCHES["constant"]
    assert "accumulation_steps = 8" in (mend(Verdicts.HALVE_BATCH, code).code or "")


def test_a_batch_of_one_cannot_be_halved():
    assert mend(Verdicts.HALVE_BATCH, BATCHES["constant"].replace("32", "1")).code is None


def test_monitoring_lines_are_added_and_nothing_else_changes(capsys):
    mended = mend(Verdicts.ADD_MONITORING, LOOP)
    assert mended.code is not None
    assert not [line for line in changed_lines(LOOP, mended.code) if line.startswith("- ")]
    exec(compile(mended.code, "train.py", "exec"), {})
    printed = capsys.readouterr().out
    assert "RESOURCES:" in printed
    assert "batch=32" in printed
    assert "Fold 1/1, Epoch 3/3, Loss:" in printed


@pytest.mark.parametrize(
    "code", ["loss.backward()\n", "def f(l):\n    l.backward()\n\nfor a in b:\n    f(a)\n"]
)
def test_a_loop_of_another_shape_is_left_alone_with_a_reason(code):
    mended = mend(Verdicts.ADD_MONITORING, code)
    assert mended.code is None
    assert mended.reason


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import torch\ntorch.set_num_threads(1)\n", "torch.set_num_threads(4)"),
        ("import os\nos.environ['OMP_NUM_THREADS'] = '1'\n", "os.environ['OMP_NUM_THREADS'] = \"4\""),
        ("model = RandomForestClassifier(n_jobs=1)\n", "n_jobs=4"),
        ("params = {'num_threads': 1}\n", "'num_threads': 4"),
        (LOADER + "l = DataLoader(d, num_workers=0)\n", "num_workers=3"),
    ],
)
def test_thread_limits_are_lifted_to_the_jobs_cores(before, after):
    mended = mend(Verdicts.MORE_THREADS, before)
    assert after in (mended.code or "")


def test_threads_that_are_not_limited_are_left_alone():
    assert mend(Verdicts.MORE_THREADS, "m = Forest(n_jobs=-1)\nprint(1)\n").code is None


GPU_LOOP = """\
import torch
from torch import nn
from torch.utils.data import DataLoader

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)

net = Net()
criterion = nn.MSELoss()
loader = DataLoader(data, batch_size=8, shuffle=True)
for a, b in loader:
    loss = criterion(net(a), b)
    loss.backward()
print(net(x).detach().numpy())
"""


def test_model_and_batches_are_moved_to_the_gpu():
    code = mend(Verdicts.USE_GPU, GPU_LOOP).code
    assert code is not None
    assert 'net = Net().to("cuda")' in code
    assert 'a, b = a.to("cuda"), b.to("cuda")' in code
    assert ".cpu().numpy()" in code
    assert "nn.Linear(4, 1)\n" in code
    ast.parse(code)


def test_a_cpu_device_becomes_the_gpu():
    code = (
        "import torch\ndevice = torch.device('cpu')\nx = y.to(device)\ntorch.load('a', map_location='cpu')\n"
    )
    mended = mend(Verdicts.USE_GPU, code)
    assert mended.code == code.replace("torch.device('cpu')", 'torch.device("cuda")')


def test_text_beyond_ascii_and_odd_spacing_survive():
    code = "# — größe  \nnâme = 'é'; x  =  1\n" + BATCHES["constant"].replace("# mine", "# größe → 32")
    assert (mend(Verdicts.DOUBLE_BATCH, code).code or "") == code.replace("B = 32", "B = 64")
    assert set_batch(code, ("t.py",), 7).code == code.replace("B = 32", "B = 7")


def test_text_that_is_not_python_is_left_alone():
    assert mend(Verdicts.DOUBLE_BATCH, "def (:\n").code is None
