"""The best-known mistakes, each written in the several ways people write it."""

# ruff: noqa: E501
from __future__ import annotations

from textwrap import dedent, indent

import pytest

from medalist.hints.review import check_script

_FRAME = dedent(
    """
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score, train_test_split
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler, minmax_scale, scale

    df = pd.read_csv("train.csv")
    y = df.pop("target").values
    cols = ["a", "b"]
    """
)
_SCALED_BEFORE = {
    "fit and transform": "s = StandardScaler()\ns.fit(df)\nX = s.transform(df)\ntrain_test_split(X, y)",
    "chained": "X = MinMaxScaler().fit(df).transform(df)\ntrain_test_split(X, y)",
    "columns stored": "df[cols] = RobustScaler().fit_transform(df[cols])\na, b, c, d = train_test_split(df, y)",
    "loc stored": "df.loc[:, cols] = StandardScaler().fit_transform(df[cols])\ncross_val_score(LogisticRegression(), df, y)",
    "fold rows": "X = StandardScaler().fit_transform(df)\nfor a, b in KFold(5).split(y):\n    m = LogisticRegression().fit(X[a], y[a])",
    "helper": "def prepare(t):\n    return StandardScaler().fit_transform(t)\nX = prepare(df)\ntrain_test_split(X, y)",
    "pipeline": "p = make_pipeline(SimpleImputer(), StandardScaler())\nX = p.fit_transform(df)\ntrain_test_split(X, y)",
    "pipeline steps": "X = Pipeline([('s', StandardScaler())]).fit_transform(df)\ntrain_test_split(X, y)",
    "columns transformer": "t = ColumnTransformer([('n', StandardScaler(), cols)])\nX = t.fit_transform(df)\ntrain_test_split(X, y)",
    "function": "X = scale(df)\ntrain_test_split(X, y)",
    "by hand": "X = (df - df.mean()) / df.std()\ntrain_test_split(X, y)",
    "by hand in arrays": "X = df.values\nX = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-8)\ntrain_test_split(X, y)",
    "by position": "X = StandardScaler().fit_transform(df)\nrows = np.random.permutation(len(X))\na, b = X[rows[:800]], X[rows[800:]]",
    "slices": "X = StandardScaler().fit_transform(df)\nn = int(0.8 * len(X))\nXt, Xv = X[:n], X[n:]",
}


@pytest.mark.parametrize("how", _SCALED_BEFORE)
def test_a_scaler_before_the_split(how: str) -> None:
    assert "scaler-before-split" in _found(_FRAME + _SCALED_BEFORE[how])


_SCALED_INSIDE = {
    "pipeline": "cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), df, y)",
    "fold": "for a, b in KFold(5).split(df):\n    s = StandardScaler().fit(df.iloc[a])\n    Xa, Xb = s.transform(df.iloc[a]), s.transform(df.iloc[b])",
    "same name": "a, b, ya, yb = train_test_split(df, y)\na, v, ya, yv = train_test_split(a, ya)\ns = StandardScaler()\na = s.fit_transform(a)\nv = s.transform(v)",
    "unscaled is split": "X = StandardScaler().fit_transform(df)\nprint(X.std())\ntrain_test_split(df, y)",
    "no split": "X = StandardScaler().fit_transform(df)\nLogisticRegression().fit(X, y)",
    "batches of a scaled part": "a, b, ya, yb = train_test_split(df, y)\nX = StandardScaler().fit_transform(a)\nn = 64\nfirst, rest = X[:n], X[n:]",
}


@pytest.mark.parametrize("how", _SCALED_INSIDE)
def test_a_scaler_inside_the_fold(how: str) -> None:
    assert "scaler-before-split" not in _found(_FRAME + _SCALED_INSIDE[how])


_TORCH = dedent(
    """
    import os
    import random
    import numpy as np
    import pandas as pd
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    from pathlib import Path
    from torch.cuda import amp
    from torch.cuda.amp import GradScaler, autocast
    from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split
    from torchvision import transforms as T
    from torchvision.transforms import v2

    net = nn.Linear(8, 3).cuda()
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    crit = nn.CrossEntropyLoss()
    scaler = GradScaler()
    data = TensorDataset(torch.zeros(99, 8), torch.zeros(99).long())
    """
)
_MIXED = {
    "numpy": "lam = np.random.beta(1.0, 1.0)",
    "generator": "lam = np.random.default_rng(0).beta(0.4, 0.4)",
    "torch": "lam = torch.distributions.Beta(0.4, 0.4).sample()",
    "random": "lam = random.betavariate(0.4, 0.4)",
    "torchvision": "x, y = v2.CutMix(num_classes=3)(x, y)",
}


