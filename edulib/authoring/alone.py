"""A command beside which no other of its kind runs: two builds would share files."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where make is seldom
    fcntl = None


def run_alone(lock: Path, command: Sequence[str]) -> int:
    """Run a command while holding a lock; wait for whoever holds it.

    The lock belongs to the process: a killed one leaves none.

    Args:
        lock: file that is locked, made if it is not there.
        command: program and its arguments.

    Returns:
        Its exit status.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "a") as file:
        if fcntl:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("waiting for another build to end", file=sys.stderr, flush=True)
                fcntl.flock(file, fcntl.LOCK_EX)
        return subprocess.run(command, check=False).returncode
