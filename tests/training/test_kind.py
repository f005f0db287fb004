"""What a command does is told from its source, whatever it is called and however it is hidden."""

import pytest

from medalist.training.kind import Kind, kind_of_command, kind_of_script

NETWORKS = [
    "loss.backward()",
    "f = loss.backward\nf()",
    "getattr(loss, 'back' + 'ward')()",
    "n = 'drawkcab'[::-1]\ngetattr(loss, n)()",
    "getattr(loss, ''.join(['back', 'ward']))()",
    "import operator\noperator.methodcaller('backward')(loss)",
    "loss.__getattribute__('backward')()",
    "import torch\ntorch.autograd.grad(loss, w)",
    "from torch import autograd as a\na.grad(loss, w)",
    "exec('loss.backward()')",
    "text = 'loss.back' + 'ward()'\nexec(compile(text, 'x', 'exec'))",
    "import os\nos.system('python -c \"loss.backward()\"; true')\nloss.backward()",
    "from transformers import Trainer\nt = Trainer(model)\nt.train()",
    "class A:\n    def go(self):\n        self.loss.backward()",
]
ESTIMATORS = [
    "model.fit(x, y)",
    "g = model.fit\ng(x, y)",
    "import lightgbm as q\nq.train({}, d)",
    "from sklearn.model_selection import cross_val_score as c\nc(m, x, y)",
    "getattr(model, 'f' + 'it')(x, y)",
]
OPAQUE = [
    "exec(open('x').read())",
    "getattr(model, name)(x)",
    "import subprocess\nsubprocess.run(['make'])",
    "import os\nos.system('./train.sh')",
    "__import__(name)",
]
HARMLESS = [
    "print('loss.backward()')",
    "import pandas as pd\npd.read_csv('a.csv').describe()",
    "from sklearn.preprocessing import StandardScaler\ns = StandardScaler()\ns.fit_transform(x)",
    "# model.fit(x)\nx = 'exec'",
    "getattr(config, 'name')",
    "def broken(:",
]


@pytest.mark.parametrize(
    ("code", "kind"),
    [(code, Kind.NETWORK) for code in NETWORKS]
    + [(code, Kind.ESTIMATOR) for code in ESTIMATORS]
    + [(code, Kind.OPAQUE) for code in OPAQUE]
    + [(code, Kind.NONE) for code in HARMLESS],
)
def test_kind_of_a_script(code, kind):
    assert kind_of_script(code) is kind


FILES = {
    "train.py": "loss.backward()",
    "helper.py": "def go(loss):\n    loss.backward()\n",
    "package/__init__.py": "",
    "package/inner.py": "def go(m):\n    m.fit(1)\n",
    "loop.py": "import loop\n",
}


@pytest.mark.parametrize(
    "script",
    [
        "import helper",
        "from helper import go",
        "import importlib\nimportlib.import_module('hel' + 'per')",
        "import runpy\nrunpy.run_path('train.py')",
        "import subprocess, sys\nsubprocess.run([sys.executable, 'train.py'])",
        "import os\nos.system('python3 train.py --epochs 3')",
    ],
)
def test_files_beside_a_script_are_followed(script):
    assert kind_of_script(script, FILES.get) is Kind.NETWORK


def test_packages_and_circles_are_followed_once():
    assert kind_of_script("from package.inner import go", FILES.get) is Kind.ESTIMATOR
    assert kind_of_script("import loop", FILES.get) is Kind.NONE


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        (("train.py", "--x"), Kind.NETWORK),
        (("-u", "train.py"), Kind.NETWORK),
        (("-c", "m.fit(x)"), Kind.ESTIMATOR),
        (("-m", "helper"), Kind.NETWORK),
        (("-m", "package.inner"), Kind.ESTIMATOR),
        (("missing.py",), Kind.OPAQUE),
        (("-",), Kind.OPAQUE),
        ((), Kind.OPAQUE),
    ],
)
def test_kind_of_a_command(argv, kind):
    assert kind_of_command(argv, FILES.get) is kind
