"""Grad-CAM: where in the image a class finds its support.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-Based
Localization", 2017, equations 1 and 2. https://arxiv.org/abs/1610.02391
"""

import torch
from torch import Tensor, nn

from edulib.explanation.finite import check_numbers
from edulib.explanation.gradients import check_alive, gradient_of
from edulib.explanation.layer import Layer
from edulib.explanation.layers import Reading, as_batch, read_layer
from edulib.explanation.layouts import as_maps
from edulib.explanation.targets import Target, target_scores
from edulib.explanation.upright import frame_of, stretched, upright


def grad_cam(
    model: nn.Module, image: Tensor, layer: str | Layer, target: Target
) -> Tensor:
    """Weigh a layer's maps by their mean gradient, add them up, rectify.

    Tokens count as maps, laid on the grid of the image; class tokens and registers are
    left out. In a transformer whose class token alone is classified, take a layer
    before an attention, such as the norm that its last block begins with: behind the
    last attention the other tokens play no part. A model that resizes and pads its
    images itself, as torchvision's detectors do, has maps of the padded image, which
    is told from the image by up to 31 of its pixels.

    The map is stretched over the whole image, or over the part of it that a trace shows
    the model to crop; where the model pads, what lies outside is left out. Where the
    model exchanges height and width before the layer, or mirrors the image, the map is
    turned back. What a model rolls, or crops and pads behind a change of size, is not
    put back, so that the heat lies beside what it tells of.

    Args:
        model: any model; left as it was.
        image: what the model takes.
        layer: dotted path of a layer that gives maps or tokens, often the last of
            these; or a :class:`Layer`.
        target: number of the class, before softmax (in a dense output summed over its
            positions); or a function of what the model gives to one number an image,
            such as :func:`class_score`, :func:`region_score` or :func:`box_score`.

    Shape:
        - image: (B, C, H, W), or (C, H, W) for B = 1
        - Output: (B, 1, H, W), at least 0; resized from the layer's maps

    Raises:
        TypeError: if the image does not hold floating-point numbers.
        ValueError: if the layer or the class does not exist, the layer gives no maps,
            the model gives several outputs and the target does not say which, no
            gradient leads from the target to the layer, or only through its class
            tokens, it or the layer is 0 everywhere in an image, as before a head of
            zeros, or numbers of the model are not finite.

    Source: Selvaraju et al., 2017, equations 1 and 2.
        https://arxiv.org/abs/1610.02391
    """
    with torch.inference_mode(False), torch.enable_grad():
        images = as_batch(image).detach().clone().requires_grad_()
        reading = read_layer(model, images, layer)
        if reading.features.ndim != 4:
            raise ValueError(
                f"expected {reading.layer.text} to give maps (B, units, rows, "
                f"columns) or tokens (B, N, units), got {tuple(reading.value.shape)}"
            )
        scores = target_scores(target, reading.answer, model, images)
        names = "the target", reading.layer.text
        check_numbers(model, scores, names[0])
        raw = gradient_of(scores, reading.value, names)
    maps, gradients = reading.features.detach(), _on_the_grid(raw, reading)
    check_numbers(model, maps, reading.layer.text)
    check_numbers(model, gradients, "the gradient of the target")
    check_alive(gradients, names, maps)
    weights = gradients.mean((2, 3), keepdim=True)  # (B, units, 1, 1), equation 1
    heat = (weights * maps).sum(1, keepdim=True).relu()  # equation 2
    heat = upright(model, images, reading, heat)
    return stretched(heat, images.shape[2:], frame_of(model, images, reading))


def _on_the_grid(raw: Tensor, reading: Reading) -> Tensor:
    gradients, prefix = as_maps(raw, reading.layer)
    if prefix is not None and not gradients.any() and prefix.any():
        raise ValueError(
            f"the target reads nothing but the class token of {reading.layer.text}: "
            "take a layer before an attention, such as the norm that the last block "
            "begins with"
        )
    return gradients
