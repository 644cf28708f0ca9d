"""Two processes under torchrun train exactly as one does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from distributed_script import train
from training_tasks import TASKS

from edulib.training import batches, distributed

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
    two, other = (torch.load(tmp_path / f"two.{rank}") for rank in (0, 1))
    for name in TASKS:
        assert_equal(two[name], other[name], rtol=0)
        if name != "gan":  # whose latents each process draws for itself
            exact = name == "classification"  # in double precision
            assert_equal(two[name], one[name], rtol=1e-9 if exact else 1e-4)


def assert_equal(one: dict, other: dict, rtol: float) -> None:
    atol = rtol / 100
    torch.testing.assert_close(one["weights"], other["weights"], rtol=rtol, atol=atol)
    for split in ("train", "val"):
        for name, values in other["history"][split].items():
            found = one["history"][split][name]
            assert found == pytest.approx(values, rel=rtol, abs=atol), name


def test_alone_nothing_is_distributed(monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    with distributed.init_distributed("cpu") as device:
        assert device == torch.device("cpu")
        assert (distributed.rank(), distributed.world_size()) == (0, 1)
    count = torch.tensor(3.0)
    distributed.all_reduce_sum(count)
    assert count == 3
    assert distributed.all_gather_list([1, 2]) == [1, 2]
    assert distributed.mean_weight(count) == 1


@pytest.mark.parametrize(("length", "size", "processes"), [(9, 8, 8), (3, 2, 2)])
def test_no_process_is_left_without_an_example(monkeypatch, length, size, processes):
    monkeypatch.setattr(batches, "world_size", lambda: processes)
    seen = []
    for rank in range(processes):
        monkeypatch.setattr(batches, "rank", lambda rank=rank: rank)
        cut = batches.Batches((torch.arange(length),), size, torch.device("cpu"))
        seen += [batch.inputs for batch in cut.in_order()]
    assert min(map(len, seen)) >= 1
    assert torch.cat(seen).sort().values.tolist() == list(range(length))
