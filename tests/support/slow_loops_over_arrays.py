"""Small slow programs whose numeric loops go over arrays and numbers, and some that no compiler should touch."""

import numpy as np
from slow_program import slow

OVER_ARRAYS = [
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
        "complex_numbers",
        """
        import numpy as np


        def run(w, h, limit):
            out = np.zeros((h, w), dtype=int)
            for y in range(h):
                for x in range(w):
                    c = complex(-2 + 3 * x / w, -1 + 2 * y / h)
                    z = 0j
                    n = 0
                    while abs(z) <= 2 and n < limit:
                        z = z * z + c
                        n += 1
                    out[y, x] = n
            return {"out": out}
        """,
        lambda g: (20, 15, 40),
    ),
    slow(
        "binary_patterns",
        """
        import numpy as np


        def codes(img):
            h, w = img.shape
            hist = np.zeros(256)
            offsets = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]
            for y in range(1, h - 1):
                for x in range(1, w - 1):
                    code = 0
                    for bit, (dy, dx) in enumerate(offsets):
                        if img[y + dy, x + dx] >= img[y, x]:
                            code |= 1 << bit
                    hist[code] += 1
            return hist / hist.sum()


        def run(images):
            return {"h": np.array([codes(i) for i in images])}
        """,
        lambda g: (g.integers(0, 256, (3, 16, 16)).astype(np.uint8),),
    ),
    slow(
        "descent_by_rows",
        """
        import numpy as np
        import math


        def fit(X, y, epochs, rate):
            w = np.zeros(X.shape[1])
            b = 0.0
            losses = []
            for e in range(epochs):
                total = 0.0
                for i in range(len(X)):
                    z = np.dot(w, X[i]) + b
                    p = 1.0 / (1.0 + math.exp(-z))
                    err = p - y[i]
                    w -= rate * err * X[i]
                    b -= rate * err
                    total += -(y[i] * math.log(p + 1e-12) + (1 - y[i]) * math.log(1 - p + 1e-12))
                losses.append(total / len(X))
            return w, b, losses


        def run(X, y):
            w, b, l = fit(X, y, 10, 0.1)
            return {"w": w, "b": b, "l": l}
        """,
        lambda g: (g.random((60, 5)), g.integers(0, 2, 60)),
    ),
]

DECLINED = [
    slow(
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
    slow(
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
    slow(
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
