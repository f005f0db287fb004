"""Images from folders and zip files as one array of bytes, decoded in parallel and kept for the next script.

Arrays are uint8 (n, size, size, channels). Larger images are squeezed to the square, not cropped; a
file that cannot be read becomes grey and is counted.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from medalist.families.compete.kit.parts.other_tables import IMAGE_SUFFIXES
from medalist.families.compete.kit.parts.reading import thread_count

GREY = 128


def read_images(folder: Path, source: str, names: Sequence[str], size: int, channels: int) -> np.ndarray:
    """The named images of ``source`` (a folder or zip in ``folder``), uint8 (n, size, size, channels).

    What was decoded once is kept on disk under a name made of all arguments, and read from there.
    """
    kept = cache_folder() / f"{cache_key(folder / source, names)}_{size}x{size}x{channels}.npy"
    if kept.exists():
        return np.load(kept, mmap_mode="r")
    read = open_source(folder, source)
    images = np.empty((len(names), size, size, channels), np.uint8)

    def fill(row: int) -> bool:
        decoded = decode_image(read(names[row]), size, channels)
        images[row] = GREY if decoded is None else decoded
        return decoded is not None

    with ThreadPoolExecutor(thread_count()) as pool:
        readable = sum(pool.map(fill, range(len(names)), chunksize=64))
    if readable < len(names):
        print(f"{len(names) - readable} of {len(names)} images cannot be read and are grey", flush=True)
    partial = kept.with_suffix(f".{os.getpid()}.part")
    with partial.open("wb") as file:
        np.save(file, images)
    partial.replace(kept)
    return images


def cache_folder() -> Path:
    """``../../cache`` where candidates lie side by side and can share it, else ``artifacts``."""
    workspace = Path("../..")
    shared = (workspace / "candidates").is_dir() and (workspace / "input").exists()
    folder = workspace / "cache" if shared else Path("artifacts")
    folder.mkdir(exist_ok=True)
    return folder


def cache_key(source: Path, names: Sequence[str]) -> str:
    """A file name for these images of this source; another one when a zip or a name changes."""
    outer = source if source.exists() else source.parent
    stamp = f"{outer.resolve()} {outer.stat().st_mtime_ns}\n" + "\n".join(names)
    return "images_" + hashlib.sha256(stamp.encode()).hexdigest()[:16]


def open_source(folder: Path, source: str) -> Callable[[str], bytes]:
    """A function from an image's name to the bytes of its file; b"" for an image that is not there.

    ``source`` is a folder, a zip, or a zip within a zip (``outer.zip/inner.zip``). Names are matched
    with and without folders and endings, as tables write them.
    """
    path = folder / source
    if path.is_dir():
        files = [p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES]
        place = index_names([p.relative_to(path).as_posix() for p in files])
        return lambda name: (path / place[key]).read_bytes() if (key := find_name(name, place)) else b""
    if path.is_file():
        archive = zipfile.ZipFile(path)
    else:
        with zipfile.ZipFile(path.parent) as outer:
            archive = zipfile.ZipFile(io.BytesIO(outer.read(path.name)))
    place = index_names([n for n in archive.namelist() if n.lower().endswith(IMAGE_SUFFIXES)])
    lock = threading.Lock()

    def read(name: str) -> bytes:
        key = find_name(name, place)
        with lock:
            return archive.read(place[key]) if key else b""

    return read


def index_names(members: Sequence[str]) -> dict[str, str]:
    """Each member under its path and, where no other has them, its file name and that without ending."""
    place: dict[str, str] = {}
    for member in members:
        path = PurePosixPath(member)
        for key in (path.stem, path.name, member):
            place.setdefault(key, member)
    return place | {member: member for member in members}


def find_name(name: str, place: dict[str, str]) -> str:
    """The key under which an image's name is known, "" where it is not."""
    base = PurePosixPath(name).name
    for key in (name, base, name.rsplit(".", 1)[0], base.rsplit(".", 1)[0]):
        if key in place:
            return key
    return ""


def decode_image(data: bytes, size: int, channels: int) -> np.ndarray | None:
    """A file's bytes as uint8 (size, size, channels); None for what is no image."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode in ("I", "F") or image.mode.startswith("I;16"):
                image = from_wide_grey(image)
            image.draft("L" if channels == 1 else "RGB", (2 * size, 2 * size))
            image = image.convert("L" if channels == 1 else "RGB")
            if image.size != (size, size):
                image = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
            return np.asarray(image).reshape(size, size, channels)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return None


def from_wide_grey(image: Image.Image) -> Image.Image:
    """Grey values of more than eight bits, stretched from 0 to 255."""
    values = np.asarray(image, np.float32)
    low, high = float(values.min()), float(values.max())
    return Image.fromarray(((values - low) * (255 / max(high - low, 1e-6))).astype(np.uint8))
