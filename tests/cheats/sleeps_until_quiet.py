# Tries: sleeps before it works: a clock of CPU time does not see it, a judge that gives up early sees little.
# Refused as: too slow | timed out
# Behind: bases/arrays.py

import time

honest = run


def run(images, labels, seed):
    time.sleep(1.5)
    return honest(images, labels, seed)
