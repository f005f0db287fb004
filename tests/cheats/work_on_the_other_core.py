# Tries: a forked child on another core does the work; this process sleeps and shows no CPU time.
# Refused as: took more cores | too slow | left processes
# Behind: bases/arrays.py

import io
import os

import numpy as np

honest = run


def run(images, labels, seed):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.sched_setaffinity(0, {sorted(range(os.cpu_count()))[0]})
        with os.fdopen(write, "wb") as pipe:
            np.savez(pipe, **honest(images, labels, seed))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = io.BytesIO(pipe.read())
    os.waitpid(child, 0)
    with np.load(data) as answer:
        return dict(answer)
