"""Two processes under torchrun train exactly as one does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from distributed_script import train

from edulib.training import distributed

SCRIPT = Path(__file__).with_name("distributed_script.py")


def test_two_processes_equal_one(tmp_path):
    train(str(tmp_path / "one"))
    run = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run"),
            *("--standalone", "--nproc-per-node=2"),
            *(SCRIPT, tmp_path / "two"),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr

    one = torch.load(tmp_path / "one.0")
    for process in ("two.0", "two.1"):
        two = torch.load(tmp_path / process)
        torch.testing.assert_close(
            two["weights"], one["weights"], rtol=1e-10, atol=1e-12
        )
        for name, values in one["history"].items():
            assert two["history"][name] == pytest.approx(values, rel=1e-9), name


def test_alone_nothing_is_distributed(monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    with distributed.init_distributed("cpu") as device:
        assert device == torch.device("cpu")
        assert (distributed.rank(), distributed.world_size()) == (0, 1)
    model = torch.nn.Linear(2, 2)
    assert distributed.parallel(model, device) is model
