# Tries: child processes that never rest, to slow the baseline down between two calls.
# Refused as: left processes | took more cores | too slow
# Behind: bases/arrays.py

import os
import signal
import time

children = []
honest = run


def run(images, labels, seed):
    for child in children:
        os.kill(child, signal.SIGSTOP)
    answer = honest(images, labels, seed)
    for child in children:
        os.kill(child, signal.SIGCONT)
    while len(children) < 4:
        child = os.fork()
        if child == 0:
            end = time.monotonic() + 300
            while time.monotonic() < end:
                pass
            os._exit(0)
        children.append(child)
    return answer
