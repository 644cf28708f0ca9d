"""Refuse a process calls that Landlock lets through (seccomp).

With prlimit(2) a process sets limits for any other of the same user: a submission
could have the kernel end its grader. See man 2 seccomp; the filter is a program for
the kernel's packet filter, which reads the number of a call and its arguments.
"""

import ctypes
import errno
import os
import platform

_PRLIMIT = {"x86_64": (0xC000003E, 302), "aarch64": (0xC00000B7, 261)}
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_X32 = 0x40000000
_SET_SECCOMP, _FILTER = 22, 2


class _Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("skip_if_true", ctypes.c_uint8),
        ("skip_if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [
        ("length", ctypes.c_uint16),
        ("instructions", ctypes.POINTER(_Instruction)),
    ]


def refuse_limits_of_others() -> None:
    """Let this process, and all that it will start, set limits of its own only.

    Needs `no_new_privs`. On processors other than x86-64 and 64-bit ARM nothing
    is refused.

    Raises:
        OSError: if the kernel takes no filter.
    """
    if platform.machine() not in _PRLIMIT:
        return
    architecture, prlimit = _PRLIMIT[platform.machine()]
    instructions = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 0, 6, architecture),  # calls of 32-bit programs: refuse
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 4, 0, _X32),  # the same calls by other numbers: refuse
        (_IF_EQUAL, 0, 2, prlimit),  # any other call: allow
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_EQUAL, 0, 1, 0),  # process 0 is the caller
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    )
    program = _Program(
        len(instructions), (_Instruction * len(instructions))(*instructions)
    )
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    filtering = ctypes.c_ulong(_FILTER)
    if libc.prctl(_SET_SECCOMP, filtering, ctypes.byref(program), zero, zero):
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
