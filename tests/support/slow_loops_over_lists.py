"""Small slow programs whose numeric loops fill and read Python lists."""

import numpy as np
from slow_program import slow

OVER_LISTS = [
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
        "neighbours_in_tuples",
        """
        import numpy as np


        def predict(train, labels, test, k):
            out = []
            for t in test:
                d = []
                for i in range(len(train)):
                    d.append((np.sqrt(np.sum((train[i] - t) ** 2)), labels[i]))
                d.sort()
                votes = [0] * 10
                for _, l in d[:k]:
                    votes[l] += 1
                out.append(votes.index(max(votes)))
            return np.array(out)


        def run(a, b, c):
            return {"p": predict(a, b, c, 5)}
        """,
        lambda g: (g.random((60, 4)), g.integers(0, 3, 60), g.random((20, 4))),
    ),
    slow(
        "descent_of_lists",
        """
        def fit(X, y, epochs, rate):
            w = [0.0] * len(X[0])
            for e in range(epochs):
                grad = [0.0 for _ in w]
                for row, target in zip(X, y):
                    guess = sum(a * b for a, b in zip(w, row))
                    for j in range(len(w)):
                        grad[j] += 2 * (guess - target) * row[j]
                w = [a - rate * g / len(X) for a, g in zip(w, grad)]
            return w


        def run(X, y):
            return {"w": fit(X, y, 30, 0.1)}
        """,
        lambda g: (g.random((60, 5)).tolist(), g.random(60).tolist()),
    ),
    slow(
        "bodies_of_lists",
        """
        import math


        class Body:
            def __init__(self, x, v, m):
                self.x = x
                self.v = v
                self.m = m


        def step(pos, vel, mass, dt):
            n = len(pos)
            for i in range(n):
                ax, ay = 0.0, 0.0
                for j in range(n):
                    if i == j:
                        continue
                    dx = pos[j][0] - pos[i][0]
                    dy = pos[j][1] - pos[i][1]
                    r = math.sqrt(dx * dx + dy * dy + 0.01)
                    ax += mass[j] * dx / r**3
                    ay += mass[j] * dy / r**3
                vel[i][0] += dt * ax
                vel[i][1] += dt * ay
            for i in range(n):
                pos[i][0] += dt * vel[i][0]
                pos[i][1] += dt * vel[i][1]


        def run(p, v, m):
            for _ in range(20):
                step(p, v, m, 0.01)
            return {"p": p, "v": v}
        """,
        lambda g: (g.random((10, 2)).tolist(), g.random((10, 2)).tolist(), g.random(10).tolist()),
    ),
    slow(
        "tensors_stacked",
        """
        import torch


        def act(x):
            out = []
            for i in range(x.shape[0]):
                row = []
                for j in range(x.shape[1]):
                    v = x[i, j]
                    row.append(torch.exp(v) - 1 if v < 0 else v)
                out.append(torch.stack(row))
            return torch.stack(out)


        def run(x):
            return {"d": act(torch.tensor(x)).numpy()}
        """,
        lambda g: (g.random((25, 5)).astype(np.float32) - 0.5,),
    ),
]
