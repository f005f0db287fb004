"""Runs a program for the judge: imports it once, then calls it on each input that is handed over.

Stands alone (standard library and NumPy), for it runs beside a candidate in the sandbox, where nothing else of
Medalist is. Nothing it says is believed: whatever the candidate does to it, the judge only takes bytes and times them.

    python -I worker.py PROGRAM ENTRY      stdin is a Unix socket to the judge

Frames to the judge are a kind, a length and that many bytes: READY once imported, ANSWER with the arrays of a call,
FAULT with a traceback. The judge's GO is one byte that carries a descriptor of a file with the inputs. Arrays travel
as name and ``.npy``, one after the other.
"""

import importlib.util
import io
import math
import os
import socket
import struct
import sys
import traceback

import numpy as np
from numpy.lib import format as npy

READY, ANSWER, FAULT = b"R", b"A", b"F"
GO = b"G"
FRAME = struct.Struct(">cQ")
_NAME = struct.Struct(">H")
_LONGEST_HEADER = 4096
_FAULT_CHARACTERS = 4000


def pack(arrays):
    """The bytes of a mapping from names to arrays or numbers. Raises ValueError for what is no array of numbers."""
    parts = []
    for name, value in arrays.items():
        array = np.asarray(value, order="C")
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name!r} is no array of numbers but of {array.dtype}")
        encoded = str(name).encode()
        head = io.BytesIO()
        npy.write_array_header_1_0(head, npy.header_data_from_array_1_0(array))
        parts += [_NAME.pack(len(encoded)), encoded, head.getvalue(), array.tobytes()]
    return b"".join(parts)


def unpack(data):
    """The arrays in ``data``, which may be anything: no pickle, no size that is not there. Raises ValueError."""
    arrays = {}
    view, file = memoryview(data), io.BytesIO(data)
    while file.tell() < len(view):
        (length,) = _NAME.unpack(_exactly(file, _NAME.size))
        name = _exactly(file, length).decode()
        if npy.read_magic(file) != (1, 0):
            raise ValueError("an array is in an unknown format")
        shape, _, dtype = npy.read_array_header_1_0(file, max_header_size=_LONGEST_HEADER)
        if dtype.kind not in "biuf" or min(shape, default=0) < 0:
            raise ValueError(f"{name!r} is no array of numbers")
        begin, count = file.tell(), math.prod(shape)
        if count * dtype.itemsize > len(view) - begin:
            raise ValueError(f"{name!r} is shorter than it says")
        arrays[name] = np.frombuffer(view, dtype, count, begin).reshape(shape).copy()
        file.seek(begin + count * dtype.itemsize)
    return arrays


def _exactly(file, length):
    data = file.read(length)
    if len(data) != length:
        raise ValueError("the arrays end too early")
    return data


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
    except BaseException:  # noqa: BLE001  # sys.exit of a candidate is a fault as well
        send(channel, FAULT, traceback.format_exc()[-_FAULT_CHARACTERS:].encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
