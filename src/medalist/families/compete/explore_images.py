"""Where images lie, in folders or zips, and what they look like; only headers are read. Child process only."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from medalist.core.errors import InputError
from medalist.families.compete.delimited import zip_names
from medalist.families.compete.facts import ImageFacts
from medalist.families.compete.frames import Frame
from medalist.families.compete.kit.parts.other_tables import IMAGE_SUFFIXES

_LOOKED_AT = 60


@dataclass(frozen=True)
class Source:
    """A folder or zip of images: ``name`` relative to the public folder, and the images' names inside it."""

    name: str
    members: tuple[str, ...]


def image_sources(public: Path) -> list[Source]:
    """Every folder and zip that holds images, a zip inside a zip named ``outer.zip/inner.zip``."""
    sources = []
    for path in sorted(public.iterdir()):
        if path.is_dir():
            names = [p.relative_to(path).as_posix() for p in sorted(path.rglob("*")) if _is_image(p.name)]
        elif path.suffix.lower() == ".zip":
            names = [n for n in zip_names(path) if _is_image(n)]
            if not names:
                sources += _nested(path)
        else:
            continue
        if names:
            sources.append(Source(path.name, tuple(names)))
    return _split_by_top_folder(sources)


def _nested(path: Path) -> list[Source]:
    """Images of zips that lie inside the zip at ``path``."""
    found = []
    with zipfile.ZipFile(path) as outer:
        for inner in (n for n in outer.namelist() if n.lower().endswith(".zip")):
            with zipfile.ZipFile(io.BytesIO(outer.read(inner))) as archive:
                names = tuple(n for n in archive.namelist() if _is_image(n))
            if names:
                found.append(Source(f"{path.name}/{inner}", names))
    return found


def _split_by_top_folder(sources: list[Source]) -> list[Source]:
    """One source ``images`` with train/ and test/ inside becomes two, ``images/train`` and ``images/test``."""
    result = []
    for source in sources:
        tops = {PurePosixPath(name).parts[0].lower() for name in source.members if "/" in name}
        if source.name.lower().endswith(".zip") or not any("test" in top for top in tops):
            result.append(source)
            continue
        for top in sorted({PurePosixPath(name).parts[0] for name in source.members if "/" in name}):
            inside = tuple(n[len(top) + 1 :] for n in source.members if n.startswith(f"{top}/"))
            result.append(Source(f"{source.name}/{top}", inside))
    return result


def _is_image(name: str) -> bool:
    return name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith("__MACOSX")


def find_images(public: Path, train: Frame, columns: Mapping[str, Sequence[str]]) -> ImageFacts | None:
    """The images that a column of ``train`` names; None when the folder holds none.

    ``columns`` maps each column that may name images to what it holds for the rows to predict.
    Raises InputError when there are images but no column names them.
    """
    sources = image_sources(public)
    if not sources:
        return None
    for column, test_names in columns.items():
        names = [str(v) for v in train[column].dropna().head(300)]
        train_source = _source_of(names, sources, prefer="train")
        if train_source is None:
            continue
        test_source = _source_of(test_names[:300], sources, prefer="test") or train_source
        return _facts(public, column, train_source, test_source, names[0])
    if sum(len(s.members) for s in sources) < 20:
        return None
    raise InputError(
        "There are images, but no column of the training table names them.",
        where=", ".join(s.name for s in sources),
        next_step="Add a column to train.csv that holds the images' file names.",
    )


def _source_of(names: Sequence[str], sources: Sequence[Source], prefer: str) -> Source | None:
    """The source that holds most of the named images; among equals the one called like ``prefer``."""
    best: tuple[float, bool, Source] | None = None
    wanted = [_key(name) for name in names]
    for source in sources:
        there = {_key(member) for member in source.members}
        share = sum(key in there for key in wanted) / max(1, len(wanted))
        rank = (share, prefer in source.name.lower(), source)
        if share > 0.5 and (best is None or rank[:2] > best[:2]):
            best = rank
    return best[2] if best else None


def _key(name: str) -> str:
    """The bare file name without its ending."""
    base = PurePosixPath(name).name
    return base.rsplit(".", 1)[0] if base.lower().endswith(IMAGE_SUFFIXES) else base


def _facts(public: Path, column: str, train: Source, test: Source, example: str) -> ImageFacts:
    suffix = Counter(PurePosixPath(m).suffix for m in train.members).most_common(1)[0][0]
    sizes, channels = _look(public, train)
    (width, height), _ = sizes.most_common(1)[0]
    return ImageFacts(
        column=column,
        train_source=train.name,
        test_source=test.name,
        suffix="" if example.lower().endswith(IMAGE_SUFFIXES) else suffix,
        width=width,
        height=height,
        channels=channels,
        count_train=len(train.members),
        count_test=len(test.members),
        same_size=len(sizes) == 1,
    )


def _look(public: Path, source: Source) -> tuple[Counter[tuple[int, int]], int]:
    """Sizes (width, height) of some images, from their headers, and the number of channels."""
    from PIL import Image, UnidentifiedImageError

    step = max(1, len(source.members) // _LOOKED_AT)
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    broken = ""
    for member, data in _contents(public, source, source.members[::step][:_LOOKED_AT]):
        try:
            with Image.open(io.BytesIO(data)) as image:
                sizes[image.size] += 1
                modes[image.mode] += 1
        except (UnidentifiedImageError, OSError):
            broken = member
    if not sizes:
        raise InputError(
            f"{broken} cannot be read as an image.", where=source.name, next_step="Fetch the images again."
        )
    mode = modes.most_common(1)[0][0]
    return sizes, {"1": 1, "L": 1, "LA": 2, "I": 1, "F": 1, "I;16": 1, "P": 3, "RGBA": 4, "CMYK": 4}.get(
        mode, 3
    )


def _contents(public: Path, source: Source, members: Sequence[str]) -> list[tuple[str, bytes]]:
    path = public / source.name
    if path.is_dir():
        return [(m, (path / m).read_bytes()) for m in members]
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            return [(m, archive.read(m)) for m in members]
    outer, inner = source.name.split("/", 1)
    with (
        zipfile.ZipFile(public / outer) as archive,
        zipfile.ZipFile(io.BytesIO(archive.read(inner))) as nested,
    ):
        return [(m, nested.read(m)) for m in members]
