"""Processes of submissions: confined, limited, ended with all that they started."""

import os
import signal
import subprocess
import time

import pytest
from graded_class import NAME
from submissions import CHEATS, LAYER, write_layer

from edulib.grading import sandbox
from edulib.grading.execute import Limits, _Child
from edulib.grading.failures import GraderError
from edulib.grading.fork_server import ForkServer
from edulib.grading.integrity import IntegrityCheck


@pytest.fixture(scope="module")
def fork_server():
    """Started as in the background of a shell, where Ctrl-C is ignored."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        fork_server = ForkServer()
    finally:
        signal.signal(signal.SIGINT, handler)
    yield fork_server
    fork_server.close()


def run(fork_server, source, **limits):
    """Run a cell in a new process and return what it printed or raised."""
    child = _Child(fork_server, 1, Limits(10, 10, **limits))
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
needs_isolation = pytest.mark.skipif(
    NAMESPACES.returncode != 0, reason="this system gives users no namespaces"
)


@pytest.mark.parametrize("isolated", [False, pytest.param(True, marks=needs_isolation)])
def test_its_own_folder_is_its_home(fork_server, isolated):
    assert run(fork_server, HOME, isolated=isolated).split() == ["1", "True"]


def test_it_has_no_secrets_of_the_grader(fork_server, monkeypatch):
    printed = run(fork_server, "import os\nprint(sorted(os.environ))")
    assert "HOME" in printed
    assert "PYTEST_CURRENT_TEST" in os.environ
    assert "PYTEST_CURRENT_TEST" not in printed


@needs_isolation
def test_in_isolation_there_is_no_network_and_nobody_else(fork_server):
    source = "import os, socket\nprint(os.getpid(), socket.if_nameindex())"
    assert run(fork_server, source, isolated=True).startswith("1 [(1, 'lo')]")
    assert "unreachable" in run(fork_server, UDP, isolated=True)


def test_without_a_sandbox_it_reads_what_the_grader_reads(fork_server, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("42")
    source = f"print(open({str(secret)!r}).read())"
    assert "42" in run(fork_server, source, sandboxed=False)
    assert "Permission denied" in run(fork_server, source)


def test_it_sets_limits_of_its_own_only(fork_server):
    """With a limit of processor time it would have the kernel end the grader."""
    source = "import resource as r\nr.setrlimit(r.RLIMIT_CPU, (60, 60))\n"
    assert run(fork_server, source) == ""
    source += f"r.prlimit({os.getpid()}, r.RLIMIT_CORE)"
    assert "Operation not permitted" in run(fork_server, source)


def test_what_it_starts_ends_with_it(fork_server):
    daemon = int(run(fork_server, DAEMON))
    run(fork_server, "")
    with pytest.raises(ProcessLookupError):
        os.kill(daemon, 0)


def test_memory_is_limited(fork_server):
    assert "memory" in run(fork_server, "import torch\ntorch.zeros(2**34)").lower()


def test_files_are_limited(fork_server):
    source = "with open('large', 'wb') as file:\n    file.truncate(2**40)"
    assert "File too large" in run(fork_server, source)


def test_a_child_that_cannot_be_confined_is_no_fault_of_a_submission(fork_server):
    settings = {"scratch": "/nowhere", "sandboxed": True, "isolated": False, "seed": 1}
    with pytest.raises(GraderError, match="cannot be sandboxed: FileNotFoundError"):
        fork_server.start_child(settings)


def test_a_dead_fork_server_is_replaced(fork_server):
    fork_server._process.kill()
    fork_server._process.wait()
    assert run(fork_server, "print('alive')").split() == ["alive"]


def test_systems_without_a_sandbox_are_refused(graded, monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "landlock_version", lambda: 0)
    assert graded("grade", NAME) == 1
    assert "cannot sandbox submissions (Linux 5.13" in capsys.readouterr().err


def test_no_jobs_are_refused(small, capsys):
    assert small("grade", NAME, "--jobs", "0") == 1
    assert "expected at least 1 job, got 0" in capsys.readouterr().err


def test_integrity_names_what_changed(monkeypatch):
    import torch

    integrity = IntegrityCheck()
    assert integrity.changes() == []
    monkeypatch.setattr(torch.nn.ReLU, "forward", lambda self, x: x)
    assert integrity.changes() == ["torch.nn.modules.activation.ReLU.forward"]


def test_the_check_of_integrity_matters(monkeypatch):
    """A cheat that replaces a comparison would have its marks without the check."""
    import edulib.chapters.lenet.exercises as checks
    from edulib.grading.score import Question, score

    for name in ("expect_close", "expect_shape", "_pair"):
        monkeypatch.setattr(checks, name, getattr(checks, name))
    check, names = IntegrityCheck(), {"__name__": "answer"}
    exec(write_layer(total="x", after=CHEATS["replaces_comparison"]), names)
    question = Question(LAYER, f'check("{LAYER}", MySubsampling)', "")
    verdict = score(question, names, seed=1, seconds=5)
    assert verdict.result.score > 0
    assert check.changes()


def test_time_is_limited_for_each_cell(fork_server):
    child = _Child(fork_server, 1, Limits(cell=2, check=1))
    started = time.monotonic()
    try:
        outputs = child.run(0, "print('so far')\nwhile True: pass")
    finally:
        child.close()
    assert time.monotonic() - started < 60
    assert [output.get("ename") for output in outputs] == [None, "KeyboardInterrupt"]
