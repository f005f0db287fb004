"""Small slow programs, each with a numeric loop of another shape, and arguments to run them on."""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class Slow:
    """A program whose ``run`` takes what ``make`` makes of a random generator."""

    name: str
    text: str
    make: Callable[[np.random.Generator], tuple[Any, ...]]


def _slow(name: str, text: str, make: Callable[[np.random.Generator], tuple[Any, ...]]) -> Slow:
    return Slow(name, dedent(text).lstrip("\n"), make)


SHAPES = [
    _slow(
        "blur_by_len",
        """
        import numpy as np

        WEIGHT = 0.25


        def smooth(pictures, rounds):
            out = np.zeros(pictures.shape)
            for p in range(len(pictures)):
                picture = pictures[p]
                for r in range(1, len(picture) - 1):
                    for c in range(1, len(picture[0]) - 1):
                        total = 0.0
                        for dr in (-1, 0, 1):
                            for dc in (-1, 0, 1):
                                total += picture[r + dr][c + dc]
                        out[p][r][c] = total * WEIGHT
            return out


        def run(pictures):
            return {"smooth": smooth(pictures, 2)}
        """,
        lambda g: (g.random((6, 12, 11)).astype(np.float32),),
    ),
    _slow(
        "rows_by_enumerate",
        """
        import math
        import numpy as np


        class Bender:
            def __init__(self, knee, slope):
                self.knee = knee
                self.slope = slope
                self.scale = np.array([1.0, 2.0, 0.5, 1.5])

            def bend(self, table):
                answer = []
                for number, line in enumerate(table):
                    bent = []
                    for place, entry in enumerate(line):
                        if entry < self.knee:
                            bent.append(math.tanh(entry) * self.scale[place])
                        else:
                            bent.append(self.slope * entry - number * 0.01)
                    answer.append(bent)
                return np.array(answer)


        def run(table):
            return {"bent": Bender(0.3, 0.7).bend(table)}
        """,
        lambda g: (g.standard_normal((40, 4)),),
    ),
    _slow(
        "tensor_activation",
        """
        import math
        import torch


        def squash(h, steep):
            cut = h.detach()
            result = torch.zeros_like(cut)
            n, m = cut.shape
            for a in range(n):
                for b in range(m):
                    z = cut[a, b].item()
                    if z > 1.0:
                        result[a, b] = 1.0 + math.log(z)
                    elif z < -1.0:
                        result[a, b] = -1.0 - steep * math.log(-z)
                    else:
                        result[a, b] = z
            return result


        def run(rows):
            layer = torch.nn.Linear(5, 7)
            with torch.no_grad():
                layer.weight.fill_(0.8)
                layer.bias.fill_(0.1)
            return {"out": squash(layer(torch.tensor(rows)), 0.5).numpy()}
        """,
        lambda g: (g.standard_normal((30, 5)).astype(np.float32),),
    ),
    _slow(
        "tensor_list_of_rows",
        """
        import torch


        def relu_like(x):
            rows = []
            for line in x.detach():
                row = []
                for item in line:
                    v = float(item)
                    row.append(v if v > 0 else 0.1 * v)
                rows.append(row)
            return torch.tensor(rows)


        def run(rows):
            return {"out": relu_like(torch.tensor(rows)).numpy()}
        """,
        lambda g: (g.standard_normal((30, 5)).astype(np.float32),),
    ),
    _slow(
        "manhattan_kth",
        """
        import numpy as np


        def scale(points, kth):
            out = np.empty(len(points))
            for one in range(len(points)):
                away = []
                for other in range(len(points)):
                    if one == other:
                        continue
                    away.append(np.abs(points[one] - points[other]).sum())
                away.sort()
                out[one] = away[kth]
            return out


        def run(points):
            return {"scale": scale(points, 5)}
        """,
        lambda g: (g.random((50, 6)),),
    ),
    _slow(
        "cosine_sorted",
        """
        import numpy as np


        def nearest(points, k):
            best = []
            for a in points:
                similar = []
                for b in points:
                    similar.append(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-12))
                best.append(sorted(similar)[k])
            return np.asarray(best)


        def run(points):
            return {"nearest": nearest(points, 3)}
        """,
        lambda g: (g.random((40, 6)),),
    ),
    _slow(
        "function_called",
        """
        import math


        def gap(p, q):
            total = 0.0
            for x, y in zip(p, q):
                total += (x - y) ** 2
            return math.sqrt(total)


        def widest(points):
            best = 0.0
            where = (0, 0)
            for i in range(len(points)):
                for j in range(i + 1, len(points)):
                    d = gap(points[i], points[j])
                    if d > best:
                        best = d
                        where = (i, j)
            return best, where


        def run(points):
            best, where = widest(points)
            return {"best": best, "i": where[0], "j": where[1]}
        """,
        lambda g: (g.random((50, 4)),),
    ),
    _slow(
        "method_called",
        """
        import numpy as np


        class Kernels:
            def __init__(self, width):
                self.width = width

            def similarity(self, p, q):
                difference = p - q
                return np.exp(-np.sum(difference ** 2) / (2.0 * self.width ** 2))

            def matrix(self, points):
                n = len(points)
                table = np.zeros((n, n))
                for i in range(n):
                    for j in range(n):
                        table[i, j] = self.similarity(points[i], points[j])
                return table


        def run(points):
            return {"table": Kernels(0.7).matrix(points)}
        """,
        lambda g: (g.random((30, 4)),),
    ),
    _slow(
        "while_loops",
        """
        import numpy as np


        def walk(series, limit):
            crossings = []
            i = 0
            level = 0.0
            while i < len(series):
                level = 0.9 * level + series[i]
                if level > limit:
                    crossings.append(i)
                    level = 0.0
                i += 1
            return np.array(crossings), level


        def run(series):
            crossings, level = walk(series, 2.0)
            return {"crossings": crossings, "level": level}
        """,
        lambda g: (g.standard_normal(500),),
    ),
    _slow(
        "python_lists",
        """
        def product(left, right):
            rows = []
            for i in range(len(left)):
                row = []
                for j in range(len(right[0])):
                    total = 0.0
                    for k in range(len(right)):
                        total += left[i][k] * right[k][j]
                    row.append(total)
                rows.append(row)
            return rows


        def run(left, right):
            return {"product": product(left, right)}
        """,
        lambda g: (g.random((12, 9)).tolist(), g.random((9, 11)).tolist()),
    ),
    _slow(
        "comprehensions",
        """
        import math
        import numpy as np


        def energies(windows):
            out = []
            for window in windows:
                centre = sum(v for v in window) / len(window)
                spread = math.sqrt(sum((v - centre) ** 2 for v in window) / len(window))
                out.append([centre, spread, max(abs(v) for v in window)])
            return np.array(out)


        def run(windows):
            return {"energies": energies(windows)}
        """,
        lambda g: (g.standard_normal((40, 16)),),
    ),
    _slow(
        "returns_early",
        """
        import numpy as np


        def first_above(values, limit):
            total = 0.0
            for index in range(len(values)):
                total += values[index] * values[index]
                if total > limit:
                    return index
            return -1


        def run(values):
            return {"first": first_above(values, 100.0), "never": first_above(values, 1e9)}
        """,
        lambda g: (g.standard_normal(600),),
    ),
    _slow(
        "two_lists_around_other_work",
        """
        import numpy as np


        def split(table):
            kept, seen = [], 0
            picture = np.fft.fft2(table)
            size = np.abs(picture)
            near, far = [], []
            h, w = size.shape
            for u in range(h):
                for v in range(w):
                    r = min(u, h - u) + min(v, w - v)
                    if r <= 3:
                        near.append(size[u, v])
                    if r > 5:
                        far.append(size[u, v])
            if near:
                seen = len(near)
            return np.mean(near), np.std(far), seen, near + far


        def run(table):
            low, high, seen, both = split(table)
            return {"low": low, "high": high, "seen": seen, "both": both}
        """,
        lambda g: (g.random((14, 12)),),
    ),
    _slow(
        "loop_within_a_loop_that_stays",
        """
        import numpy as np


        def histories(names, series):
            told = {}
            gathered = []
            for name in names:
                values = series[name]
                level = 0.0
                levels = []
                for v in values:
                    level = 0.8 * level + 0.2 * v
                    levels.append(level)
                    gathered.append(level * 2)
                told[name] = levels
            return told, gathered


        def run(series):
            told, gathered = histories(sorted(series), series)
            return {**told, "gathered": gathered}
        """,
        lambda g: ({"a": g.random(200), "b": g.random(150)},),
    ),
    _slow(
        "patches_of_two_axes",
        """
        import numpy as np


        def match(image, patch):
            h, w = patch.shape
            scores = np.full((image.shape[0] - h + 1, image.shape[1] - w + 1), np.inf)
            for y in range(scores.shape[0]):
                for x in range(scores.shape[1]):
                    window = image[y:y + h, x:x + w]
                    scores[y, x] = np.mean((window - patch) ** 2) + 0.1 * np.max(np.abs(window - patch))
            return scores


        def run(image, patch):
            return {"scores": match(image, patch)}
        """,
        lambda g: (g.random((20, 18)), g.random((4, 5))),
    ),
    _slow(
        "centroids",
        """
        import numpy as np


        def assign(points, centres, rounds):
            labels = np.zeros(len(points), dtype=np.int64)
            for _ in range(rounds):
                for i in range(len(points)):
                    distances = [np.linalg.norm(points[i] - c) for c in centres]
                    labels[i] = np.argmin(distances)
                for k in range(len(centres)):
                    total = np.zeros(points.shape[1])
                    count = 0
                    for i in range(len(points)):
                        if labels[i] == k:
                            total += points[i]
                            count += 1
                    if count:
                        centres[k] = total / count
            return labels, centres


        def run(points):
            labels, centres = assign(points, points[:4].copy(), 5)
            return {"labels": labels, "centres": centres}
        """,
        lambda g: (g.random((60, 3)),),
    ),
    _slow(
        "means_and_deviations",
        """
        import numpy as np


        def standard(rows):
            out = np.zeros_like(rows)
            for i in range(rows.shape[0]):
                row = rows[i]
                centred = row - np.mean(row * 1.0)
                out[i, :] = centred / (np.std(row * 2.0) + np.sqrt(np.mean(centred ** 2)))
            return out


        def run(rows):
            return {"standard": standard(rows)}
        """,
        lambda g: (g.random((30, 8)),),
    ),
    _slow(
        "counting_integers",
        """
        import numpy as np


        def histogram(image, bins):
            counts = [0] * bins
            for line in image:
                for value in line:
                    counts[int(value) * bins // 256] += 1
            return counts


        def run(image):
            return {"counts": histogram(image, 8)}
        """,
        lambda g: (g.integers(0, 256, (20, 20)).astype(np.uint8),),
    ),
    _slow(
        "comprehension_alone",
        """
        import math


        def table(points, bend):
            return [[math.exp(-bend * abs(p - q)) for q in points] for p in points]


        def overall(points):
            return sum(p * math.sin(p) for p in points) / len(points)


        def run(points):
            return {"table": table(points, 0.3), "overall": overall(points)}
        """,
        lambda g: (g.random(120),),
    ),
    _slow(
        "mapped",
        """
        import math


        def bend(value):
            if value < 0:
                return math.exp(value)
            return value + 1.0


        def run(values):
            return {"bent": list(map(bend, values)), "squares": list(map(lambda v: v * v, values))}
        """,
        lambda g: (g.standard_normal(3000).tolist(),),
    ),
    _slow(
        "grid_of_lists",
        """
        def spread(grid, steps, rate):
            h = len(grid)
            w = len(grid[0])
            for _ in range(steps):
                after = [[0.0] * w for _ in range(h)]
                for y in range(h):
                    for x in range(w):
                        around = grid[(y - 1) % h][x] + grid[(y + 1) % h][x] + grid[y][x - 1] + grid[y][(x + 1) % w]
                        after[y][x] = grid[y][x] + rate * (around - 4.0 * grid[y][x])
                grid = after
            return grid


        def run(grid):
            return {"spread": spread(grid, 8, 0.1)}
        """,
        lambda g: (g.random((12, 14)).tolist(),),
    ),
    _slow(
        "dynamic_programme",
        """
        import numpy as np


        def warp(a, b):
            n, m = len(a), len(b)
            cost = np.full((n + 1, m + 1), float("inf"))
            cost[0, 0] = 0.0
            for i in range(1, n + 1):
                for j in range(1, m + 1):
                    step = min(cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1])
                    cost[i, j] = abs(a[i - 1] - b[j - 1]) + step
            return cost[n, m]


        def run(series):
            table = np.zeros((len(series), len(series)))
            for i in range(len(series)):
                for j in range(len(series)):
                    table[i, j] = warp(series[i], series[j])
            return {"table": table}
        """,
        lambda g: (g.random((5, 30)),),
    ),
    _slow(
        "median_by_hand",
        """
        import numpy as np


        def widths(x):
            found = np.zeros(len(x))
            i = 0
            while i < len(x):
                d = []
                for j, other in enumerate(x):
                    if j != i:
                        d.append(float(np.sqrt(((x[i] - other) ** 2).sum())))
                s = sorted(d)
                n = len(s)
                found[i] = s[n // 2] if n % 2 else (s[n // 2 - 1] + s[n // 2]) / 2
                i += 1
            return found


        def run(x):
            return {"widths": widths(x)}
        """,
        lambda g: (g.random((41, 5)),),
    ),
]

DECLINED = [
    _slow(
        "strings",
        """
        def run(words):
            counts = {}
            for word in words:
                counts[word] = counts.get(word, 0) + 1
            return {"most": max(counts.values())}
        """,
        lambda g: (["a", "b", "a"] * 50,),
    ),
    _slow(
        "gradient_passes",
        """
        import torch


        def run(rows):
            x = torch.tensor(rows, requires_grad=True)
            total = torch.zeros(())
            for i in range(x.shape[0]):
                for j in range(x.shape[1]):
                    total = total + torch.exp(x[i, j])
            total.backward()
            return {"gradient": x.grad.numpy()}
        """,
        lambda g: (g.standard_normal((4, 3)).astype(np.float32),),
    ),
    _slow(
        "random_numbers",
        """
        import random


        def run(values):
            random.seed(0)
            total = 0.0
            for value in values:
                total += value * random.random()
            return {"total": total}
        """,
        lambda g: (g.random(50),),
    ),
]

__all__ = ["DECLINED", "SHAPES", "Slow", "torch"]
