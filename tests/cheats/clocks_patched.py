# Tries: slows down every clock that Python has.
# Refused as: too slow
# Behind: bases/arrays.py

import time


def slowed(clock):
    return lambda: type(clock())(clock() * 0.01)


for name in ("time", "perf_counter", "monotonic", "process_time", "thread_time"):
    setattr(time, name, slowed(getattr(time, name)))
    setattr(time, f"{name}_ns", slowed(getattr(time, f"{name}_ns")))
