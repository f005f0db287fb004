"""What a command line would run is found before it runs, however it is written; harmless lines pass."""

from __future__ import annotations

import posixpath

import pytest

from medalist.tools.definition import Refused
from medalist.tools.shell_reading import read_line, script_call
from medalist.training.kind import kind_of_command

ROOT = "/somewhere/workspace"
FIT = "from sklearn.dummy import DummyClassifier\nDummyClassifier().fit([[0]], [0])\n"
FILES = {
    "train.py": FIT,
    "work/train.py": FIT,
    "work/helper.py": FIT,
    "work/uses.py": "import helper\n",
    "eda.py": "import csv\nprint(len(list(csv.reader(open('input/numbers.csv')))))\n",
    "run.sh": "#!/bin/bash\nset -e\npython work/train.py\n",
    "look.sh": "#!/bin/bash\nls -l\npython eda.py\n",
    "tool": f"#!/usr/bin/env python3\n{FIT}",
    "loop.py": "exec(open('train.py').read())\n",
}


def read(path: str) -> str | None:
    return FILES.get(path)


def kind_of(argv, folder):
    return kind_of_command(argv, lambda path: read(posixpath.normpath(posixpath.join(folder, path))))


def reading(line: str):
    return read_line(line, folder=".", root=ROOT, kind_of=kind_of, read=read)


TRAINING = [
    "python train.py | tee log",
    "cd work && python train.py --epochs 3",
    "cd work; python3 ./train.py > log 2>&1 &",
    "(cd work; nohup python -u train.py &)",
    'bash -c "python train.py"',
    "sh -ec 'cd work && python train.py'",
    "bash run.sh",
    "./run.sh",
    ". run.sh",
    "bash < run.sh",
    "./tool",
    "nohup ./tool &",
    "python tool",
    "env OMP_NUM_THREADS=1 timeout 60 nice -n 5 python train.py",
    'env -S "python train.py"',
    "X=1 python train.py",
    "PY=python; $PY train.py",
    'PY="python train.py"; $PY',
    "exec python train.py",
    "time -p python train.py",
    "torchrun --nproc_per_node=1 train.py",
    "accelerate launch work/train.py",
    "./p train.py",
    f"{ROOT}/p {ROOT}/train.py",
    "/usr/bin/python3.11 -B -W ignore ~/train.py",
    f"python {ROOT}/work/../train.py; true",
    "python -m train",
    "python -m cProfile -o prof train.py",
    "python -um work.train",
    f"python -c '{FIT}'",
    f"python -c'{FIT}'",
    f"python - <<'EOF'\n{FIT}EOF",
    f"python <<EOF\n{FIT}EOF",
    f"cat > note.txt <<A; python3 - <<B\nhello\nA\n{FIT}B\n",
    "python < train.py",
    f"python <<< '{FIT}'",
    "cat train.py | python",
    "cat train.py | python -",
    "cat run.sh | bash",
    "echo cHl0aG9u | base64 -d | sh",
    "python <(cat train.py)",
    "python $(ls *.py)",
    "python tr*.py",
    "python {train,}.py",
    "for f in train.py; do python $f; done",
    "find . -name 'train.py' -exec python {} \\;",
    "ls *.py | xargs -n1 python",
    "echo train.py | xargs python",
    'eval "python train.py"',
    "trap 'python train.py' EXIT",
    'f() { python "$@"; }; f train.py',
    "if true; then python train.py; fi",
    "while read x; do python train.py; done < eda.py",
    "echo $(python train.py)",
    "echo `python train.py`",
    "diff <(python train.py) /dev/null",
    "cat <<EOF\n$(python train.py)\nEOF",
    "cp train.py x.py && python x.py",
    "mv train.py x.py; python x.py",
    "echo 'import train' > x.py; python x.py",
    "cat > x.py <<'EOF'\nimport train\nEOF\npython x.py",
    "cat train.py | tee y.py; python y.py",
    "cd work && python uses.py",
    "python loop.py --x > log",
    "python -c 'import train'",
    "python -c 'exec(open(\"train.py\").read())'",
    "python -c 'import os; os.system(\"python train.py\")'",
    "python -c \"$(cat train.py)\"",
    "python /tmp/train.py -q | cat",
    "jupyter nbconvert --execute train.ipynb",
    "python -m ipykernel_launcher -f x.json",
    "lightgbm config=train.conf",
    "catboost fit -f train.csv",
    "CMD=(python train.py); \"${CMD[@]}\"",
    "$'pyth\\x6fn' train.py",
    "py\\thon train.py && true",
    "'python' \"train.py\" ; true",
    "python \\\n  train.py; ls",
    "echo hi & python train.py & wait",
    "coproc python train.py",
    "! python train.py",
    "sudo -u nobody python train.py",
    "python -m medalist.workspace.warm",
    "python -m medalist run task",
]  # fmt: skip


