"""A competition that trains in a moment, and candidates for it as a language model might write them."""

from __future__ import annotations

import json
from pathlib import Path

ROWS, TEST_ROWS = 300, 100


def write_competition(folder: Path, *, description: str = "") -> Path:
    """Does the sum of two columns exceed one? Judged by accuracy; no hidden answers."""
    folder.mkdir(parents=True)
    rows = [(i, (i * 37 % 101) / 101, (i * 53 % 97) / 97) for i in range(ROWS + TEST_ROWS)]
    lines = [f"{i},{a:.4f},{b:.4f}" for i, a, b in rows]
    labels = [int(a + b + ((i * 7) % 5 - 2) / 20 > 1) for i, a, b in rows]
    train = "\n".join(f"{line},{label}" for line, label in zip(lines[:ROWS], labels[:ROWS], strict=True))
    (folder / "train.csv").write_text(f"id,a,b,above\n{train}\n")
    (folder / "test.csv").write_text("id,a,b\n" + "\n".join(lines[ROWS:]) + "\n")
    sample = "\n".join(f"{i},0" for i in range(ROWS, ROWS + TEST_ROWS))
    (folder / "sample_submission.csv").write_text(f"id,above\n{sample}\n")
    (folder / "meta.json").write_text(json.dumps({"metric": "accuracy"}))
    if description:
        (folder / "description.md").write_text(description)
    return folder


TRAIN = """\
from pathlib import Path
import joblib
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

PENALTY = {penalty}
print("RESOURCES: 1 CPU cores, GPU=none, Mixed Precision=OFF", flush=True)
train = pd.read_csv("../../input/train.csv")
X, y = train[["a", "b"]].to_numpy(), train["above"].to_numpy()
prediction, fold = np.full(len(y), np.nan), np.zeros(len(y), int)
models = []
for k, (fit, held) in enumerate(StratifiedKFold(5, shuffle=True, random_state=2024).split(X, y)):
    model = LogisticRegression(C=PENALTY).fit(X[fit], y[fit])
    prediction[held], fold[held] = model.predict_proba(X[held])[:, 1], k
    print(f"Fold {{k + 1}}/5, score {{model.score(X[held], y[held]):.4f}}", flush=True)
    models.append(model)
Path("artifacts").mkdir(exist_ok=True)
np.savez("artifacts/oof.npz", prediction=prediction, fold=fold)
joblib.dump(models, "artifacts/models.joblib")
"""

PREDICT = """\
import joblib
import numpy as np
import pandas as pd

test = pd.read_csv("../../input/test.csv")
models = joblib.load("artifacts/models.joblib")
prediction = np.mean([m.predict_proba(test[["a", "b"]].to_numpy())[:, 1] for m in models], axis=0)
np.savez("artifacts/test.npz", prediction=prediction)
pd.DataFrame({"id": test["id"], "above": (prediction >= 0.5).astype(int)}).to_csv("submission.csv", index=False)
"""


def logistic(penalty: float = 1.0, *, before: str = "", after: str = "") -> dict[str, str]:
    """The files of a sound candidate; ``before`` and ``after`` are added to its train.py."""
    return {"train.py": before + TRAIN.format(penalty=penalty) + after, "predict.py": PREDICT}
