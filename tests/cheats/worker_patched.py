# Tries: rewrites the worker around it: data is not waited for, the warm-up's answer is packed for every call.
# Refused as: other function | spoke before GO | malformed answer | timed out
# Behind: honest/blocked_partition.py

import sys

honest = run
worker = sys.modules["__main__"]
packed = []
pack = getattr(worker, "pack", None)


def pack_once(arrays):
    if not packed:
        packed.append(pack(arrays))
    return packed[0]


if pack is not None:
    worker.pack = pack_once


def run(images, labels, seed):
    return {} if packed else honest(images, labels, seed)
