"""Small slow training programs, each with a ``run(seed)``, and running their texts before and after an edit."""

from __future__ import annotations

import linecache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from medalist.families.speedup.optimiser.facts import Facts
from medalist.families.speedup.optimiser.transformation import Edit, Program, Transformation

torch = pytest.importorskip("torch", reason="these programs train with torch")


def answers(text: str, **arguments: Any) -> dict[str, np.ndarray]:
    """What ``run`` of the program ``text`` answers; numba needs to find the source, so it is remembered."""
    file = f"<program {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = ModuleType("program")
    exec(compile(text, file, "exec"), module.__dict__)
    return {name: np.array(value) for name, value in module.run(**arguments).items()}


def edits_of(transformation: Transformation, text: str, facts: Facts | None = None) -> list[Edit]:
    """The edits that a transformation offers for a program whose entry is ``run``."""
    return list(transformation.edits(Program(text, "run", facts or Facts(seconds=1.0))))


def assert_same(before: str, after: str, tolerance: float = 2e-5, **arguments: Any) -> None:
    """Both texts answer alike: every array that the first gives, element by element."""
    expected, got = answers(before, **arguments), answers(after, **arguments)
    assert expected.keys() == got.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=tolerance, atol=tolerance, err_msg=name)


OWN_DATASET = """
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

BATCH = 5


class Rows(Dataset):
    def __init__(self, features, labels):
        self.features = features
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.features[index], self.labels[index]


def run(seed):
    torch.manual_seed(seed)
    features, labels = torch.randn(23, 4), torch.randint(3, (23,))
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    criterion = nn.CrossEntropyLoss()
    losses = []
    for _epoch in range(3):
        noisy = features + 0.1 * torch.randn(features.shape)
        for batch, answers in DataLoader(Rows(noisy, labels), batch_size=BATCH, shuffle=True):
            optimizer.zero_grad()
            loss = criterion(model(batch), answers)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    result = {name: weight.detach().numpy() for name, weight in model.state_dict().items()}
    return {"losses": np.array(losses), **result}
"""

TENSORS_REGRESSION = """
import numpy as np
import torch
import torch.nn as tnn
import torch.optim as optimisers
import torch.utils.data as loading


class Line(tnn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = tnn.Linear(4, width)
        self.last = tnn.Linear(width, 1)

    def forward(self, values):
        hidden = torch.sigmoid(self.first(values))
        return self.last(hidden)


def fit(network, loader, optimiser, loss_function):
    total = 0.0
    for values, wanted in loader:
        loss = loss_function(network(values).squeeze(1), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(values)
    return total / len(loader.dataset)


def run(seed):
    torch.manual_seed(seed)
    values = torch.randn(22, 4)
    wanted = values.sum(1) ** 2
    loader = loading.DataLoader(loading.TensorDataset(values, wanted), 4, True, drop_last=True, num_workers=0)
    network = Line(6)
    optimiser = optimisers.SGD(network.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    means = [fit(network, loader, optimiser, tnn.MSELoss()) for _ in range(4)]
    return {"means": np.array(means), **{k: v.numpy() for k, v in network.state_dict().items()}, "batches": len(loader)}
"""

LISTS_ROW_BY_ROW = """
import numpy as np
import torch
from torch.utils import data


class Texts(data.Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, number):
        row = np.asarray(self.rows[number], dtype=np.float32)
        return torch.from_numpy((row - row.mean()) / row.std())


def run(seed):
    torch.manual_seed(seed)
    rows = np.random.default_rng(seed).normal(size=(17, 5)).tolist()
    sums = []
    for _ in range(2):
        for batch in data.DataLoader(Texts(rows), batch_size=4, shuffle=True):
            sums.append(batch.sum(1).numpy() + torch.rand(len(batch)).numpy())
    return {"sums": np.concatenate(sums)}
"""

