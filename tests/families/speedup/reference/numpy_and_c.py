"""The best by hand: NumPy for the features, C for the distances' medians and for the training, its backward written out.

The C source is compiled when the module is imported. Random numbers come from torch, as the program draws them.
"""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

EPOCHS = 4
BATCH_SIZE = 8
LEARNING_RATE = 2e-3
KEEP = 0.9
NOISE = 0.01
CLIP = (0.0, 3.0)

SOURCE = r"""
#include <math.h>
#include <string.h>

typedef float row64 __attribute__((vector_size(256), aligned(4)));
typedef float row16 __attribute__((vector_size(64), aligned(4)));

/* The k-th smallest of n values, by Hoare's selection; reorders them. */
static double kth(double *v, int n, int k) {
    int low = 0, high = n - 1;
    while (low < high) {
        double pivot = v[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (pivot < v[j]) j--;
            if (i <= j) { double t = v[i]; v[i++] = v[j]; v[j--] = t; }
        }
        if (k <= j) high = j; else if (k >= i) low = i; else break;
    }
    return v[k];
}

/* points: d rows of n. The median distance of each column to all others. */
void median_distances(const double *points, int n, int d, double *work, double *medians) {
    for (int row = 0; row < n; row++) {
        memset(work, 0, n * sizeof(double));
        for (int f = 0; f < d; f++) {
            const double *p = points + (long)f * n, own = p[row];
            for (int j = 0; j < n; j++) { double t = p[j] - own; work[j] += t * t; }
        }
        work[row] = work[n - 1];
        int others = n - 1, half = others / 2;
        double upper = sqrt(kth(work, others, half));
        medians[row] = others % 2 ? upper : 0.5 * (upper + sqrt(kth(work, half, half - 1)));
    }
}

typedef struct { float w2[128][64], b2[64], w3[64][16], b3[16]; } weights;
enum { COUNT = sizeof(weights) / sizeof(float) };

/* One epoch. masks holds, batch after batch, 128 and then 64 zeros or ones a row; t counts the steps so far. */
void epoch(int n, int batch, const float *hidden, const long *labels, const long *order, const float *masks,
           float keep, double rate, int t, float *p_, float *m, float *v, double *losses) {
    weights *p = (weights *)p_, g;
    float *g_ = (float *)&g;
    float h1[64][128], z2[64][64], z3[64][16];
    const float scale = 1.0f / keep;
    for (int start = 0; start < n; start += batch) {
        int rows = n - start < batch ? n - start : batch;
        const float *mask2 = masks + rows * 128;
        double loss = 0;
        memset(&g, 0, sizeof g);
        for (int b = 0; b < rows; b++) {
            const long row = order[start + b];
            row64 sum = *(row64 *)p->b2;
            for (int i = 0; i < 128; i++) {
                h1[b][i] = hidden[row * 128 + i] * (masks[b * 128 + i] * scale);
                sum += h1[b][i] * *(row64 *)p->w2[i];
            }
            *(row64 *)z2[b] = sum;
            row16 logits = *(row16 *)p->b3;
            for (int o = 0; o < 64; o++) {
                z2[b][o] = tanhf(z2[b][o]);
                logits += z2[b][o] * (mask2[b * 64 + o] * scale) * *(row16 *)p->w3[o];
            }
            float largest = logits[0], total = 0;
            for (int c = 1; c < 10; c++) if (logits[c] > largest) largest = logits[c];
            memset(z3[b], 0, sizeof z3[b]);
            for (int c = 0; c < 10; c++) total += z3[b][c] = expf(logits[c] - largest);
            loss -= logits[labels[row]] - largest - logf(total);
            for (int c = 0; c < 10; c++) z3[b][c] /= total * rows;
            z3[b][labels[row]] -= 1.0f / rows;
            row16 back = *(row16 *)z3[b];
            *(row16 *)g.b3 += back;
            for (int o = 0; o < 64; o++) {
                const float value = z2[b][o], gate = mask2[b * 64 + o] * scale;
                float part = 0;
                *(row16 *)g.w3[o] += value * gate * back;
                for (int c = 0; c < 10; c++) part += back[c] * p->w3[o][c];
                z2[b][o] = gate * part * (1 - value * value);
            }
            *(row64 *)g.b2 += *(row64 *)z2[b];
        }
        for (int i = 0; i < 128; i++) {
            row64 sum = {0};
            for (int b = 0; b < rows; b++) sum += h1[b][i] * *(row64 *)z2[b];
            *(row64 *)g.w2[i] = sum;
        }
        t++;
        const float step = rate / (1 - pow(0.9, t)), root = sqrt(1 - pow(0.999, t));
        for (int k = 0; k < COUNT; k++) {
            m[k] += 0.1f * (g_[k] - m[k]);
            v[k] = 0.999f * v[k] + 0.001f * g_[k] * g_[k];
            p_[k] -= step * m[k] / (sqrtf(v[k]) / root + 1e-8f);
        }
        *losses++ = loss / rows;
        masks += rows * 192;
    }
}
"""


