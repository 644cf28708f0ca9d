"""What the process of a submission may not do: see, change, signal, connect.

Landlock is a part of Linux (since 5.13) that lets a process give up rights for good,
without root, containers or set-up: see man 7 landlock. Inside the sandbox a process
reads the system, the interpreter and this package, writes to its own scratch folder,
and has no other files; where the kernel is new enough it opens no TCP connection
(6.7) and signals nobody outside (6.12). What Landlock does not know of is refused
by a filter of system calls.
"""

import contextlib
import ctypes
import os
import platform
import resource
import signal
import sys
from pathlib import Path

from edulib.grading.system_calls import refuse_limits_of_others

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVS, _DIE_WITH_PARENT, _ADOPT, _KILL = 38, 1, 36, 9
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_ALL_OF_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_TCP, _SIGNALS_AND_SOCKETS = 0b11, 0b11
_DEVICE_CONTROL = 1 << 15
_NAMESPACES = 0x10000000 | 0x20000000 | 0x40000000 | 0x08000000  # user pid net ipc
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/sys")
_PROCESS = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


class _Rules(ctypes.Structure):
    _fields_ = [
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    ]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [
        ("allowed", ctypes.c_uint64),
        ("folder", ctypes.c_int32),
    ]


def landlock_version() -> int:
    """Return the version of the kernel's interface; 0 where there is none."""
    if platform.system() != "Linux":
        return 0
    return max(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), 1), 0)


def refuse_without_sandbox() -> None:
    """Raise RuntimeError, with what to do, where there is no Landlock."""
    if landlock_version() == 0:
        raise RuntimeError(
            "this system cannot sandbox submissions (Linux 5.13 or newer can): grade "
            "in a virtual machine or container, or trust your students with SANDBOX=no"
        )


def enter(scratch: Path) -> None:
    """Confine this process, for good, with everything that it will start.

    Args:
        scratch: the only folder in which it may write.

    Raises:
        OSError: if the kernel refuses.
    """
    version = landlock_version()
    files = _ALL_OF_ABI.get(version, _ALL_OF_ABI[3] | _DEVICE_CONTROL)
    if version == 4:
        files = _ALL_OF_ABI[3]
    rules = _Rules(files)
    if version >= 4:
        rules.network = _TCP
    if version >= 6:
        rules.scopes = _SIGNALS_AND_SOCKETS
    size = {1: 8, 2: 8, 3: 8, 4: 16, 5: 16}.get(version, 24)
    ruleset = _call(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    for folder in {*_SYSTEM, *_PROCESS, *_interpreter()}:
        _allow(ruleset, folder, _READ & files)
    for device in _DEVICES:
        _allow(ruleset, device, (_READ_FILE | _WRITE_FILE) & files)
    _allow(ruleset, str(scratch), files)
    _prctl(_NO_NEW_PRIVS, 1)
    _call(_RESTRICT, ruleset, 0)
    os.close(ruleset)
    refuse_limits_of_others()


def limit(memory_gb: float = 4, file_gb: float = 0.5) -> None:
    """Limit what this process may take beyond what it has: memory, size of files."""
    now = 0
    with contextlib.suppress(OSError):
        pages = Path("/proc/self/statm").read_text().split()[0]
        now = int(pages) * resource.getpagesize()
    if now:
        most = now + int(memory_gb * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    most = int(file_gb * 2**30)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends (Linux only)."""
    if platform.system() == "Linux":
        _prctl(_DIE_WITH_PARENT, _KILL)


def adopt_orphans() -> None:
    """Become the parent of all that descendants leave behind (Linux only)."""
    if platform.system() == "Linux":
        _prctl(_ADOPT, 1)


def isolate() -> None:
    """Go on in a child that has no network and sees no process but its own.

    Needs user namespaces, which some systems deny to those who are not root.

    Raises:
        OSError: if the system denies them.
    """
    if _libc().unshare(_NAMESPACES):
        number = ctypes.get_errno()
        raise OSError(number, f"no isolation on this system: {os.strerror(number)}")
    child = os.fork()
    if child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.waitpid(child, 0)
        os._exit(0)
    die_with_parent()


def _interpreter() -> set[str]:
    """Return where Python, its packages and this package are."""
    package = str(Path(__file__).resolve().parents[1])
    entries = {entry for entry in sys.path if "-packages" in entry}
    return {sys.prefix, sys.base_prefix, sys.exec_prefix, package, *entries}


def _allow(ruleset: int, path: str, rights: int) -> None:
    if not os.path.exists(path):
        return
    if not os.path.isdir(path):
        rights &= _EXECUTE | _READ_FILE | _WRITE_FILE
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD, ruleset, 1, ctypes.byref(_PathRule(rights, folder)), 0)
    finally:
        os.close(folder)


def _call(number: int, *arguments: object) -> int:
    result = _libc().syscall(number, *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock: {os.strerror(error)}")
    return result


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _libc().prctl(option, ctypes.c_ulong(value), zero, zero, zero)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
