"""Loops over items become calls on stacks of items: the edited program answers as the original, or nothing is offered."""

from __future__ import annotations

import numpy as np
import pytest
from edited_programs import assert_edited_equal, edits_of

from medalist.families.speedup.optimiser.arrays.stacking import StackedLoops

IMAGES = np.random.default_rng(3).random((37, 9, 8)).astype(np.float32)
POINTS = np.random.default_rng(4).normal(size=(300, 5))
CENTRES = POINTS[:4].copy()

FEATURES = """
import math
import numpy as np

class Extractor:
    scale = 2.0

    def __init__(self):
        self.offset = np.arange(8.0)

    def all_of(self, pictures):
        # one row a picture
        table = []
        for number in range(len(pictures)):
            picture = pictures[number].astype(np.float64) + self.offset
            entries = self.simple(picture)
            entries.extend(self.edges(picture))
            entries += [self.contrast(picture, 0.5), picture[2, 3], float(number)]
            table.append(entries)
        return np.array(table)

    def simple(self, picture):
        low = np.percentile(picture, 30)
        return [picture.mean(), picture.std(ddof=1), low, np.argmax(picture), picture.sum(axis=0).max()]

    def edges(self, picture):
        # differences of neighbours
        rows, columns = picture.shape
        down = picture[1:, :] - picture[:-1, :]
        right = np.diff(picture, axis=1)
        energy = 0.0
        for k in range(rows - 1):
            energy += np.sqrt(np.sum(down[k] ** 2))
        return [np.abs(down).mean(), np.abs(right).max(), energy / rows, np.linalg.norm(picture)]

    def contrast(self, picture, limit):
        spread = picture.max() - picture.min()
        if spread < limit:
            return 0.0
        if picture.mean() > 4.0:
            spread = spread / (picture.mean() + 1e-9)
        return math.log1p(spread) * self.scale


def run(pictures):
    return Extractor().all_of(pictures)
"""


@pytest.mark.parametrize(
    "names", [{}, {"pictures": "stack_in", "picture": "x", "Extractor": "Maker", "simple": "aa"}]
)
def test_a_loop_that_calls_small_methods_of_each_item_is_lifted_with_them(names: dict[str, str]) -> None:
    text = FEATURES
    for old, new in names.items():
        text = text.replace(old, new)
    edits = assert_edited_equal(StackedLoops(), text, [IMAGES])
    assert "_of_all" in edits[0].text
    assert "# differences of neighbours" in edits[0].text


