"""A process closes a sandbox around itself: no capabilities, Landlock, a seccomp filter. No way back.

Runs in the child between fork and exec, without site-packages, so it holds to the standard library
and talks to the kernel through ctypes. Everything here is described in landlock(7), seccomp(2),
capabilities(7) and linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Mapping
from typing import Any

_PR_CAPBSET_DROP = 24
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_LAST_CAPABILITY = 63
_CAPABILITY_VERSION_3 = 0x20080522

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_RULE_PATH_BENEATH = 1

# Rights on files, bit by bit; later versions of Landlock know more of them.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_FOR_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_FILE_RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many bits a version knows; 16 later
_TCP_RIGHTS = 0b11  # bind and connect, from version 4
_SCOPES = 0b11  # abstract Unix sockets and signals, from version 6

_AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SYSCALLS = {
    "x86_64": {
        "socket": (41,),
        "capset": (126,),
        "denied": (101, 165, 166, 155, 161, 246, 248, 249, 250, 272, 298, 308, 310, 311, 321, 323),
        "ignored": (90, 91, 268, 92, 93, 94, 260, 188, 189, 190, 197, 198, 199),
    },
    "aarch64": {
        "socket": (198,),
        "capset": (91,),
        "denied": (117, 40, 39, 41, 51, 104, 217, 218, 219, 97, 241, 268, 270, 271, 280, 282),
        "ignored": (52, 53, 54, 55, 5, 6, 7, 14, 15, 16),
    },
}
_DENIED_EVERYWHERE = (425, 428, 429, 430, 431, 432, 442)
_IGNORED_EVERYWHERE = (452, 463, 466, 469)
"""Denied: ptrace, mount, umount2, pivot_root, chroot, kexec_load, add_key, request_key, keyctl, unshare,
perf_event_open, setns, process_vm_readv, process_vm_writev, bpf, userfaultfd; io_uring_setup (it
makes sockets past the filter), open_tree, move_mount, fsopen, fsconfig, fsmount, mount_setattr.

Ignored, with success for an answer: chmod, chown and extended attributes in all their forms, which
Landlock lets a file's owner change anywhere. Libraries that copy files call them and would fail."""

_AF_UNIX = 1
_NO_ERROR, _EPERM = 0, 1


def confine(settings: Mapping[str, Any]) -> None:
    """Close the sandbox. ``network`` in ``settings`` opens sockets; the rest is for ``restrict_files``.

    Raises OSError when the kernel refuses any part of it; nothing may be run then.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _restrict_files(libc, settings)
    _drop_capabilities(libc)
    _filter_syscalls(libc, network=settings["network"])


def landlock_version() -> int:
    """The kernel's Landlock version (ABI), 0 where there is none."""
    return max(0, ctypes.CDLL(None).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def syscalls_known() -> bool:
    """Whether the filter can be written for this machine's architecture."""
    return platform.machine() in _SYSCALLS


def _restrict_files(libc: Any, settings: Mapping[str, Any]) -> None:
    """Allow reading below each path of ``readable``, all below ``writable``, names below ``listable``."""
    version = landlock_version()
    handled = (1 << _FILE_RIGHTS_BY_VERSION.get(version, 16)) - 1
    tcp = _TCP_RIGHTS if version >= 4 and not settings["network"] else 0
    attributes = struct.pack("=QQQ", handled, tcp, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _check(libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)))
    for kind, rights in (("readable", _READING), ("writable", handled), ("listable", _READ_DIR)):
        for path in settings[kind]:
            _allow(libc, ruleset, path, rights & handled)
    _check(libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)))
    os.close(ruleset)


def _allow(libc: Any, ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not os.path.isdir(path):
        rights &= _FOR_FILES
    rule = struct.pack("=Qi", rights, descriptor)
    _check(libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, ctypes.c_uint32(0)))
    os.close(descriptor)


def _drop_capabilities(libc: Any) -> None:
    """Give up what root may do; with no-new-privileges set, no program can give it back."""
    for capability in range(_LAST_CAPABILITY + 1):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused without privileges, which is as good
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _check(libc.syscall(_SYSCALLS[platform.machine()]["capset"][0], header, bytes(24)))


def _filter_syscalls(libc: Any, *, network: bool) -> None:
    """Install a seccomp filter: sockets of Unix domain only, calls denied and ignored as listed."""
    calls = _SYSCALLS[platform.machine()]
    number, architecture, first_argument = 0, 4, 16  # offsets in struct seccomp_data
    program = [
        _load(architecture),
        _jump_if_equal(_AUDIT_ARCHITECTURE[platform.machine()], 1, 0),
        _answer_kill(),
        _load(number),
    ]
    if platform.machine() == "x86_64":  # the x32 interface has numbers of its own
        program += [_jump_if_at_least(0x40000000, 0, 1), _answer_kill()]
    for call in (*calls["denied"], *_DENIED_EVERYWHERE):
        program += [_jump_if_equal(call, 0, 1), _answer_errno(_EPERM)]
    for call in (*calls["ignored"], *_IGNORED_EVERYWHERE):
        program += [_jump_if_equal(call, 0, 1), _answer_errno(_NO_ERROR)]
    if not network:
        program += [
            _jump_if_equal(calls["socket"][0], 0, 3),
            _load(first_argument),
            _jump_if_equal(_AF_UNIX, 1, 0),
            _answer_errno(_EPERM),
        ]
    program.append(_answer_allow())
    code = ctypes.create_string_buffer(b"".join(program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    mode_filter = 2
    _check(libc.prctl(_PR_SET_SECCOMP, mode_filter, header, 0, 0))


# Instructions of classic BPF as seccomp takes them: code, jump if true, jump if false, constant.
def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", 0x20, 0, 0, offset)


def _jump_if_equal(value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("=HBBI", 0x15, if_true, if_false, value)


def _jump_if_at_least(value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("=HBBI", 0x35, if_true, if_false, value)


def _answer_allow() -> bytes:
    return struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)


def _answer_errno(number: int) -> bytes:
    return struct.pack("=HBBI", 0x06, 0, 0, 0x00050000 | number)


def _answer_kill() -> bytes:
    return struct.pack("=HBBI", 0x06, 0, 0, 0x80000000)


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"the sandbox cannot be closed: {os.strerror(number)}")
    return result