def compile_source():
    """The compiled source, loaded; what the compiler wrote is gone when this returns."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "fast.c"), Path(folder, "fast.so")
        source.write_text(SOURCE)
        flags = ["-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC"]
        subprocess.run(["gcc", *flags, str(source), "-o", str(library), "-lm"], check=True)
        return ctypes.CDLL(str(library))


FAST = compile_source()


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


class ComplexFeatureExtractor:
    """Thirteen features an image, in blocks that stay in the cache."""

    def extract(self, images):
        blocks = [self.raw_features(images[k : k + 64].astype(np.float64)) for k in range(0, len(images), 64)]
        return self.custom_normalize(np.concatenate(blocks))

    def raw_features(self, images):
        flat = images.reshape(len(images), -1)
        pixels = flat.shape[1]
        rows = images[:, :, :-2] + 2.0 * images[:, :, 1:-1] + images[:, :, 2:]
        columns = images[:, :-2] + 2.0 * images[:, 1:-1] + images[:, 2:]
        down = (rows[:, 2:] - rows[:, :-2]).reshape(len(images), -1)
        along = (columns[:, :, 2:] - columns[:, :, :-2]).reshape(len(images), -1)
        squares = down * down + along * along
        length = np.sqrt(squares).sum(1) / pixels
        spread = np.sqrt(np.maximum(squares.sum(1) / pixels - length**2, 0.0))
        sides = [np.abs(down).sum(1) / pixels, np.abs(along).sum(1) / pixels]
        values = [flat.mean(1), flat.std(1), flat.min(1), flat.max(1), np.median(flat, axis=1)]
        return np.stack([*values, length, spread, *sides, *self.spectrum_features(images)], axis=1)

    def spectrum_features(self, images):
        height, width = images.shape[1:]
        magnitude = np.log1p(np.abs(np.fft.rfft2(images))).reshape(len(images), -1)
        down = np.minimum(np.arange(height), height - np.arange(height))
        distance = np.hypot(down[:, None], np.arange(width // 2 + 1)[None, :])
        weight = np.full(distance.shape, 2.0)
        weight[:, [0, -1]] = 1.0
        parts = np.stack([weight, weight * ((distance > 0) & (distance <= 4)), weight * (distance > 9)])
        parts = parts.reshape(3, -1) / parts.sum((1, 2))[:, None]
        mean, low, high = (magnitude @ parts.T).T
        return mean, np.sqrt(np.maximum((magnitude * magnitude) @ parts[0] - mean**2, 0.0)), low, high

    def custom_normalize(self, features):
        count, width = features.shape
        points, work, medians = np.ascontiguousarray(features.T), np.empty(count), np.empty(count)
        FAST.median_distances(pointer(points), count, width, pointer(work), pointer(medians))
        return features / (medians[:, None] + 1e-8)


class ComplexNN(nn.Module):
    """The network's initial weights, as torch draws them; learning happens in C."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(13, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 10)

    def hidden(self, features):
        """What the first layer and its activation make of features, float32 (n, 128)."""
        x = features @ self.fc1.weight.detach().numpy().T + self.fc1.bias.detach().numpy()
        return np.where(x <= 0.0, 0.5 * (np.exp(np.minimum(x, 0.0)) - 1.0), np.minimum(x, 0.5 * x + 0.5))