LOOPS = {
    "an array filled item by item": """
import numpy as np
def run(x):
    out = np.zeros((len(x), 3))
    for i in range(x.shape[0]):
        out[i, 0] = np.median(x[i])
        out[i, 1] = x[i, 2, 3] * 2
        out[i, 2] = x[i].ravel()[5]
    return out
""",
    "items themselves": """
import numpy as np
def run(x):
    out = []
    for item in x:
        centred = item - item.mean()
        out.append(centred / (np.abs(centred).max() + 1e-12))
    return np.array(out)
""",
    "enumerate and zip": """
import numpy as np
def run(x):
    weights = np.arange(len(x)) + 1.0
    total = 0.0
    rows = []
    for k, (a, w) in enumerate(zip(x, weights)):
        total += w * a.sum()
        rows.append((k, w, a.min()))
    return {"total": total, "rows": rows}
""",
    "a branch that varies": """
import numpy as np
def run(x):
    kinds = np.zeros(len(x))
    for i in range(len(x)):
        value = x[i].mean()
        if value < 0.48:
            kinds[i] = -1
        elif value < 0.52 and x[i].max() > 0.9:
            kinds[i] = value
        else:
            kinds[i] = 1
    return kinds
""",
    "items left out": """
import numpy as np
def run(x):
    kept = []
    number = 0
    for i in range(len(x)):
        top = x[i].max(axis=0)
        if top.mean() < 0.9:
            continue
        number += 1
        kept.append(top.std())
    return {"kept": kept, "number": number}
""",
    "an array made for each item": """
import numpy as np
def profile(item):
    height, width = item.shape
    out = np.zeros(height)
    for row in range(height):
        out[row] = item[row].sum() / width
    return out
def run(x):
    return np.array(loop(x))
def loop(x):
    rows = []
    for item in x:
        rows.append(profile(item))
    return rows
""",
    "a spectrum": """
import numpy as np
def run(x):
    rows = []
    for i in range(len(x)):
        spectrum = np.abs(np.fft.fftshift(np.fft.fft2(x[i])))
        rows.append([spectrum[2:5, 2:5].sum(), np.log(spectrum + 1e-9).std()])
    return np.array(rows)
""",
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_over_items_are_lifted(name: str) -> None:
    assert_edited_equal(StackedLoops(), LOOPS[name], [IMAGES])


CLUSTERS = """
import numpy as np
def assign(points, centres):
    labels = np.zeros(len(points), dtype=int)
    for i in range(len(points)):
        distances = []
        for j in range(len(centres)):
            distances.append(np.sqrt(np.sum((points[i] - centres[j]) ** 2)))
        labels[i] = np.argmin(distances)
    return labels

def move(points, labels, count):
    sums = np.zeros((count, points.shape[1]))
    sizes = np.zeros(count)
    for i in range(len(points)):
        sums[labels[i]] += points[i]
        sizes[labels[i]] += 1
    return sums / np.maximum(sizes, 1)[:, None]

def run(points, centres):
    for _ in range(3):
        labels = assign(points, centres)
        centres = move(points, labels, len(centres))
    return {"centres": centres, "labels": labels}
"""

BEST_SO_FAR = """
import numpy as np
def run(points, centres):
    labels = np.zeros(len(points), dtype=int)
    inertia = 0.0
    for i in range(len(points)):
        best, label = np.inf, 0
        for j in range(len(centres)):
            d = np.linalg.norm(points[i] - centres[j])
            if d < best:
                best = d
                label = j
        labels[i] = label
        inertia += best ** 2
    return {"labels": labels, "inertia": inertia}
"""

DESCENT = """
import numpy as np
def run(points, centres):
    weights = np.zeros(points.shape[1])
    target = points @ np.arange(points.shape[1]) + 1.0
    bias = 0.0
    losses = []
    for step in range(20):
        gradient = np.zeros(points.shape[1])
        slope = 0.0
        loss = 0.0
        for i in range(len(points)):
            error = np.dot(points[i], weights) + bias - target[i]
            gradient += error * points[i]
            slope += error
            loss += error ** 2
        weights = weights - 0.1 * gradient / len(points)
        bias -= 0.1 * slope / len(points)
        losses.append(loss / len(points))
    return {"weights": weights, "losses": losses, "bias": bias}
"""


@pytest.mark.parametrize("text", [CLUSTERS, BEST_SO_FAR, DESCENT], ids=["clusters", "best so far", "descent"])
def test_loops_over_points_are_lifted(text: str) -> None:
    assert_edited_equal(StackedLoops(), text, [POINTS, CENTRES])


SIGNALS = """
import numpy as np

def features(signal, rate):
    power = np.abs(np.fft.rfft(signal - np.mean(signal))) ** 2
    freqs = np.fft.rfftfreq(len(signal), 1.0 / rate)
    total = np.sum(power)
    centroid = np.sum(freqs * power) / total
    spread = np.sqrt(np.sum((freqs - centroid) ** 2 * power) / total)
    crossings = 0
    for k in range(1, len(signal)):
        if signal[k - 1] * signal[k] < 0:
            crossings += 1
    bands = []
    for low, high in [(0, 1), (1, 2)]:
        mask = (freqs >= low) & (freqs < high)
        bands.append(np.sum(power[mask]) / total)
    return np.array([centroid, spread, crossings] + bands)

def run(points, centres):
    out = np.zeros((len(points), 5))
    for n, s in enumerate(points):
        out[n] = features(s, 6.0)
    return out
"""

FISSION = """
import numpy as np

def run(points, centres):
    members = [[] for _ in centres]
    total = {}
    for x in points:
        distances = [np.sqrt(np.sum((x - c) ** 2)) for c in centres]
        label = int(np.argmin(distances))
        members[label].append(x)
        if label not in total:
            total[label] = 0.0
        total[label] += distances[label] if label < 2 else min(distances)
    return {"means": [np.mean(own, axis=0) for own in members], "total": sorted(total.items())}
"""

DISTRIBUTIONS = """
import numpy as np

class Pipeline:
    def one(self, series):
        diffs = [series[i + 1] - series[i] for i in range(len(series) - 1)]
        mean = sum(series) / len(series)
        counts, _ = np.histogram(series, bins=3)
        slope = np.polyfit(np.arange(len(series)), series, 1)[0]
        auto = np.dot(series[:-1] - mean, series[1:] - mean)
        return [mean, max(series), np.mean(np.abs(diffs)), auto, slope] + list(counts / len(series))

def run(points, centres):
    pipeline = Pipeline()
    rows = []
    for series in points:
        rows.append(pipeline.one(series))
    for series in points:
        rows.append(pipeline.one(series))
    return np.array(rows)
"""

PATTERNS = """
import numpy as np

def codes_of(image):
    h, w = image.shape
    codes = np.zeros((h - 2, w - 2), dtype=int)
    for i in range(1, h - 1):
        for j in range(1, w - 1):
            code = 0
            for bit, (di, dj) in enumerate([(-1, -1), (-1, 0), (0, 1), (1, 1)]):
                if image[i + di, j + dj] >= image[i, j]:
                    code |= 1 << bit
            codes[i - 1, j - 1] = code
    return codes

def describe(image):
    histogram = np.zeros(16)
    for code in codes_of(image).ravel():
        histogram[code] += 1
    return histogram / histogram.sum()

def run(points, centres):
    images = points.reshape(-1, 5, 5)
    rows = []
    for image in images:
        rows.append(describe(image))
    return np.array(rows)
"""


@pytest.mark.parametrize(
    "text",
    [SIGNALS, FISSION, DISTRIBUTIONS, PATTERNS],
    ids=["signals", "fission", "distributions", "patterns"],
)
def test_what_cannot_be_lifted_stays_for_single_items(text: str) -> None:
    assert_edited_equal(StackedLoops(), text, [POINTS, CENTRES])


DECLINED = {
    "a state from one item to the next": """
import numpy as np
def run(x):
    state = 0.0
    out = []
    for i in range(len(x)):
        state = 0.5 * state + x[i].mean() ** 2 - state * x[i].max()
        out.append(state)
    return out
""",
    "a loop that does not look at its items": """
import numpy as np
def run(x):
    out = []
    for _ in range(5):
        x = x * 2
        out.append(x.sum())
    return out
""",
    "leaving at the first that fits": """
import numpy as np
def run(x):
    found = -1
    for i in range(len(x)):
        if x[i].mean() > 0.5:
            found = i
            break
    return found
""",
}


@pytest.mark.parametrize("name", DECLINED)
def test_what_is_not_item_by_item_is_left_alone(name: str) -> None:
    assert edits_of(StackedLoops(), DECLINED[name], [IMAGES]) == []
