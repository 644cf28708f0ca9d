"""Messages between the grader and a process that it does not trust."""

import json
import socket
import time

_MOST = 8_000_000


class Channel:
    """One JSON document a line over a socket, with a deadline for each.

    Nothing is unpickled, and a sender who stalls, floods or babbles is an exception
    here, never a hang.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""

    def send(self, message: dict) -> None:
        """Send a message.

        Raises:
            OSError: if nobody listens any more.
        """
        self._socket.settimeout(None)
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, seconds: float | None = None) -> dict:
        """Return the next message.

        Args:
            seconds: how long to wait; None waits for ever.

        Raises:
            TimeoutError: if there is none in time.
            EOFError: if the other side is gone.
            ValueError: if what comes is no message.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self._buffer:
            self._buffer += self._read(deadline)
            if len(self._buffer) > _MOST:
                raise ValueError(f"expected messages of at most {_MOST} bytes")
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            message = json.loads(line)
        except RecursionError:
            raise ValueError("expected JSON that is not nested so deeply") from None
        if not isinstance(message, dict):
            raise ValueError(f"expected a JSON object, got {line[:80]!r}")
        return message

    def close(self) -> None:
        """Close this end; whoever waits at the other one sees the end."""
        self._socket.close()

    def _read(self, deadline: float | None) -> bytes:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise EOFError
        return data