def epoch_order(count):
    """The loader's shuffled order: one number for its workers, one for its sampler."""
    torch.empty((), dtype=torch.int64).random_()
    generator = torch.Generator()
    generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
    return torch.randperm(count, generator=generator).numpy()


def draw_masks(count):
    """Both dropout masks of every step of an epoch, one after the other, as the program draws them."""
    sizes = [min(BATCH_SIZE, count - start) for start in range(0, count, BATCH_SIZE)]
    if DRAWS_JOIN:
        return torch.empty(192 * count).bernoulli_(KEEP).numpy()
    masks = [torch.empty(size, width).bernoulli_(KEEP).ravel() for size in sizes for width in (128, 64)]
    return torch.cat(masks).numpy()


def draws_join():
    """Whether one long draw equals many short ones here; with MKL on an Intel processor it does not."""
    state = torch.get_rng_state()
    apart = torch.cat([torch.empty(size).bernoulli_(KEEP) for size in (1024, 512, 1024)])
    torch.set_rng_state(state)
    together = torch.empty(2560).bernoulli_(KEEP)
    torch.set_rng_state(state)
    return bool((apart == together).all())


DRAWS_JOIN = draws_join()


def train(model, features, labels):
    """Train the second and third layer in place; the loss (steps,) of every step."""
    count = len(labels)
    steps = -(-count // BATCH_SIZE)
    weights, wide = np.zeros(9296, np.float32), np.zeros((64, 16), np.float32)
    wide[:, :10] = model.fc3.weight.detach().numpy().T
    weights[:8192] = model.fc2.weight.detach().numpy().T.ravel()
    weights[8192:8256] = model.fc2.bias.detach().numpy()
    weights[8256:9280] = wide.ravel()
    weights[9280:9290] = model.fc3.bias.detach().numpy()
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    losses = np.empty(EPOCHS * steps)
    for epoch in range(EPOCHS):
        noise = torch.randn(features.shape).numpy()
        hidden = model.hidden(np.clip(features + np.float32(NOISE) * noise, *CLIP))
        order, masks, done = epoch_order(count), draw_masks(count), epoch * steps
        arrays = [pointer(array) for array in (hidden, labels, order, masks)]
        rates = ctypes.c_float(KEEP), ctypes.c_double(LEARNING_RATE), done
        state = [pointer(array) for array in (weights, first, second, losses[done:])]
        FAST.epoch(count, BATCH_SIZE, *arrays, *rates, *state)
    with torch.no_grad():
        model.fc2.weight.copy_(torch.from_numpy(weights[:8192].reshape(128, 64).T))
        model.fc2.bias.copy_(torch.from_numpy(weights[8192:8256]))
        model.fc3.weight.copy_(torch.from_numpy(weights[8256:9280].reshape(64, 16)[:, :10].T))
        model.fc3.bias.copy_(torch.from_numpy(weights[9280:9290]))
    return losses


def run(images, labels, seed):
    torch.manual_seed(seed)
    features = ComplexFeatureExtractor().extract(images)
    inputs = features.astype(np.float32)
    learned = len(labels)
    model = ComplexNN()
    losses = train(model, inputs[:learned], np.ascontiguousarray(labels, dtype=np.int64))
    weights = {name: weight.numpy() for name, weight in model.state_dict().items()}
    hidden = model.hidden(np.clip(inputs[learned:], *CLIP))
    hidden = np.tanh(hidden @ weights["fc2.weight"].T + weights["fc2.bias"])
    logits = hidden @ weights["fc3.weight"].T + weights["fc3.bias"]
    named = {f"weights.{name}": weight for name, weight in weights.items()}
    return {"features": features, "losses": losses, **named, "test_logits": logits}
