"""Which file of a public folder is which: train, test, sample submission, description, images, hints.

By names people use, never by content; standard library only. Nothing is opened here but zip
indexes. What a table holds is for ``explore``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from medalist.core.errors import InputError
from medalist.families.compete.delimited import JSON_SUFFIXES, is_json, zip_names
from medalist.families.compete.kit.parts.other_tables import image_members, labelled_images

_TABLE = (".csv", ".tsv", ".txt", ".csv.zip", ".csv.gz", ".tsv.zip", ".tsv.gz")
_OTHER_TABLES = (".parquet", ".feather", ".xlsx", ".xls", ".7z", ".rar", ".arff")
_SAMPLE = re.compile(
    r"^(sample|example|gender|baseline|dummy)_?-?(submission|answer|solution|entry)s?"
    r"|^submission_?(sample|format|example)"
)
_TRAIN = re.compile(
    r"^(train|training|labell?ed|labels)([_-]?(data|set|labels?|v?\d+|df|file))*$|^.*[_-]train(ing)?$"
)
_TEST = re.compile(r"^(test|testing|unlabell?ed)([_-]?(data|set|v?\d+|df|file))*$|^.*[_-]test(ing)?$")
_ANSWERS = re.compile(
    r"(^|[_-])(answers?|solutions?|ground[_-]?truth|test[_-]?labels?|labels?[_-]?test|gold([_-]submission)?)$"
)
_DESCRIPTION = (
    "description.md",
    "description.txt",
    "readme.md",
    "readme.txt",
    "overview.md",
    "data_description.md",
)
_HINTS = ("hints.md", "hints.txt", "competition_hints.md", "competition_hints.txt")


@dataclass(frozen=True)
class Files:
    """Paths inside one public folder; None where there is none. ``samples`` holds further samples."""

    train: Path | None
    test: Path | None
    sample: Path | None
    samples: tuple[Path, ...] = ()
    description: Path | None = None
    doubts: tuple[str, ...] = ()


def stem(path: Path) -> str:
    """The name without any of the endings a table may have, in lower case."""
    name = path.name.lower()
    for ending in sorted((*_TABLE, *JSON_SUFFIXES, *_OTHER_TABLES, ".zip"), key=len, reverse=True):
        if name.endswith(ending):
            return name[: -len(ending)]
    return name


def is_answers(path: Path) -> bool:
    """Whether a file or folder is called like hidden answers (``answers.csv``, ``private/``)."""
    if path.is_dir():
        return path.name.lower() in {"private", "answers", "solution", "solutions"}
    return bool(_ANSWERS.search(stem(path))) and not _SAMPLE.search(stem(path)) and not _is_text(path)


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in {".md", ".py", ".ipynb", ".html", ".pdf"}


def is_table(path: Path) -> bool:
    """Whether a file may hold rows; JSON counts only when it is called like a training or test table."""
    if is_json(path.name):
        return bool(_TRAIN.search(stem(path)) or _TEST.search(stem(path)))
    return path.name.lower().endswith((*_TABLE, ".zip")) and path.name.lower() not in _DESCRIPTION + _HINTS


def find_files(public: Path, *, train: str = "", test: str = "", sample: str = "") -> Files:
    """The folder's tables by name; ``train``, ``test`` and ``sample`` are a person's own choice.

    Raises InputError when a named file is missing, or when only tables of an unreadable kind exist.
    """
    everything = sorted((p for p in public.iterdir() if p.is_file()), key=lambda p: p.name.lower())
    tables = [p for p in everything if is_table(p) and not is_answers(p)]
    doubts: list[str] = []
    samples = [p for p in tables if _SAMPLE.search(stem(p))]
    others = [p for p in tables if p not in samples]
    trains = _tables_called(_TRAIN, others)
    tests = _tables_called(_TEST, others)
    for name, found in (("sample submission", samples), ("training table", trains), ("test table", tests)):
        if len(found) > 1:
            doubts.append(
                f"There are several files for the {name}: {_names(found)}. {found[0].name} was taken."
            )
    files = Files(
        train=_chosen(public, train) or _first(trains) or _first(_labelled_folders(public)),
        test=_chosen(public, test) or _first(tests),
        sample=_chosen(public, sample) or _first(samples),
        samples=tuple(samples),
        description=_first(p for p in everything if p.name.lower() in _DESCRIPTION),
        doubts=tuple(doubts),
    )
    if files.train is None:
        _refuse_other_kinds(public, everything)
    return files


def find_hints(folder: Path) -> Path | None:
    """The file of competition hints in ``folder``, if there is one."""
    if not folder.is_dir():
        return None
    return _first(p for p in sorted(folder.iterdir()) if p.name.lower() in _HINTS)


def _chosen(public: Path, name: str) -> Path | None:
    if not name:
        return None
    path = public / name
    if not path.exists():
        raise InputError(
            f"There is no file {name} in the folder.", where=str(public), next_step="Check the name."
        )
    return path


def _tables_called(pattern: re.Pattern[str], paths: Iterable[Path]) -> list[Path]:
    """Tables whose name fits, .csv first and shorter names first (train.csv before train_labels.csv).

    Archives count only where there is no plain file, and only when a table is inside: train.zip
    beside train.csv usually holds images.
    """
    fitting = sorted(
        (p for p in paths if pattern.search(stem(p))),
        key=lambda p: (p.suffix.lower() == ".txt", len(p.name), p.name),
    )
    plain = [p for p in fitting if p.suffix.lower() != ".zip"]
    tables = (".csv", ".tsv", ".json", ".jsonl")
    return plain or [p for p in fitting if any(n.lower().endswith(tables) for n in zip_names(p))]


def _labelled_folders(public: Path) -> Iterator[Path]:
    """Folders and zips called like a training set whose images carry their labels, unpacked ones first."""
    folders = [p for p in (*sorted(public.iterdir()), *sorted(public.glob("*/*"))) if p.is_dir()]
    zips = [p for p in sorted(public.glob("*.zip")) if zip_names(p)]
    for path in (*folders, *zips):
        if _TRAIN.search(stem(path)) and labelled_images(image_members(path)):
            yield path


def _first(paths: Iterable[Path]) -> Path | None:
    return next(iter(paths), None)


def _names(paths: Iterable[Path]) -> str:
    return ", ".join(p.name for p in paths)


def _refuse_other_kinds(public: Path, everything: list[Path]) -> None:
    for path in everything:
        if path.name.lower().endswith(_OTHER_TABLES) and stem(path).startswith(("train", "training", "data")):
            raise InputError(
                f"The training table {path.name} is of a kind that is not read.",
                where=str(public),
                next_step="Convert it to CSV: pandas.read_parquet / read_excel, then to_csv(index=False).",
            )
