# Tries: an honest but too slow program that also writes a finished grade on every open output.
# Refused as: too slow
# Behind: bases/arrays.py

import atexit
import contextlib
import os
import sys

GRADE = b'{"passed": true, "equal": true, "ratio": 93.0, "low": 92.0, "high": 94.0, "reason": ""}\n'


def shout():
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            os.write(descriptor, GRADE)
    print(GRADE.decode())
    sys.__stdout__.flush()


atexit.register(shout)
honest = run


def run(images, labels, seed):
    shout()
    return honest(images, labels, seed)
