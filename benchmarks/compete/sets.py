"""The competitions of the comparison, written as folders with hidden answers beside them.

Real data only: what scikit-learn and statsmodels carry, the docstrings of Python's own standard
library, and, where ``MEDALIST_DATA`` names them, the shared competitions. Each is split by a fixed
seed; answers lie in ``prepared/private``, as in MLE-bench.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

TEST_SHARE = 0.3


@dataclass(frozen=True)
class CompetitionSet:
    """A set by name. ``load`` gives the whole table with its targets; ``metric`` is a name Medalist knows."""

    name: str
    metric: str
    target: str
    task: str
    load: Callable[[], pd.DataFrame]


def _sklearn(loader: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        from sklearn import datasets

        frame = getattr(datasets, loader)(as_frame=True).frame
        return frame.rename(columns=lambda name: name.replace(" ", "_"))

    return load


def _statsmodels(name: str, drop: tuple[str, ...] = ()) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        from importlib import import_module

        module = import_module(f"statsmodels.datasets.{name}")
        return module.load_pandas().data.drop(columns=list(drop))

    return load


def _affairs() -> pd.DataFrame:
    frame = _statsmodels("fair")()
    frame["had_affair"] = (frame.pop("affairs") > 0).astype(int)
    return frame


def _docstrings() -> pd.DataFrame:
    """Docstrings of the standard library's functions and classes; the label is the package they come from."""
    import ast
    import sysconfig

    stdlib = Path(sysconfig.get_paths()["stdlib"])
    packages = (
        "asyncio",
        "email",
        "tkinter",
        "unittest",
        "distutils",
        "idlelib",
        "concurrent",
        "xml",
        "http",
        "json",
    )
    rows = []
    for package in packages:
        for path in sorted((stdlib / package).rglob("*.py")):
            if "test" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8", errors="replace"))):
                if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                    text = ast.get_docstring(node)
                    if text and len(text) > 20:
                        rows.append((text, package))
    return (
        pd.DataFrame(rows, columns=["docstring", "package"])
        .drop_duplicates("docstring")
        .reset_index(drop=True)
    )


SETS: tuple[CompetitionSet, ...] = (
    CompetitionSet(
        "breast-cancer",
        "roc_auc",
        "target",
        "Is the tumour benign (1) or malignant (0)?",
        _sklearn("load_breast_cancer"),
    ),
    CompetitionSet(
        "wine", "log_loss", "target", "Which of three cultivars is the wine from?", _sklearn("load_wine")
    ),
    CompetitionSet(
        "diabetes",
        "rmse",
        "target",
        "How far has the disease progressed in a year?",
        _sklearn("load_diabetes"),
    ),
    CompetitionSet(
        "digits-table", "accuracy", "target", "Which digit do the 64 pixels show?", _sklearn("load_digits")
    ),
    CompetitionSet(
        "affairs", "roc_auc", "had_affair", "Did the respondent have an affair (1) or not (0)?", _affairs
    ),
    CompetitionSet(
        "marriage",
        "quadratic_weighted_kappa",
        "rate_marriage",
        "How is the marriage rated, 1 to 5?",
        _statsmodels("fair"),
    ),
    CompetitionSet(
        "vote", "log_loss", "vote", "Expected vote: Clinton (0) or Dole (1)?", _statsmodels("anes96")
    ),
    CompetitionSet(
        "party",
        "quadratic_weighted_kappa",
        "PID",
        "Party identification on a scale of 0 to 6.",
        _statsmodels("anes96"),
    ),
    CompetitionSet(
        "doctor-visits", "rmsle", "mdvis", "How many visits to a doctor in a year?", _statsmodels("randhie")
    ),
    CompetitionSet(
        "travel-choice",
        "f1",
        "choice",
        "Was this mode of travel chosen (1) or not (0)?",
        _statsmodels("modechoice", ("individual",)),
    ),
    CompetitionSet(
        "investment", "mae", "invest", "Gross investment of a firm in a year.", _statsmodels("grunfeld")
    ),
    CompetitionSet(
        "star98",
        "rmse",
        "NABOVE",
        "How many students are above the national median?",
        _statsmodels("star98", ("NBELOW",)),
    ),
    CompetitionSet(
        "docstrings",
        "log_loss",
        "package",
        "Which package of the standard library is the docstring from?",
        _docstrings,
    ),
)


def write_set(one: CompetitionSet, seed: int, folder: Path) -> Path:
    """Write a set as a competition folder: ``prepared/public`` and ``prepared/private``. Returns ``folder``."""
    frame = one.load().sample(frac=1.0, random_state=seed).reset_index(drop=True)
    frame.insert(0, "id", np.arange(len(frame)))
    cut = round(len(frame) * TEST_SHARE)
    test, train = frame.iloc[:cut], frame.iloc[cut:]
    public, private = folder / "prepared" / "public", folder / "prepared" / "private"
    shutil.rmtree(folder, ignore_errors=True)
    public.mkdir(parents=True)
    private.mkdir()
    train.to_csv(public / "train.csv", index=False)
    test.drop(columns=one.target).to_csv(public / "test.csv", index=False)
    answers = test[["id", one.target]]
    answers.to_csv(private / "test.csv", index=False)
    sample = answers.copy()
    if one.metric == "log_loss" and frame[one.target].nunique() > 2:
        classes = sorted(frame[one.target].unique())
        sample = pd.DataFrame({str(name): 1 / len(classes) for name in classes}, index=answers.index)
        sample.insert(0, "id", answers["id"])
    elif one.metric == "log_loss" or one.metric == "roc_auc":
        sample[one.target] = 0.5
    else:
        sample[one.target] = train[one.target].mode()[0]
    sample.to_csv(public / "sample_submission.csv", index=False)
    description = f"# {one.name}\n{one.task}\n## Metric\n{one.metric}\n## Submission\nOne row for each id in test.csv.\n"
    (public / "description.md").write_text(description, encoding="utf-8")
    meta = {"id": one.name, "metric": one.metric, "id_column": "id", "target_columns": [one.target]}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
    return folder


def shared_sets() -> dict[str, Path]:
    """Competition folders under ``MEDALIST_DATA``, by name; empty when it is not set."""
    root = os.environ.get("MEDALIST_DATA")
    if not root:
        return {}
    return {path.parent.name: path.parent for path in sorted(Path(root, "competitions").glob("*/meta.json"))}
