"""Our networks against those of other libraries: a forward pass, a step of training."""

from collections.abc import Callable, Collection
from importlib import import_module
from importlib.util import find_spec

import torch
from torch import nn
from torch.nn import functional as F

from edulib.benchmarks.clock import in_turns
from edulib.benchmarks.detectors import FROZEN, build_frozen, detection_runner
from edulib.benchmarks.their_detr import TheirDETR, our_names
from edulib.registry import (
    get_builder,
    get_model_info,
    get_reference,
    list_models,
)
from edulib.weights.published import in_our_order

CPU_BATCH, CPU_SIZE = 2, 112  # images and pixels: every network in a few minutes
GPU_BATCH, GPU_SIZE = 64, 224
LARGEST = 200_000_000  # parameters, on a CPU: a step of two such networks fills 10 GB


def build_twin(name: str) -> nn.Module | None:
    """Return the network of another library that equals ours; None without one."""
    model = get_model_info(name)
    if name in FROZEN:
        return build_frozen(name)
    if model.reference and model.reference.startswith("torchvision."):
        return get_reference(name)()
    if "timm" in model.published and find_spec("timm"):
        return import_module("timm").create_model(model.published["timm"])
    if name == "detr_resnet50" and find_spec("transformers"):
        return TheirDETR()
    return None


def bench_models(
    kind: str, device: torch.device, only: Collection[str] = ()
) -> list[dict]:
    """Measure every model that torchvision, timm or transformers has too.

    Args:
        kind: "forward" (evaluation mode, no gradient; of a detector the detections)
            or "step" (forward, backward, step of SGD with momentum).
        device: where; a GPU is measured in bfloat16 and channels-last too.
        only: names of models; none for all.

    Returns:
        For each model, its name and what ``in_turns`` gives.
    """
    formats = ["float32"]
    if device.type == "cuda":
        formats += ["bfloat16", "bfloat16 channels-last"]
    rows = []
    for name in list_models():
        if only and name not in only:
            continue
        if device.type == "cpu" and get_model_info(name).params > LARGEST:
            continue
        models = pair(name)  # once: two VGG take longer to build than to measure
        if models is None:
            continue
        for numbers in formats:
            run = RUNNERS[get_model_info(name).task]
            ours, theirs = (run(one, kind, numbers, device) for one in models)
            times = in_turns(ours, theirs)
            rows.append({"model": name, "numbers": numbers, **times})
            print(f"{kind} {name} {numbers}: {times['ratio']:.3f}", flush=True)
    return rows


def pair(name: str) -> tuple[nn.Module, nn.Module] | None:
    """Return our model and its twin with the same weights; None without a twin."""
    theirs = build_twin(name)
    if theirs is None:
        return None
    ours = get_builder(name)()
    if isinstance(theirs, TheirDETR):
        ours.load_state_dict(our_names(theirs.network.state_dict()))
        return ours, theirs
    stored = in_our_order(theirs.state_dict())
    weights = zip(ours.state_dict(), stored.values(), strict=True)
    ours.load_state_dict(dict(weights))
    return ours, theirs


def runner(
    model: nn.Module, kind: str, numbers: str, device: torch.device
) -> Callable[[], object]:
    """The function to be timed, of a classifier or a segmenter."""
    layout = torch.channels_last if "last" in numbers else torch.contiguous_format
    on_gpu = device.type == "cuda"
    batch, size = (GPU_BATCH, GPU_SIZE) if on_gpu else (CPU_BATCH, CPU_SIZE)
    if any("pos" in name for name, _ in model.named_parameters()):
        size = GPU_SIZE  # a table of positions is for images of one size
    model.to(device, memory_format=layout)
    images = torch.rand(batch, 3, size, size).to(device, memory_format=layout)
    half = torch.autocast(device.type, torch.bfloat16, enabled="bfloat16" in numbers)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

    @torch.no_grad()
    def forward() -> None:
        with half:
            model(images)

    def step() -> None:
        with half:
            scores = model(images)
            scores = scores["out"] if isinstance(scores, dict) else scores
            labels = torch.zeros_like(scores[:, 0], dtype=torch.int64)
            loss = F.cross_entropy(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    model.train(kind == "step")
    return step if kind == "step" else forward


RUNNERS = {
    "classification": runner,
    "segmentation": runner,
    "detection": detection_runner,
}
"""For each task what makes the function to be timed."""
