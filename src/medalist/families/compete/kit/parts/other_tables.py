"""Tables that are no CSV files, as CSV text: JSON, and images whose folders or names carry their labels.

Standard library only, for exploring and scoring read by the same functions as the scripts do, and so
all agree on rows and their order.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
NUMBERED_NAME = re.compile(r"([A-Za-z][A-Za-z _-]*?)[._ -]*\d+")


def json_as_csv(path: Path) -> io.StringIO:
    """A JSON file (plain, .gz, or alone in a .zip) as CSV text.

    Understands a list of objects, an object a line, and an object of columns. Lists of plain values
    become words with blanks between, other nested values stay JSON. Raises ValueError for the rest.
    """
    text = json_text(path)
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        data = [json.loads(line) for line in text.splitlines() if line.strip()]
    records = json_records(data)
    names = dict.fromkeys(name for record in records for name in record)
    return csv_text(names, ([plain_cell(record.get(name)) for name in names] for record in records))


def json_text(path: Path) -> str:
    """The file's text, unpacked."""
    data = path.read_bytes()
    if path.suffix.lower() == ".gz":
        data = gzip.decompress(data)
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = archive.read(
                next(n for n in archive.namelist() if n.lower().endswith((".json", ".jsonl")))
            )
    return data.decode("utf-8-sig")


def json_records(data: Any) -> list[dict[str, Any]]:
    """One dict a row. Raises ValueError for what is no table."""
    if isinstance(data, dict) and data:
        first = next(iter(data.values()))
        if all(isinstance(column, list) and len(column) == len(first) for column in data.values()):
            data = [dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)]
        elif all(isinstance(column, dict) for column in data.values()):
            data = [{name: column.get(key) for name, column in data.items()} for key in first]
        else:
            data = [data]
    if not data or not isinstance(data, list) or not all(isinstance(record, dict) for record in data):
        raise ValueError(
            "the JSON holds no rows: neither a list of objects, nor an object a line, nor one of columns"
        )
    return data


def plain_cell(value: Any) -> str:
    """A JSON value as a table's cell; "" where there is none."""
    if value is None or value != value:
        return ""
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return " ".join(map(plain_cell, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def labelled_images_as_csv(path: Path) -> io.StringIO:
    """The images of a folder or zip and their labels, as CSV text with the columns image and label."""
    return csv_text(("image", "label"), labelled_images(image_members(path)))


def image_members(path: Path) -> list[str]:
    """The images' names inside a folder or zip, their folders included."""
    if path.is_dir():
        found = (Path(top, name).relative_to(path) for top, _, names in os.walk(path) for name in names)
        members = [name.as_posix() for name in found]
    else:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
    return [name for name in members if name.lower().endswith(IMAGE_SUFFIXES)]


def labelled_images(members: Sequence[str]) -> list[tuple[str, str]]:
    """(image, label) from the folders the images lie in, else from names such as cat.12.jpg; [] from neither.

    The order follows from the names, yet tells nothing about the labels.
    """
    labels = [PurePosixPath(member).parent.name for member in members]
    if len(set(labels)) < 2:
        named = [NUMBERED_NAME.fullmatch(PurePosixPath(member).stem) for member in members]
        labels = [match[1] for match in named if match]
    if len(set(labels)) < 2 or len(labels) < len(members):
        return []
    return sorted(zip(members, labels, strict=True), key=lambda row: (zlib.crc32(row[0].encode()), row[0]))


def csv_text(header: Iterable[str], rows: Iterable[Sequence[str]]) -> io.StringIO:
    """Header and rows as CSV, to be read from its start."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    text.seek(0)
    return text
