"""The same loop on several processes: what changes under ``torchrun``.

    torchrun --nproc-per-node=2 -m edulib.training resnet18 --data scenes

Data parallelism: every process holds the whole network and takes its share of each
batch; the gradients are averaged over the processes, so that all take the same step.
Alone, every function here does nothing.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn


def world_size() -> int:
    """Return the number of processes that train together; 1 when alone."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process, from 0; process 0 prints and saves."""
    return dist.get_rank() if dist.is_initialized() else 0


def resolve_device(device: str | torch.device) -> torch.device:
    """Return a device on which this machine can train.

    Raises:
        ValueError: if it is neither the CPU nor a CUDA GPU that is here.
    """
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        found = None
    if found is None or found.type not in ("cpu", "cuda"):
        raise ValueError(f"expected device 'cpu' or 'cuda', got {str(device)!r}")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found.type == "cuda" and (found.index or 0) >= count:
        raise ValueError(
            f"expected one of the {count} CUDA GPU(s) that PyTorch finds here, or "
            f"'cpu', got {str(device)!r}"
        )
    return found


@contextmanager
def init_distributed(device: str = "cpu") -> Iterator[torch.device]:
    """Join the processes that ``torchrun`` started; alone, only name the device.

    Args:
        device: "cpu" (the processes talk by gloo) or "cuda" (by nccl, and each
            process takes the GPU of its own number).

    Raises:
        ValueError: if there is no such device.
    """
    if "LOCAL_RANK" not in os.environ:
        yield resolve_device(device)
        return
    on_gpu = device.startswith("cuda")
    own = resolve_device(f"cuda:{os.environ['LOCAL_RANK']}" if on_gpu else device)
    if on_gpu:
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield own
    finally:
        dist.destroy_process_group()


def all_reduce_sum(values: Tensor) -> None:
    """Replace values by their sum over all processes, in place."""
    if world_size() > 1:
        dist.all_reduce(values)


def all_gather_list(values: list) -> list:
    """Return the lists of all processes, one after the other."""
    if world_size() == 1:
        return values
    gathered: list[list] = [[] for _ in range(world_size())]
    dist.all_gather_object(gathered, values)
    return [value for part in gathered for value in part]


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes.

    A parameter that a process did not use counts there as a gradient of zero; one that
    none of them used is left without a gradient, as it is when training alone.
    """
    if world_size() == 1:
        return
    used = torch.tensor(
        [float(p.grad is not None) for p in parameters], device=parameters[0].device
    )
    all_reduce_sum(used)
    for parameter, users in zip(parameters, used.tolist(), strict=True):
        if users:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            all_reduce_sum(parameter.grad)
            parameter.grad /= world_size()


def mean_weight(count: Tensor) -> Tensor | float:
    """Return what the mean over this process's ``count`` items counts for.

    With it, the average over the processes is the mean over the items of all.
    """
    if world_size() == 1:
        return 1.0
    total = count.clone()
    all_reduce_sum(total)
    return count * world_size() / total.clamp(min=1)


def broadcast_state(model: nn.Module) -> None:
    """Give all processes the parameters and buffers of process 0."""
    if world_size() > 1:
        for value in (*model.parameters(), *model.buffers()):
            dist.broadcast(value.detach(), 0)


def broadcast_buffers(model: nn.Module) -> None:
    """Give all processes the buffers (running means and variances) of process 0."""
    if world_size() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)


@contextmanager
def rank_zero_first() -> Iterator[None]:
    """Let process 0 go first, so that only one fetches what the others then find."""
    if rank() > 0:
        barrier()
    yield
    if rank() == 0:
        barrier()


def barrier() -> None:
    """Wait until every process has come this far."""
    if world_size() > 1:
        dist.barrier()
