# Tries: answers by itself, on every socket it finds, while it is still being imported.
# Refused as: spoke before GO | malformed answer

import os
import socket
import stat
import struct

import numpy as np

FRAME = struct.Struct(">cQ")


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    return {}


for descriptor in range(64):
    try:
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            channel = socket.socket(fileno=os.dup(descriptor))
            channel.sendall(FRAME.pack(b"R", 0) + FRAME.pack(b"A", 0) * 64)
    except OSError:
        continue
