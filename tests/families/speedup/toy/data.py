"""Points of two classes for the toy task: a cloud to the left, a cloud to the right."""

import numpy as np

POINTS, LABELLED, COLUMNS = 160, 120, 3


def _draw(seed):
    random = np.random.default_rng(seed)
    labels = random.integers(2, size=POINTS)
    points = random.standard_normal((POINTS, COLUMNS))
    points[:, 0] += 3.0 * labels
    return points, labels


def make_inputs(seed):
    points, labels = _draw(seed)
    return {"points": points, "labels": labels[:LABELLED], "steps": 40}


def make_answers(seed):
    return {"labels": _draw(seed)[1][LABELLED:]}
