# Tries: hundreds of sleeping children, to use up whatever the machine has of processes.
# Refused as: left processes | does not run | too slow | timed out
# Behind: bases/arrays.py

import os
import time

honest = run


def run(images, labels, seed):
    for _ in range(400):
        try:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
        except OSError:
            break
    return honest(images, labels, seed)
