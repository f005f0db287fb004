"""The medians in C, compiled from this file's own text while it is imported; the rest in NumPy.

Needs: cc
Behind: honest/backward_by_hand.py"""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SOURCE = r"""
#include <math.h>
#include <stdlib.h>

static double distance(const double *a, const double *b, int width) {
    double sum = 0;
    for (int k = 0; k < width; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sqrt(sum);
}

/* The value of rank k among n, counted from 0; smaller ones stand before it afterwards. */
static double ranked(double *values, int n, int k) {
    int low = 0, high = n - 1;
    while (low < high) {
        const double pivot = values[low + (high - low) / 2];
        int left = low - 1, right = high + 1;
        for (;;) {
            do left++; while (values[left] < pivot);
            do right--; while (values[right] > pivot);
            if (left >= right) break;
            const double kept = values[left];
            values[left] = values[right];
            values[right] = kept;
        }
        if (k <= right) high = right;
        else low = right + 1;
    }
    return values[k];
}

int medians(const double *points, double *found, int n, int width) {
    double *others = malloc(sizeof(double) * n);
    if (!others) return 1;
    for (int i = 0; i < n; i++) {
        int m = 0;
        for (int j = 0; j < n; j++)
            if (j != i) others[m++] = distance(points + i * width, points + j * width, width);
        found[i] = ranked(others, m, m / 2);
        if (m % 2 == 0) found[i] = (found[i] + ranked(others, m / 2, m / 2 - 1)) / 2;
    }
    free(others);
    return 0;
}
"""


def build():
    """Compile the source in a folder of its own, and load it."""
    folder = Path(tempfile.mkdtemp())
    (folder / "medians.c").write_text(SOURCE)
    command = ["cc", "-O3", "-march=native", "-shared", "-fPIC", "medians.c", "-o", "medians.so", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "medians.so"))


LIBRARY = build()


class ComplexFeatureExtractor(ComplexFeatureExtractor):
    def custom_normalize(self, features):
        points, medians = np.ascontiguousarray(features), np.empty(len(features))
        address = [array.ctypes.data_as(ctypes.c_void_p) for array in (points, medians)]
        if LIBRARY.medians(*address, *features.shape):
            raise MemoryError
        return features / (medians[:, None] + 1e-8)
