"""Two builds at once: the second waits, and a killed one is not waited for."""

import fcntl
import signal
import subprocess
import sys

from edulib.authoring.commands import main

ALONE = [sys.executable, "-m", "edulib.authoring", "alone"]


def start(lock, command: list[str]) -> subprocess.Popen:
    return subprocess.Popen([*ALONE, lock, *command], stderr=subprocess.PIPE, text=True)


def test_the_second_waits_until_the_first_has_ended(tmp_path):
    lock, made = tmp_path / "build" / ".lock", tmp_path / "made"
    lock.parent.mkdir()
    with open(lock, "a") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = start(lock, ["touch", str(made)])
        assert "waiting for another build" in second.stderr.readline()
        assert not made.exists()
    assert second.wait(60) == 0
    assert made.exists()


def test_a_killed_build_is_not_waited_for(tmp_path):
    lock = tmp_path / ".lock"
    with open(lock, "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = start(lock, ["true"])
        waiting.stderr.readline()
        waiting.send_signal(signal.SIGKILL)
        waiting.wait(60)
    assert main(["alone", str(lock), "true"]) == 0


def test_the_status_and_the_options_are_the_commands(tmp_path):
    lock = str(tmp_path / ".lock")
    assert main(["alone", lock, sys.executable, "-c", "raise SystemExit(7)"]) == 7
