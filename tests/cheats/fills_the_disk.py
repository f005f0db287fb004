# Tries: writes half a gigabyte a call beside itself.
# Refused as: too slow | does not run | timed out
# Behind: bases/arrays.py

import contextlib
import os
import tempfile

honest = run
written = []


def run(images, labels, seed):
    descriptor, name = tempfile.mkstemp()
    written.append(name)
    with contextlib.suppress(OSError), os.fdopen(descriptor, "wb") as file:
        for _ in range(8):
            file.write(bytes(64 << 20))
    return honest(images, labels, seed)
