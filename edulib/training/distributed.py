"""The same loop on several processes: what changes under ``torchrun``.

    torchrun --nproc-per-node=2 -m edulib.training resnet18 --data scenes

Every process holds the whole network and takes its share of each batch;
DistributedDataParallel averages the gradients, so that all take the same step. Alone,
every function here does nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


def world_size() -> int:
    """Processes that train together; 1 when alone."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Number of this process, from 0; process 0 prints and saves."""
    return dist.get_rank() if dist.is_initialized() else 0


@contextmanager
def processes(device: str = "cpu") -> Iterator[torch.device]:
    """Join the processes that ``torchrun`` started; alone, only name the device.

    Args:
        device: "cpu" (the processes talk by gloo) or "cuda" (by nccl, and each
            process takes the GPU of its own number).
    """
    if "LOCAL_RANK" not in os.environ:
        yield torch.device(device)
        return
    on_gpu = device.startswith("cuda")
    own = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else device
    if on_gpu:
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield torch.device(own)
    finally:
        dist.destroy_process_group()


def parallel(model: nn.Module, device: torch.device) -> nn.Module:
    """The model as all processes train it: its gradients averaged over them."""
    if world_size() == 1:
        return model
    ids = [device.index] if device.type == "cuda" else None
    return DistributedDataParallel(model, device_ids=ids)


def add_up(values: Tensor) -> None:
    """Replace values by their sum over all processes, in place."""
    if world_size() > 1:
        dist.all_reduce(values)


def share_buffers(model: nn.Module) -> None:
    """Give all processes the buffers (running means and variances) of process 0."""
    if world_size() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)


@contextmanager
def one_after_another() -> Iterator[None]:
    """Let process 0 go first, so that only one fetches what the others then find."""
    if rank() > 0:
        wait_for_all()
    yield
    if rank() == 0:
        wait_for_all()


def wait_for_all() -> None:
    """Wait until every process has come this far."""
    if world_size() > 1:
        dist.barrier()
