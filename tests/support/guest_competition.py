"""A small competition with hidden answers, and the scripts a guest hands in for it: is a number above a half?"""

from pathlib import Path

TRAIN = '''\
"""A cut between two classes, fitted fold by fold."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

print("RESOURCES: 1 CPU cores, GPU=none, Mixed Precision=OFF", flush=True)
train = pd.read_csv("../../input/train.csv")
X, y = train[["x"]].to_numpy(), train["above"].to_numpy()
fold = np.arange(len(y)) % 3
oof = np.full(len(y), np.nan)
for number in range(3):
    model = LogisticRegression(C=1000.0).fit(X[fold != number], y[fold != number])
    oof[fold == number] = model.predict_proba(X[fold == number])[:, 1]
    print(f"Fold {number + 1}/3, score {np.mean((oof > 0.5)[fold == number] == y[fold == number]):.4f}", flush=True)
Path("artifacts").mkdir(exist_ok=True)
np.savez("artifacts/oof.npz", prediction=oof, fold=fold)
Path("artifacts/postprocess.json").write_text(json.dumps({"kind": "threshold", "threshold": 0.5}))
Path("artifacts/model.json").write_text(json.dumps([model.coef_[0, 0], model.intercept_[0]]))
'''

PREDICT = """\
import json
from pathlib import Path

import numpy as np
import pandas as pd

slope, start = json.loads(Path("artifacts/model.json").read_text())
test = pd.read_csv("../../input/test.csv")
chance = 1 / (1 + np.exp(-(slope * test["x"] + start)))
np.savez("artifacts/test.npz", prediction=chance.to_numpy())
pd.DataFrame({"id": test["id"], "above": (chance > 0.5).astype(int)}).to_csv("submission.csv", index=False)
"""


def make_competition(folder: Path) -> Path:
    """``folder/prepared/{public,private}`` of 200 training and 50 test rows; returns ``folder``."""
    public, private = folder / "prepared" / "public", folder / "prepared" / "private"
    public.mkdir(parents=True)
    private.mkdir()
    rows = [(i, (i * 37 % 101) / 101, i % 7) for i in range(250)]
    written = [f"{i},{x:.4f},{c},{int(x > 0.5)}" for i, x, c in rows]
    (public / "train.csv").write_text("\n".join(["id,x,c,above", *written[:200]]) + "\n")
    (public / "test.csv").write_text(
        "\n".join(["id,x,c", *(row.rpartition(",")[0] for row in written[200:])]) + "\n"
    )
    (public / "sample_submission.csv").write_text(
        "\n".join(["id,above", *(f"{i},0" for i, _, _ in rows[200:])]) + "\n"
    )
    (private / "answers.csv").write_text(
        "\n".join(["id,above", *(f"{i},{int(x > 0.5)}" for i, x, _ in rows[200:])]) + "\n"
    )
    return folder
