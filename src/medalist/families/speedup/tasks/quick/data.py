"""Signals for the task ``quick``: noisy waves, and how fast each one swings.

``make_inputs(seed)`` is what ``run`` is called with; ``size`` makes fewer signals.
"""

import numpy as np

SIGNALS = 400
LENGTH = 60
LEARNED_SHARE = 0.8
STEPS = 40


def make_inputs(seed, size=SIGNALS):
    """Arguments of ``run``: signals (size, 60), the targets of the first four fifths, the number of steps."""
    random = np.random.default_rng(seed)
    speed = random.uniform(1.0, 6.0, size=size)
    phase = random.uniform(0.0, 2.0 * np.pi, size=size)
    place = np.arange(LENGTH) / LENGTH
    signals = np.sin(2.0 * np.pi * speed[:, None] * place + phase[:, None])
    signals += 0.1 * random.standard_normal((size, LENGTH))
    return {"signals": signals, "targets": speed[: int(size * LEARNED_SHARE)] / 6.0, "steps": STEPS}