@pytest.mark.parametrize("line", TRAINING)
def test_training_is_found_however_it_is_written(line):
    with pytest.raises(Refused):
        reading(line)


@pytest.mark.parametrize(
    "line",
    [
        "ls -la input && head -3 input/numbers.csv",
        "python eda.py | tail -3",
        "cd work && python ../eda.py > out.txt 2>&1; cat out.txt",
        "python - <<'EOF'\nimport pandas as pd\nprint(pd.read_csv('input/numbers.csv').describe())\nEOF",
        "python -c 'import torch; print(torch.cuda.is_available())'",
        "grep -n fit train.py; sed -n 1,20p train.py; wc -l *.py",
        "cat > work/train2.py <<'EOF'\nmodel.fit(x, y)\nEOF\n",
        "which python; python --version; nproc; free -g; nvidia-smi || true",
        "for f in *.py; do wc -l $f; done",
        "bash look.sh",
        "python -m pip list | grep -i torch",
        "python -m json.tool x.json",
        'echo "python train.py would train"',
        "# python train.py\nls",
        "find . -name '*.csv' | xargs ls -l",
        "diff train.py work/train.py && echo same",
        "sleep 2; ls",
        "python -m py_compile train.py",
    ],
)
def test_lines_that_train_nothing_pass(line):
    reading(line)


@pytest.mark.parametrize(
    "line",
    [
        "sleep 60",
        "sleep 1m",
        "sleep $N",
        "sleep infinity",
        "ls; sleep 30; tail log",
        "while true; do tail -1 log; sleep 1; done",
        "until grep -q done log; do sleep 2; done",
        "watch -n 1 nvidia-smi",
        "tail -f work/train.log",
        "tail -n 5 -F work/train.log",
        "timeout 100 tail -f x.log",
        "bash -c 'sleep 100'",
        "python -c 'import time; time.sleep(100)'",
    ],
)
def test_waiting_by_the_clock_is_answered_with_the_tool_that_waits(line):
    with pytest.raises(Refused, match="`wait`"):
        reading(line)


def test_the_refusal_names_the_call_to_make():
    with pytest.raises(Refused, match=r"start_job\(command='python train\.py --epochs 3', folder='work'\)"):
        reading("cd work && nohup python train.py --epochs 3 > log 2>&1 &")


def test_what_cannot_be_told_of_a_program_is_said():
    assert reading("make all").opaque
    assert reading("./compiled").opaque
    assert not reading("ls | sort").opaque
    assert reading("python <<< 'print(1)'").code_on_stdin


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        ("python train.py", ("train.py",)),
        ("python3 -u work/train.py --x 'a b'", ("work/train.py", "--x", "a b")),
        ("python -um train --x", ("-m", "train", "--x")),
        ("python -c 'print(1)'", None),
        ("python train.py > log", None),
        ("python train.py && ls", None),
        ("python train.py &", None),
        ("X=1 python train.py", None),
        ("python *.py", None),
        ("python", None),
        ("python 'unclosed", None),
    ],
)
def test_a_plain_script_call_is_told_from_everything_else(line, argv):
    assert script_call(line) == argv
