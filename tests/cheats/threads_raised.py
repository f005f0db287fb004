# Tries: as many threads as there are cores, whatever the task allows.
# Refused as: took more cores | too slow
# Behind: bases/arrays.py

import os

import torch

honest = run


def run(images, labels, seed):
    os.sched_setaffinity(0, range(os.cpu_count()))
    torch.set_num_threads(64)
    return honest(images, labels, seed)
