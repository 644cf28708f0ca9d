"""Grad-CAM: where in the image a class finds its support.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-Based
Localization", 2017, equations 1 and 2. https://arxiv.org/abs/1610.02391
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.explanation.layers import as_batch, check_unit, evaluation, find_layer


def grad_cam(model: nn.Module, image: Tensor, layer: str, target: int) -> Tensor:
    """Weigh a layer's maps by their mean gradient, add them up, rectify.

    Args:
        model: any classifier; left as it was.
        image: what the model takes.
        layer: dotted path of a layer that gives maps, often the last of these.
        target: number of the class, before softmax.

    Shape:
        - image: (B, C, H, W), or (C, H, W) for B = 1
        - Output: (B, 1, H, W), at least 0; resized from the layer's maps

    Raises:
        TypeError: if the image does not hold floating-point numbers.
        ValueError: if the layer or the class does not exist, or the layer gives
            no maps.

    Source: Selvaraju et al., 2017, equations 1 and 2.
        https://arxiv.org/abs/1610.02391
    """
    with torch.inference_mode(False), torch.enable_grad():
        images = as_batch(image).detach().clone().requires_grad_()
        maps, logits = _maps_and_logits(model, images, layer)
        check_unit(target, logits.shape[1], "the output")
        (gradients,) = torch.autograd.grad(logits[:, target].sum(), maps)
    weights = gradients.mean((2, 3), keepdim=True)  # (B, units, 1, 1), equation 1
    heat = (weights * maps.detach()).sum(1, keepdim=True).relu()  # equation 2
    return F.interpolate(heat, images.shape[2:], mode="bilinear", align_corners=False)


def _maps_and_logits(
    model: nn.Module, images: Tensor, layer: str
) -> tuple[Tensor, Tensor]:
    kept: list[Tensor] = []

    def keep(module: nn.Module, args: tuple, output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()

    handle = find_layer(model, layer).register_forward_hook(keep)
    try:
        with evaluation(model):
            logits = model(images)
    finally:
        handle.remove()
    if not kept or kept[-1].ndim != 4:
        got = tuple(kept[-1].shape) if kept else "nothing"
        raise ValueError(
            f"expected layer {layer!r} to give maps (B, units, rows, columns), "
            f"got {got}"
        )
    return kept[-1], logits
