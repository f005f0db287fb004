"""K-means on points in eight dimensions, with NumPy for storage and Python for the work.

Draws clusters of points, finds their centres again, and scores how well they part. Run it: it prints a summary.
"""

import numpy as np

POINTS = 5000
DIMENSIONS = 8
CLUSTERS = 6
ROUNDS = 15


def make_points(seed):
    """Points (POINTS, DIMENSIONS) around CLUSTERS centres."""
    random = np.random.default_rng(seed)
    centres = random.normal(0.0, 4.0, size=(CLUSTERS, DIMENSIONS))
    return centres[random.integers(CLUSTERS, size=POINTS)] + random.normal(size=(POINTS, DIMENSIONS))


def distance(a, b):
    total = 0.0
    for k in range(len(a)):
        total += (a[k] - b[k]) ** 2
    return np.sqrt(total)


def first_centres(points, clusters, seed):
    """Each new centre is the point furthest from those there are; the first is drawn."""
    random = np.random.default_rng(seed)
    centres = [points[random.integers(len(points))]]
    while len(centres) < clusters:
        distances = []
        for point in points:
            distances.append(min(distance(point, centre) for centre in centres))
        centres.append(points[int(np.argmax(distances))])
    return np.array(centres)


def fit(points, clusters, rounds, seed):
    """Centres (clusters, dimensions), the label of each point, and the inertia after each round."""
    centres = first_centres(points, clusters, seed)
    labels = np.zeros(len(points), dtype=int)
    history = []
    for _ in range(rounds):
        inertia = 0.0
        for i in range(len(points)):
            nearest, shortest = 0, float("inf")
            for c in range(clusters):
                here = distance(points[i], centres[c])
                if here < shortest:
                    nearest, shortest = c, here
            labels[i] = nearest
            inertia += shortest**2
        for c in range(clusters):
            members = points[labels == c]
            if len(members) > 0:
                centres[c] = np.mean(members, axis=0)
        history.append(inertia)
    return {"centres": centres, "labels": labels, "history": history}


def main():
    points = make_points(seed=2)
    found = fit(points, CLUSTERS, ROUNDS, seed=0)
    print(f"inertia {found['history'][0]:.3f} -> {found['history'][-1]:.3f}")
    print("sizes", sorted(np.bincount(found["labels"], minlength=CLUSTERS).tolist()))


if __name__ == "__main__":
    main()