@pytest.mark.parametrize("how", _MIXED)
@pytest.mark.parametrize(
    ("options", "named"), [("", True), (", drop_last=False", True), (", drop_last=True", False)]
)
def test_mixing_needs_drop_last(how: str, options: str, named: bool) -> None:
    code = (
        f"dl = DataLoader(data, batch_size=64, shuffle=True{options})\nfor x, y in dl:\n    {_MIXED[how]}\n"
    )
    code += "    F.cross_entropy(net(x), y).backward()\n    opt.step()\n"
    assert ("mixup-drop-last" in _found(_TORCH + code)) is named


_LOSSES = {
    "criterion": "with autocast():\n    out = net(x)\nloss = crit(out, y)\nscaler.scale(loss).backward()",
    "functional": "with amp.autocast():\n    out = net(x)\nloss = F.cross_entropy(out, y)\nscaler.scale(loss).backward()",
    "accumulated": "with torch.autocast('cuda'):\n    out = net(x)\nloss = crit(out, y) / 4\nscaler.scale(loss).backward()",
    "device type": "with torch.amp.autocast(device_type='cuda'):\n    out = net(x)\nloss = crit(out, y)\nloss.backward()",
    "own function": "with autocast():\n    out = net(x)\nloss = focal(out, y)\nscaler.scale(loss).backward()",
    "two losses": "with autocast():\n    out = net(x)\nloss = crit(out, y) + 0.1 * out.abs().mean()\nscaler.scale(loss).backward()",
    "helper": "out = forward(x)\nloss = crit(out, y)\nscaler.scale(loss).backward()",
}
_HELPERS = dedent(
    """
    def focal(out, y):
        return (1 - out.softmax(1)).pow(2).mean()

    def forward(x):
        with autocast():
            return net(x)

    def both(x, y):
        return crit(net(x), y)

    """
)


@pytest.mark.parametrize("how", _LOSSES)
def test_the_loss_belongs_inside_autocast(how: str) -> None:
    assert "loss-outside-autocast" in _found(_TORCH + _HELPERS + _in_steps(_LOSSES[how]))


@pytest.mark.parametrize(
    "step",
    [
        "with autocast():\n    out = net(x)\n    loss = crit(out, y)\nscaler.scale(loss).backward()",
        "with autocast():\n    loss = both(x, y)\nscaler.scale(loss).backward()",
        "with autocast():\n    out = net(x)\nloss = crit(out.float(), y)\nscaler.scale(loss).backward()",
        "out = net(x)\nloss = crit(out, y)\nloss.backward()",
    ],
)
def test_a_loss_inside_autocast_is_no_mistake(step: str) -> None:
    assert "loss-outside-autocast" not in _found(_TORCH + _HELPERS + _in_steps(step))


_AUGMENT = "aug = T.Compose([T.RandomHorizontalFlip(), T.ToTensor()])\n"
_VALIDATED = {
    "random split": "a, b = random_split(Files('x', aug), [80, 20])",
    "one transform": "a, b = Files('train', aug), Files('valid', aug)",
    "keyword": "a, b = Files('train', t=aug), Files('valid', t=aug)",
}
_FILES = "class Files(Dataset):\n    def __init__(self, p, t):\n        self.p, self.t = p, t\n"
_PASSES = {
    "inline": "    with torch.no_grad():\n        for x, y in db:\n            net(x)\n",
    "function": "    check(db)\n",
}


@pytest.mark.parametrize("how", _VALIDATED)
@pytest.mark.parametrize("where", _PASSES)
def test_augmentation_on_validation(how: str, where: str) -> None:
    code = (
        _FILES
        + _AUGMENT
        + _VALIDATED[how]
        + "\ndef check(batches):\n    net.eval()\n    for x, y in batches:\n        net(x)\n"
    )
    code += "da, db = DataLoader(a, 64, shuffle=True), DataLoader(b, 64)\n"
    code += (
        "for epoch in range(3):\n    for x, y in da:\n        crit(net(x), y).backward()\n" + _PASSES[where]
    )
    assert "augmentation-on-validation" in _found(_TORCH + code)


