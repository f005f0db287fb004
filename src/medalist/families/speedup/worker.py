"""Runs a program for the judge: imports it once, then calls it on each input that is handed over.

Stands alone (standard library and NumPy), for it runs beside a candidate in the sandbox, where nothing else of
Medalist is. Nothing it says is believed: whatever the candidate does to it, the judge only takes bytes and times them.

    python -I worker.py PROGRAM ENTRY      stdin is a Unix socket to the judge

Frames to the judge are a kind, a length and that many bytes: READY once imported, ANSWER with the arrays of a call,
FAULT with a traceback. The judge's GO is one byte that carries a descriptor of a file with the inputs. Arrays travel
as one JSON list of names, types and shapes, and then their bytes, one after the other.
"""

import importlib.util
import json
import math
import os
import socket
import struct
import sys
import traceback

import numpy as np

READY, ANSWER, FAULT = b"R", b"A", b"F"
GO = b"G"
FRAME = struct.Struct(">cQ")
_LENGTH = struct.Struct(">I")
_KINDS = "biuf"
_FAULT_CHARACTERS = 4000


def pack(arrays):
    """The bytes of a mapping from names to arrays or numbers. Raises ValueError for what is no array of numbers."""
    heads, bodies = [], []
    for name, value in arrays.items():
        array = np.asarray(value)
        if array.dtype.kind not in _KINDS:
            raise ValueError(f"{name!r} is no array of numbers but of {array.dtype}")
        heads.append([str(name), array.dtype.str, array.shape])
        bodies.append(array.tobytes())
    head = json.dumps(heads).encode()
    return b"".join([_LENGTH.pack(len(head)), head, *bodies])


def unpack(data):
    """The arrays in ``data``, which may be anything: nothing in it is run, no size believed. Raises ValueError."""
    try:
        (length,) = _LENGTH.unpack_from(data)
        begin = _LENGTH.size + length
        arrays = {}
        for name, kind, shape in json.loads(data[_LENGTH.size : begin]):
            array = _array(memoryview(data)[begin:], np.dtype(str(kind)), [int(size) for size in shape])
            arrays[str(name)] = array
            begin += array.nbytes
    except (struct.error, TypeError, AttributeError, OverflowError, RecursionError, SyntaxError) as error:
        raise ValueError(f"these are no arrays: {error}") from error
    return arrays


def _array(data, dtype, shape):
    """A copy of the array at the beginning of ``data``."""
    count = math.prod(shape)
    if dtype.kind not in _KINDS or min(shape, default=0) < 0:
        raise ValueError("this is no array of numbers")
    if count * dtype.itemsize > len(data):
        raise ValueError("an array is shorter than it says")
    return np.frombuffer(data, dtype, count).reshape(shape).copy()


def as_arguments(arrays):
    """Arrays as the program is called with them: those without dimensions are numbers."""
    return {name: array if array.ndim else array.item() for name, array in arrays.items()}


def load(program, entry):
    """The function ``entry`` of the file ``program``, which runs as the module ``program``."""
    spec = importlib.util.spec_from_file_location("program", program)
    if spec is None or spec.loader is None:
        raise ImportError(f"{program} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["program"] = module
    sys.path.insert(0, os.path.dirname(program))
    spec.loader.exec_module(module)
    return getattr(module, entry)


def send(channel, kind, body=b""):
    channel.sendall(FRAME.pack(kind, len(body)) + body)


def receive(channel):
    """The next inputs; None when the judge is done."""
    message, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
    if message != GO:
        return None
    (descriptor,) = descriptors
    try:  # its offset is shared with others that read the same file
        return as_arguments(unpack(os.pread(descriptor, os.fstat(descriptor).st_size, 0)))
    finally:
        os.close(descriptor)


def main(program, entry):
    channel = socket.socket(fileno=os.dup(0))
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    try:
        function = load(program, entry)
        send(channel, READY)
        while (arguments := receive(channel)) is not None:
            send(channel, ANSWER, pack(function(**arguments)))
    finally:
        if sys.exception() is not None:  # sys.exit of a candidate is a fault as well
            send(channel, FAULT, traceback.format_exc()[-_FAULT_CHARACTERS:].encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
