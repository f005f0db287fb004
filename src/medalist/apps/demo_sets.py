"""The demo's competitions, made from data that installed libraries carry; hidden answers lie apart.

``python -m medalist.apps.demo_sets FOLDER`` writes each in MLE-bench's layout
(``<name>/prepared/{public,private}``). A process of its own: it imports pandas and scikit-learn.
"""

from __future__ import annotations

import ast
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TEST_SHARE = 0.3
_PACKAGES = ("asyncio", "email", "http", "logging", "multiprocessing", "tkinter", "unittest", "xml")
_DOCSTRINGS_A_PACKAGE = 150
_SHORTEST_DOCSTRING = 40


def breast_cancer(public: Path) -> pd.DataFrame:
    """569 rows of cell measurements: malignant or benign?"""
    from sklearn.datasets import load_breast_cancer

    return _bunch(load_breast_cancer, as_frame=True).frame.rename(columns={"target": "benign"})


def diabetes(public: Path) -> pd.DataFrame:
    """442 patients: how far will the disease have gone in a year?"""
    from sklearn.datasets import load_diabetes

    return _bunch(load_diabetes, as_frame=True, scaled=False).frame.rename(columns={"target": "progression"})


def digits(public: Path) -> pd.DataFrame:
    """1,797 handwritten digits as PNG files of 8 × 8 pixels."""
    import pandas as pd
    from PIL import Image
    from sklearn.datasets import load_digits

    loaded = _bunch(load_digits)
    folder = public / "images"
    folder.mkdir(parents=True)
    names = []
    for number, pixels in enumerate(loaded.images):
        names.append(f"{number:04d}.png")
        Image.fromarray((pixels * 15.9375).astype("uint8")).save(folder / names[-1])
    return pd.DataFrame({"image": names, "digit": loaded.target})


def _bunch(load: Callable[..., Any], **options: bool) -> Any:
    """What a loader of scikit-learn's returns by attribute (its stubs promise a tuple too)."""
    return load(**options)


def docstrings(public: Path) -> pd.DataFrame:
    """Docstrings of Python's own standard library: which module is this from?"""
    import pandas as pd

    rows = [(text, package) for package in _PACKAGES for text in _docstrings_of(package)]
    return pd.DataFrame(rows, columns=["text", "module"])


def _docstrings_of(package: str) -> list[str]:
    """Distinct docstrings of a package, its own name taken out; read, never imported."""
    found: dict[str, None] = {}
    for path in sorted((Path(sysconfig.get_path("stdlib")) / package).rglob("*.py")):
        if "test" not in path.parts:
            found.update(dict.fromkeys(_docstrings_in(path)))
    names = re.compile(package, re.IGNORECASE)
    return [names.sub("…", text) for text in list(found)[:_DOCSTRINGS_A_PACKAGE]]


def _docstrings_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            text = " ".join((ast.get_docstring(node) or "").split())
            if len(text) >= _SHORTEST_DOCSTRING:
                yield text


SETS: dict[str, tuple[Callable[[Path], pd.DataFrame], str]] = {
    "breast-cancer": (breast_cancer, "roc_auc"),
    "diabetes": (diabetes, "rmse"),
    "digits": (digits, "accuracy"),
    "docstrings": (docstrings, "accuracy"),
}
"""Each set's maker and its metric. The last column a maker returns is the target."""


def write_set(root: Path, name: str) -> None:
    """Write one competition: a random share of rows, without their answers, becomes the test."""
    make, metric = SETS[name]
    public, private = root / name / "prepared" / "public", root / name / "prepared" / "private"
    private.mkdir(parents=True)
    public.mkdir()
    table = make(public).sample(frac=1.0, random_state=0).reset_index(drop=True)
    table.insert(0, "id", range(len(table)))
    target = str(table.columns[-1])
    hidden = int(len(table) * TEST_SHARE)
    test, train = table[:hidden], table[hidden:]
    train.to_csv(public / "train.csv", index=False)
    test.drop(columns=target).to_csv(public / "test.csv", index=False)
    test.filter(["id", target]).to_csv(private / "test.csv", index=False)
    sample = test.filter(["id"]).assign(**{target: train[target].tolist()[0]})
    sample.to_csv(public / "sample_submission.csv", index=False)
    (public / "description.md").write_text(
        f"# {name}\n\n{make.__doc__}\n\nMetric: {metric}\n", encoding="utf-8"
    )


def main() -> None:
    """Write the sets named after the folder, in that order; all of them when none is named."""
    for name in sys.argv[2:] or list(SETS):
        write_set(Path(sys.argv[1]), name)


if __name__ == "__main__":
    main()
