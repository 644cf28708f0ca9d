"""Processes of submissions: shut in, limited, ended with all that they started."""

import os
import subprocess
import time

import pytest
from graded_class import NAME
from submissions import CHEATS, LAYER, write_layer

from edulib.grading import fence
from edulib.grading.execute import Limits, _Child
from edulib.grading.failures import GraderError
from edulib.grading.nursery import Nursery
from edulib.grading.watch import Watch


@pytest.fixture(scope="module")
def nursery():
    nursery = Nursery()
    yield nursery
    nursery.close()


def run(nursery, source, **limits):
    """Run a cell in a new process and return what it printed or raised."""
    child = _Child(nursery, 1, Limits(10, 10, **limits))
    try:
        outputs = child.run(0, source)
    finally:
        child.close()
    return "".join(o.get("text", "") + o.get("evalue", "") for o in outputs)


HOME = """
from pathlib import Path
print(Path("note").write_text("x"), Path.home().exists())
"""
DAEMON = """
import subprocess
print(subprocess.Popen(["sleep", "1000"], start_new_session=True).pid)
"""
UDP = """
import socket
socket.socket(type=socket.SOCK_DGRAM).connect(("10.0.0.1", 9))
"""
NAMESPACES = subprocess.run(
    ["unshare", "--user", "--net", "--pid", "true"], check=False
)
needs_jail = pytest.mark.skipif(
    NAMESPACES.returncode != 0, reason="this system gives users no namespaces"
)


@pytest.mark.parametrize("jailed", [False, pytest.param(True, marks=needs_jail)])
def test_its_own_folder_is_its_home(nursery, jailed):
    assert run(nursery, HOME, jailed=jailed).split() == ["1", "True"]


def test_it_has_no_secrets_of_the_grader(nursery, monkeypatch):
    printed = run(nursery, "import os\nprint(sorted(os.environ))")
    assert "HOME" in printed
    assert "PYTEST_CURRENT_TEST" in os.environ
    assert "PYTEST_CURRENT_TEST" not in printed


@needs_jail
def test_in_the_jail_there_is_no_network_and_nobody_else(nursery):
    source = "import os, socket\nprint(os.getpid(), socket.if_nameindex())"
    assert run(nursery, source, jailed=True).startswith("1 [(1, 'lo')]")
    assert "unreachable" in run(nursery, UDP, jailed=True)


def test_without_a_fence_it_reads_what_the_grader_reads(nursery, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("42")
    source = f"print(open({str(secret)!r}).read())"
    assert "42" in run(nursery, source, fenced=False)
    assert "Permission denied" in run(nursery, source)


def test_what_it_starts_ends_with_it(nursery):
    daemon = int(run(nursery, DAEMON))
    run(nursery, "")
    with pytest.raises(ProcessLookupError):
        os.kill(daemon, 0)


def test_memory_is_limited(nursery):
    assert "memory" in run(nursery, "import torch\ntorch.zeros(2**34)").lower()


def test_files_are_limited(nursery):
    source = "with open('large', 'wb') as file:\n    file.truncate(2**40)"
    assert "File too large" in run(nursery, source)


def test_what_no_submission_does_ends_the_batch(nursery):
    settings = {"scratch": "/nowhere", "fenced": True, "jailed": False, "seed": 1}
    with pytest.raises(GraderError, match="cannot be shut in: FileNotFoundError"):
        nursery.start_child(settings)


def test_a_dead_nursery_is_replaced(nursery):
    nursery._process.kill()
    nursery._process.wait()
    assert run(nursery, "print('alive')").split() == ["alive"]


def test_systems_without_a_fence_are_refused(graded, monkeypatch, capsys):
    monkeypatch.setattr(fence, "landlock_version", lambda: 0)
    assert graded("grade", NAME) == 1
    assert "cannot fence submissions in (Linux 5.13" in capsys.readouterr().err


def test_no_jobs_are_refused(small, capsys):
    assert small("grade", NAME, "--jobs", "0") == 1
    assert "expected at least 1 job, got 0" in capsys.readouterr().err


def test_watch_names_what_changed(monkeypatch):
    import torch

    watch = Watch()
    assert watch.changes() == []
    monkeypatch.setattr(torch.nn.ReLU, "forward", lambda self, x: x)
    assert watch.changes() == ["torch.nn.modules.activation.ReLU.forward"]


def test_the_watch_matters(monkeypatch):
    """A cheat that replaces a comparison would have its marks without the watch."""
    import edulib.chapters.lenet.exercises as checks
    from edulib.grading.judge import Question, judge

    for name in ("expect_close", "expect_shape", "_pair"):
        monkeypatch.setattr(checks, name, getattr(checks, name))
    watch, names = Watch(), {"__name__": "answer"}
    exec(write_layer(total="x", after=CHEATS["replaces_comparison"]), names)
    question = Question(LAYER, f'check("{LAYER}", MySubsampling)', "")
    verdict = judge(question, names, seed=1, seconds=5)
    assert verdict.result.score > 0
    assert watch.changes()


def test_time_is_limited_for_each_cell(nursery):
    child = _Child(nursery, 1, Limits(cell=0.5, check=1))
    started = time.monotonic()
    try:
        outputs = child.run(0, "print('so far')\nwhile True: pass")
    finally:
        child.close()
    assert time.monotonic() - started < 60
    assert [output.get("ename") for output in outputs] == [None, "KeyboardInterrupt"]
