import json
import socket

import pytest

from edulib.grading import channel as module
from edulib.grading.channel import Channel


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    yield Channel(ours), theirs
    ours.close()
    theirs.close()


def test_messages_arrive_one_by_one(ends):
    channel, other = ends
    other.sendall(b'{"a": 1}\n{"b"')
    assert channel.receive(1) == {"a": 1}
    other.sendall(b": 2}\n")
    assert channel.receive(1) == {"b": 2}
    channel.send({"c": "é"})
    assert json.loads(other.recv(100)) == {"c": "é"}


def test_silence_and_stalling_are_a_timeout(ends):
    channel, other = ends
    with pytest.raises(TimeoutError):
        channel.receive(0.01)
    other.sendall(b'{"half')
    with pytest.raises(TimeoutError):
        channel.receive(0.01)


def test_the_end_is_an_end(ends):
    channel, other = ends
    other.close()
    with pytest.raises(EOFError):
        channel.receive(1)


@pytest.mark.parametrize(
    "babble", [b"no json\n", b"[1]\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"]
)
def test_babble_is_refused(ends, babble):
    channel, other = ends
    other.sendall(babble)
    with pytest.raises(ValueError, match=r"expect|Expect|decode"):
        channel.receive(1)


def test_floods_are_refused(ends, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 1000)
    channel, other = ends
    other.sendall(b"x" * 5000)
    with pytest.raises(ValueError, match="at most 1000 bytes"):
        channel.receive(1)