BY_HAND = """
import numpy
import torch
import torch.nn.functional as F
from torch.nn import Linear, Module


class Judge(Module):
    def __init__(self):
        super().__init__()
        self.before = Linear(4, 7)
        self.after = Linear(7, 2)

    def forward(self, given):
        inner = F.dropout(F.relu(self.before(given)), 0.25, training=self.training)
        return F.log_softmax(self.after(inner), dim=1)


def learn(judge, optimiser, given, right):
    optimiser.zero_grad()
    said = judge(given)
    error = F.nll_loss(said, right)
    error.backward()
    optimiser.step()
    return float(error)


def run(seed):
    torch.manual_seed(seed)
    given = torch.randn(21, 4)
    right = (given[:, 0] > 0).long()
    judge = Judge()
    optimiser = torch.optim.AdamW(judge.parameters(), lr=0.02)
    errors = []
    for round_ in range(3):
        order = torch.randperm(len(given))
        for start in range(0, len(given), 6):
            chosen = order[start : start + 6]
            errors.append(learn(judge, optimiser, given[chosen], right[chosen]))
    everything = torch.optim.SGD(judge.parameters(), lr=0.1, momentum=0.5)
    for round_ in range(5):
        noisy = given + 0.1 * torch.randn(given.shape)
        # All rows at once.
        everything.zero_grad()
        loss = F.cross_entropy(judge(noisy), right)
        loss.backward()
        everything.step()
        if round_ % 2:
            errors.append(loss.item())
            if loss.item() < 1e-9:
                break
    return {"errors": numpy.array(errors), **{k: v.numpy() for k, v in judge.state_dict().items()}}
"""

FROZEN = '''
import math
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Network(nn.Module):
    """Its first layer never learns."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 6)
        self.second = nn.Linear(6, 2)
        self.drop = nn.Dropout(0.3)

    def bend(self, values):
        rows = [[math.tanh(value.item()) + 0.1 * value.item() for value in row] for row in values]
        return torch.tensor(rows, dtype=torch.float32)

    def forward(self, values):
        """Two numbers a row."""
        # Bent first.
        bent = self.bend(self.first(values))
        return self.second(torch.relu(self.drop(bent)))


def run(seed):
    torch.manual_seed(seed)
    values, labels = torch.randn(14, 3), torch.randint(2, (14,))
    network = Network()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    criterion = nn.CrossEntropyLoss()
    losses = []
    network.train()
    for _ in range(2):
        for batch in DataLoader(TensorDataset(values, labels), batch_size=4, shuffle=True):
            rows, wanted = batch
            optimizer.zero_grad()
            loss = criterion(network(rows), wanted)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return {"losses": np.array(losses), **{k: v.numpy() for k, v in network.state_dict().items()}}
'''

TRAINER = """
import copy
import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, Dataset

CONFIG = {"hidden": 9, "lr": 0.01}
device = torch.device("cpu")


class Table(Dataset):
    def __init__(self, array, target):
        self.array = array
        self.target = target

    def __len__(self):
        return self.array.shape[0]

    def __getitem__(self, i):
        x = torch.tensor(self.array[i], dtype=torch.float32)
        y = torch.tensor(self.target[i], dtype=torch.float32)
        return x, y


class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        layers = [nn.Linear(n, CONFIG["hidden"]), nn.ReLU(), nn.Dropout(p=0.1)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(9, 1)

    def forward(self, x):
        h = self.body(x)
        return self.head(h).squeeze(-1)


class Trainer:
    def __init__(self, n):
        self.model = Net(n)
        self.criterion = nn.MSELoss()
        self.optimizer = optim.Adam(self.model.parameters(), lr=CONFIG["lr"])

    def epoch(self, loader):
        self.model.train()
        running_loss = 0.0
        for i, (xb, yb) in enumerate(loader):
            xb, yb = xb.to(device), yb.to(device)
            self.optimizer.zero_grad(set_to_none=True)
            out = self.model(xb)
            loss = self.criterion(out, yb)
            loss.backward()
            self.optimizer.step()
            running_loss += loss.item() * xb.size(0)
        return running_loss / len(loader.dataset)

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        total = 0.0
        for xb, yb in loader:
            out = self.model(xb)
            total += self.criterion(out, yb).item()
        return total / len(loader)


def run(seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 5)); y = x[:, 0] * 2
    train = DataLoader(Table(x[:30], y[:30]), batch_size=8, shuffle=True)
    val = DataLoader(Table(x[30:], y[30:]), batch_size=8)
    trainer = Trainer(5)
    best, state, hist = 1e9, None, []
    for epoch in range(4):
        tl = trainer.epoch(train)
        vl = trainer.evaluate(val)
        hist.append((tl, vl))
        if vl < best:
            best, state = vl, copy.deepcopy(trainer.model.state_dict())
    return {"hist": np.array(hist), **{k: v.numpy() for k, v in state.items()}}
"""

SCRIPT = """
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X, Y = torch.randn(30, 4), torch.randint(3, (30,))
net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
opt = torch.optim.Adam(net.parameters(), lr=0.01)
crit = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X, Y), batch_size=8, shuffle=True)
losses = []
for epoch in range(3):
    total = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = crit(net(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item()
    losses.append(total / len(loader))


def run(seed):
    return {"losses": np.array(losses), **{k: v.numpy() for k, v in net.state_dict().items()}}
"""