_TEXT = {
    "list": "y = torch.tensor(['cat', 'dog', 'cat'])",
    "table": "t = pd.DataFrame({'f': [1, 2], 'label': ['cat', 'dog']})\ny = torch.tensor(t['label'].values)",
    "compared": "t = pd.read_csv('train.csv')\nprint((t['label'] == 'cat').mean())\ny = torch.tensor(t['label'].to_numpy())",
    "folders": "paths = sorted(Path('train').glob('*/*.jpg'))\nlabels = [p.parent.name for p in paths]\ny = torch.tensor(labels)",
    "basename": "labels = [os.path.basename(os.path.dirname(p)) for p in ['a/b.jpg']]\ny = torch.LongTensor(labels)",
    "made text": "t = pd.read_csv('train.csv')\ny = torch.tensor(t['label'].astype(str).values)",
    "loss": "t = pd.read_csv('train.csv')\ncrit(net(torch.zeros(3, 8)), t['species'])",
}


@pytest.mark.parametrize("how", _TEXT)
def test_text_labels(how: str) -> None:
    assert "text-labels" in _found(_TORCH + _TEXT[how])


def test_columns_known_to_hold_text_are_evidence() -> None:
    code = _TORCH + "t = pd.read_csv('train.csv')\ny = torch.tensor(t['kind'].values)"
    assert "text-labels" not in _found(code)
    assert "text-labels" in {f.hint_id for f in check_script(code, text_columns=["kind"])}


@pytest.mark.parametrize(
    "step",
    [
        "t = pd.read_csv('train.csv')\ny = torch.tensor(t['label'].values)",
        "t = pd.read_csv('train.csv')\ncodes = {'cat': 0, 'dog': 1}\ny = torch.tensor([codes[k] for k in t['species']])",
        "t = pd.read_csv('train.csv')\ny = torch.tensor((t['species'] == 'cat').astype(int).values)",
        "t = pd.read_csv('train.csv')\nnames = sorted(t['species'].unique())\ny = torch.tensor([names.index(k) for k in t['species']])",
        "t = pd.read_csv('train.csv')\ny = torch.tensor(t['species'].astype('category').cat.codes.values)",
    ],
)
def test_encoded_labels_are_no_mistake(step: str) -> None:
    assert "text-labels" not in _found(_TORCH + step)


_SMALL = {
    "number": "dl = DataLoader(data, batch_size=32, shuffle=True)",
    "position": "dl = DataLoader(data, 32, True)",
    "argparse": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--batch-size', '-b', type=int, default=32)\na = p.parse_args()\ndl = DataLoader(data, batch_size=a.batch_size, shuffle=True)",
    "class": "class C:\n    bs = 32\ndl = DataLoader(data, batch_size=C.bs, shuffle=True)",
    "dict": "cfg = {'bs': 32}\ndl = DataLoader(data, batch_size=cfg['bs'], shuffle=True)",
    "options": "kw = dict(batch_size=16, shuffle=True)\ndl = DataLoader(data, **kw)",
    "helper": "def make(d, bs):\n    return DataLoader(d, batch_size=bs, shuffle=True)\ndl = make(data, bs=32)",
    "default": "def make(d, bs=32):\n    return DataLoader(d, batch_size=bs, shuffle=True)\ndl = make(data)",
}


@pytest.mark.parametrize("how", _SMALL)
def test_batches_of_32(how: str) -> None:
    code = _TORCH + _SMALL[how] + "\nfor x, y in dl:\n    crit(net(x), y).backward()\n    opt.step()\n"
    assert "batch-of-32" in _found(code)
    assert "no-monitoring-lines" in _found(code)


def _in_steps(step: str) -> str:
    return "for x, y in DataLoader(data, 64, shuffle=True):\n" + indent(step, "    ") + "\n    opt.step()\n"


def _found(code: str) -> set[str]:
    return {finding.hint_id for finding in check_script(code)}
