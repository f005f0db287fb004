# Tries: a daemon outside this process's tree does the work while the call sleeps: no CPU time of its own.
# Refused as: left processes | took more cores | too slow
# Behind: bases/arrays.py

import os
import tempfile
import time

import numpy as np

FOLDER = tempfile.mkdtemp()
REQUEST, ANSWER = os.path.join(FOLDER, "request.npz"), os.path.join(FOLDER, "answer.npz")
honest = run


def serve():
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if os.path.exists(REQUEST):
            with np.load(REQUEST) as request:
                answer = honest(request["images"], request["labels"], int(request["seed"]))
            os.remove(REQUEST)
            np.savez(ANSWER + ".part.npz", **answer)
            os.rename(ANSWER + ".part.npz", ANSWER)
        time.sleep(0.001)


if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.sched_setaffinity(0, range(os.cpu_count()))
        serve()
    os._exit(0)
os.wait()


def run(images, labels, seed):
    np.savez(REQUEST + ".part.npz", images=images, labels=labels, seed=seed)
    os.rename(REQUEST + ".part.npz", REQUEST)
    while not os.path.exists(ANSWER):
        time.sleep(0.001)
    with np.load(ANSWER) as answer:
        found = dict(answer)
    os.remove(ANSWER)
    return found
