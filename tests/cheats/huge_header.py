# Tries: announces an answer of exabytes and never sends it.
# Refused as: malformed answer | timed out

import gc
import socket
import struct
import time

import numpy as np


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    for channel in [each for each in gc.get_objects() if isinstance(each, socket.socket)]:
        channel.sendall(struct.pack(">cQ", b"A", 1 << 60))
    time.sleep(3600)
