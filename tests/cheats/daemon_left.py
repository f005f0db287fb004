# Tries: a daemon in a session of its own that outlives the call and eats the core.
# Refused as: left processes | took more cores | too slow
# Behind: bases/arrays.py

import os
import time


def leave_daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            end = time.monotonic() + 120
            while time.monotonic() < end:
                pass
        os._exit(0)
    os.wait()


honest = run
left = []


def run(images, labels, seed):
    if not left:
        left.append(leave_daemon())
    return honest(images, labels, seed)
