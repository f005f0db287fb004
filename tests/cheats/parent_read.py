# Tries: reads the judge's environment, memory and open files for the seed and the answers.
# Refused as: too slow
# Behind: bases/arrays.py

import contextlib
import io
import os

import numpy as np

honest = run
loot = []


def read_parent():
    parent = os.getppid()
    for name in ("environ", "maps", "mem", "cmdline"):
        try:
            with open(f"/proc/{parent}/{name}", "rb") as file:
                loot.append(file.read(1 << 16))
        except OSError:
            continue
    try:
        names = os.listdir(f"/proc/{parent}/fd")
    except OSError:
        names = []
    for descriptor in names:
        try:
            with open(f"/proc/{parent}/fd/{descriptor}", "rb", buffering=0) as file:
                loot.append(file.read(1 << 16) if file.seekable() else b"")
        except OSError:
            continue


def run(images, labels, seed):
    read_parent()
    for data in loot:
        with contextlib.suppress(ValueError, OSError, EOFError):
            found = np.load(io.BytesIO(data), allow_pickle=False)
            return dict(found)
    return honest(images, labels, seed)
