# Tries: takes a better priority and a real-time scheduler for itself, and pushes the others aside.
# Refused as: too slow
# Behind: bases/arrays.py

import contextlib
import os


def push():
    for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
        try:
            os.setpriority(os.PRIO_PROCESS, pid, -20 if pid == os.getpid() else 10)
        except OSError:
            continue
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


push()
