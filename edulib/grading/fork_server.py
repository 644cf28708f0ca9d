"""A process that has imported torch once, and forks one child for each submission.

It never sees a submission itself, so that no child finds another's in its memory:
`python -m edulib.grading.fork_server FD`. Each request holds the settings of the child
and the child's end of its channel; the reply is its process id.
"""

import array
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from pathlib import Path

from edulib.grading.channel import Channel
from edulib.grading.failures import GraderError

_PATIENCE, _START = 10, 60
_IMPORTED = (
    "IPython.core.interactiveshell",
    "IPython.utils.capture",
    "torchvision",
    "edulib.grading.cell_runner",
)


class ForkServer:
    """The grader's side: starts the process and asks it for children."""

    def __init__(self, checks: list[Path] | None = None) -> None:
        """Start the process.

        Args:
            checks: modules with checks of one's own, to be imported there.
        """
        self._checks = [str(path.resolve()) for path in checks or []]
        self._start()

    def start_child(self, settings: dict) -> tuple[Channel, int]:
        """Return the channel to a new child that is ready, and its process id.

        Raises:
            GraderError: if no child gets ready, or gives up its rights.
        """
        for _ in range(2):
            ours, theirs = socket.socketpair()
            with theirs:
                reply = self._ask(settings, theirs)
            channel = Channel(ours)
            if reply and _is_ready(channel):
                return channel, int(reply)
            channel.close()
            self.close()
            self._start()
        raise GraderError("the process that starts submissions ends by itself")

    def close(self) -> None:
        """End the process and all its children."""
        self._socket.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                command + self._checks,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def _ask(self, settings: dict, channel: socket.socket) -> bytes:
        try:
            data = json.dumps(settings).encode()
            socket.send_fds(self._socket, [data], [channel.fileno()])
            return self._socket.recv(100)
        except OSError:
            return b""


def _is_ready(channel: Channel) -> bool:
    """Wait for a child's first word, before any line of a student runs."""
    try:
        hello = channel.receive(_START)
    except (EOFError, OSError):
        return False
    if "failed" in hello:
        reason = hello["failed"].strip().splitlines()[-1]
        raise GraderError(f"a submission cannot be sandboxed: {reason}")
    return True


def main(arguments: list[str]) -> None:
    """Import everything, then fork on request until the grader is gone."""
    requests = socket.socket(fileno=int(arguments[0]))
    from edulib.grading import sandbox

    sandbox.die_with_parent()
    sandbox.adopt_orphans()
    integrity = _prepare([Path(path) for path in arguments[1:]])
    while True:
        data, (channel, *_), _, _ = _receive(requests)
        _end_leftovers()
        if not data:
            return
        child = os.fork()
        if child == 0:
            requests.close()
            _be_child(json.loads(data), channel, integrity)
        os.close(channel)
        requests.send(str(child).encode())


def _receive(requests: socket.socket) -> tuple[bytes, array.array, int, object]:
    data, descriptors, flags, address = socket.recv_fds(requests, 65536, 1)
    return data, descriptors or [-1], flags, address


def _prepare(checks: list[Path]) -> "IntegrityCheck":  # noqa: F821 - imported below
    """Import what submissions need: once, and before any of them."""
    import torch

    from edulib.exercises import list_exercises
    from edulib.grading.integrity import IntegrityCheck
    from edulib.grading.private import load_checks

    for name in _IMPORTED:
        importlib.import_module(name)
    torch.set_num_threads(1)
    list_exercises()
    load_checks(checks)
    integrity = IntegrityCheck()
    gc.collect()
    gc.freeze()
    return integrity


def _be_child(settings: dict, channel: int, integrity: "IntegrityCheck") -> None:  # noqa: F821
    from edulib.grading import cell_runner, sandbox

    os.setsid()
    sandbox.die_with_parent()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    connection = Channel(socket.socket(fileno=channel))
    try:
        cell_runner.serve(connection, settings, integrity)
    except BaseException:
        with contextlib.suppress(OSError):
            connection.send({"failed": traceback.format_exc()})
    os._exit(0)


def _end_leftovers() -> None:
    """End what submissions have left running, however it was started."""
    for _ in range(1000):
        children = _children()
        if not children:
            return
        for child in children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _children() -> list[int]:
    """Return our children, adopted ones too; only Linux tells."""
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(word) for word in path.read_text().split()] if path.exists() else []


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # a usual end would report what is frozen as leaks
