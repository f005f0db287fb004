"""Small slow programs that compare rows with all other rows: distances, their medians and k-th smallest, centroids."""

from slow_program import slow

DISTANCES = [
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
    slow(
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
