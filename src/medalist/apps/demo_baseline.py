"""What the demo compares with: a plain default LightGBM, and whether a difference to it is more than noise.

Two processes of their own: ``fit PUBLIC OUT`` sees public files only; ``compare`` reads the answers
that the demo itself split off, and prints one line of JSON. Scores come from the family's grader;
this only says how sure a difference between two of them is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 400


def fit(public: Path, out: Path) -> None:
    """Default LightGBM on the columns as they are; words counted, pixels laid out flat."""
    import lightgbm as lgb
    import numpy as np
    import pandas as pd

    train, test = pd.read_csv(public / "train.csv"), pd.read_csv(public / "test.csv")
    target = str(train.columns[-1])
    X, X_test = _features(public, train.drop(columns=target), test)
    metric = (public / "description.md").read_text(encoding="utf-8").rsplit("Metric: ", 1)[-1].strip()
    if metric == "rmse":
        prediction = lgb.LGBMRegressor(verbose=-1).fit(X, train[target]).predict(X_test)
    else:
        model = lgb.LGBMClassifier(verbose=-1).fit(X, train[target])
        prediction = (
            np.asarray(model.predict_proba(X_test))[:, 1] if metric == "roc_auc" else model.predict(X_test)
        )
    pd.DataFrame({"id": test["id"], target: prediction}).to_csv(out, index=False)


def _features(public: Path, train: pd.DataFrame, test: pd.DataFrame) -> tuple[Any, Any]:
    """Matrices for a table, a column of texts, or a column of image names."""
    import numpy as np
    from PIL import Image
    from sklearn.feature_extraction.text import CountVectorizer

    if "image" in train:
        pixels = [
            [np.asarray(Image.open(public / "images" / name)).ravel() for name in t["image"]]
            for t in (train, test)
        ]
        return np.stack(pixels[0]).astype("float32"), np.stack(pixels[1]).astype("float32")
    if "text" in train:
        words = CountVectorizer().fit(train["text"])
        return words.transform(train["text"]).astype(np.float32), words.transform(test["text"]).astype(
            np.float32
        )
    return train.drop(columns="id"), test.drop(columns="id")


def compare(private: Path, metric_name: str, ours: Path, theirs: Path) -> dict[str, float]:
    """``gain`` (positive: ours is better) and its standard error, by resampling the same test rows for both.

    Paired bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 16.
    """
    import numpy as np
    import pandas as pd

    from medalist.core.score import Direction
    from medalist.families.compete.metrics import find_metric

    metric = find_metric(metric_name)
    truth = pd.read_csv(private / "test.csv").set_index("id")
    target = truth.columns[0]
    columns = [
        pd.read_csv(path).set_index("id")[target].loc[truth.index].to_numpy() for path in (ours, theirs)
    ]
    y, rng = truth[target].to_numpy(), np.random.default_rng(0)

    def gain(rows: Any) -> float:
        mine, other = (metric.score(y[rows], column[rows]) for column in columns)
        return mine - other if metric.direction is Direction.MAXIMIZE else other - mine

    resampled = [gain(rng.integers(len(y), size=len(y))) for _ in range(RESAMPLES)]
    return {"gain": gain(np.arange(len(y))), "noise": float(np.std(resampled))}


def main() -> None:
    verb, *paths = sys.argv[1:]
    if verb == "fit":
        fit(Path(paths[0]), Path(paths[1]))
    else:
        print(json.dumps(compare(Path(paths[0]), paths[1], Path(paths[2]), Path(paths[3]))))


if __name__ == "__main__":
    main()
