"""Reading delimited text as it comes: which encoding, which separator, and rows as lists of strings.

JSON, and a folder or zip of images that carry their labels, are read as the CSV they amount to.

Standard library only, so the parent process may use it. Everything that can be wrong with such a
file becomes an InputError with a sentence; nothing is converted to numbers here.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from medalist.core.errors import InputError
from medalist.families.compete.kit.parts.other_tables import (
    image_members,
    json_as_csv,
    labelled_images_as_csv,
)

JSON_SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".json.zip", ".jsonl.zip")
SAMPLE_BYTES = 4 << 20
_SEPARATORS = (",", "\t", ";", "|")
_MAGIC = (
    (b"PAR1", "a Parquet file", "Convert it: pandas.read_parquet(...).to_csv(..., index=False)."),
    (b"\x89PNG", "a PNG image", "Put the CSV file there instead."),
    (b"\xff\xd8\xff", "a JPEG image", "Put the CSV file there instead."),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or save the sheet as CSV."),
    (b"%PDF", "a PDF document", "Put the CSV file there instead."),
    (b"\x1f\x8b", "gzip data", "Name it .csv.gz or unpack it with gunzip."),
)


@dataclass(frozen=True)
class Dialect:
    """How a file's bytes become rows. ``mixed`` says that some bytes do not fit ``encoding``."""

    encoding: str
    separator: str
    mixed: bool = False


def table_member(path: Path) -> str | None:
    """The one delimited file inside the zip at ``path``; None when ``path`` is no zip.

    Raises InputError for a broken zip, and for one that holds no table or several.
    """
    if path.suffix.lower() != ".zip":
        return None
    names = _tables_in(path)
    if len(names) != 1:
        raise InputError(
            f"{path.name} holds {len(names) or 'no'} tables{': ' + ', '.join(names[:3]) if names else ''}.",
            where=str(path),
            next_step="Unpack it beside, so that each table is a file of its own.",
        )
    return names[0]


def _tables_in(path: Path) -> list[str]:
    return [n for n in zip_names(path) if n.lower().endswith((".csv", ".tsv", ".txt"))]


def zip_names(path: Path) -> list[str]:
    """File names in a zip without folders and macOS leftovers. Raises InputError for a broken one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX")]
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(
            f"{path.name} cannot be read as a zip: {error}.", where=str(path), next_step="Download it again."
        ) from error


def _converter(path: Path) -> Callable[[Path], io.StringIO] | None:
    """What turns the table into CSV text; None for one that is CSV already."""
    if is_json(path.name):
        return json_as_csv
    return labelled_images_as_csv if is_labelled_images(path) else None


def is_labelled_images(path: Path) -> bool:
    """Whether a training table stands for the images of a folder or zip."""
    return path.is_dir() or (
        path.suffix.lower() == ".zip" and not _tables_in(path) and bool(image_members(path))
    )


def is_json(name: str) -> bool:
    """Whether a file of this name holds JSON, packed or not."""
    return name.lower().endswith(JSON_SUFFIXES)


def _converted(path: Path, convert: Callable[[Path], io.StringIO]) -> io.BytesIO:
    try:
        return io.BytesIO(convert(path).getvalue().encode())
    except ValueError as error:
        raise InputError(
            f"{path.name} is not a well-formed table: {error}.",
            where=str(path),
            next_step="Mend the line it names, or save the table as CSV.",
        ) from error


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The table's bytes as CSV, whether plain, gzipped, the only table in a zip, or made from what is no CSV.

    Raises InputError.
    """
    try:
        if convert := _converter(path):
            yield _converted(path, convert)
        elif path.suffix.lower() == ".gz":
            with gzip.open(path) as file:
                yield cast("IO[bytes]", file)
        elif member := table_member(path):
            with zipfile.ZipFile(path) as archive, archive.open(member) as file:
                yield file
        else:
            with path.open("rb") as file:
                yield file
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{path.name} cannot be read: {reason}.",
            where=str(path),
            next_step="Check the path and its permissions, or fetch the file again.",
        ) from error


def sniff(path: Path) -> Dialect:
    """Encoding and separator from the first few megabytes.

    Raises InputError for a file that is missing, empty or not text.
    """
    if _converter(path):
        return Dialect("utf-8", ",")
    with open_bytes(path) as file:
        sample = file.read(SAMPLE_BYTES)
    if not sample.strip():
        raise InputError(f"{path.name} is empty.", where=str(path), next_step="Put the file's content there.")
    encoding, mixed = _encoding(sample, path)
    text = sample.decode(encoding, errors="replace")
    return Dialect(encoding, _separator(text), mixed)


def _encoding(sample: bytes, path: Path) -> tuple[str, bool]:
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", False
    if sample.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig", False
    for magic, name, next_step in _MAGIC:
        if sample.startswith(magic):
            raise InputError(f"{path.name} is {name}, not text.", where=str(path), next_step=next_step)
    if b"\0" in sample:
        at = sample.index(b"\0")
        raise InputError(
            f"{path.name} holds binary data (a zero byte at position {at}).",
            where=str(path),
            next_step="Save the table as text in UTF-8.",
        )
    cut = sample[: sample.rfind(b"\n") + 1] or sample  # a character may be cut in two at the sample's end
    try:
        cut.decode("utf-8")
        return "utf-8", False
    except UnicodeDecodeError:
        return _not_utf8(cut)


def _not_utf8(sample: bytes) -> tuple[str, bool]:
    """UTF-8 with a few wrong bytes where most non-ASCII text is good UTF-8, else Windows' or Latin."""
    text = sample.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    good = sum(1 for character in text if ord(character) > 127) - wrong
    if good > wrong:
        return "utf-8", True
    try:
        sample.decode("cp1252")
        return "cp1252", False
    except UnicodeDecodeError:
        return "latin-1", False


def _separator(text: str) -> str:
    """The separator that cuts the first lines into most, and equally many, columns; a comma in doubt."""
    lines = [line for line in text.splitlines()[:30] if line.strip()]
    best, best_width = ",", 1
    for separator in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        except csv.Error:
            continue
        steady = widths and sum(width == widths[0] for width in widths) >= 0.6 * len(widths)
        if steady and widths[0] > best_width:
            best, best_width = separator, widths[0]
    return best


def read_rows(path: Path, dialect: Dialect | None = None) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every row, header first; blank lines are skipped.

    Raises InputError for text that cannot be decoded or parsed, naming the line.
    """
    dialect = dialect or sniff(path)
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # essays and base64 cells are longer than the default
    with open_bytes(path) as file:
        text = io.TextIOWrapper(file, encoding=dialect.encoding, errors="replace", newline="")
        reader = csv.reader(text, delimiter=dialect.separator)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, row
        except csv.Error as error:
            raise InputError(
                f"{path.name} is not well-formed: {error}.",
                where=f"{path}, line {reader.line_num}",
                next_step="Look for a quote that is never closed or a stray zero byte.",
            ) from error
