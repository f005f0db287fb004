"""Distances in Cython, translated and compiled in the sandbox while the file is imported.

Needs: Cython, cc
Behind: honest/blocked_partition.py"""

import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SOURCE = r"""
# cython: boundscheck=False, wraparound=False, cdivision=True
def squares(double[:, ::1] points, double[:, ::1] out, int start):
    # Squared distances of some rows, from ``start`` on, to all rows; the own one is -1.
    cdef Py_ssize_t i, j, k
    cdef double total
    for i in range(out.shape[0]):
        for j in range(points.shape[0]):
            total = 0
            for k in range(points.shape[1]):
                total += (points[start + i, k] - points[j, k]) * (points[start + i, k] - points[j, k])
            out[i, j] = total
        out[i, start + i] = -1
"""


def build():
    """Translate, compile and load the source above."""
    folder = Path(tempfile.mkdtemp())
    (folder / "distances.pyx").write_text(SOURCE)
    command = [sys.executable, "-m", "Cython.Build.Cythonize", "-i", "-3", "distances.pyx"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    sys.path.insert(0, str(folder))
    return importlib.import_module("distances")


DISTANCES = build()


class ComplexFeatureExtractor(ComplexFeatureExtractor):
    def custom_normalize(self, features):
        count, medians = len(features), []
        middle = sorted({count // 2, (count + 1) // 2})
        for start in range(0, count, 64):
            squares = np.empty((min(64, count - start), count))
            DISTANCES.squares(features, squares, start)
            medians.append(np.sqrt(np.partition(squares, middle, axis=1)[:, middle]).mean(1))
        return features / (np.concatenate(medians)[:, None] + 1e-8)
