"""The check of every loss: prediction and target have one shape, none broadcasts."""

from torch import Tensor


def check_pair(prediction: Tensor, target: Tensor) -> None:
    """Raise unless both are floating point and of one shape.

    Args:
        prediction: what a network says.
        target: what it should say.

    Raises:
        ValueError: if they are not; the message quotes types and shapes.
    """
    if prediction.shape == target.shape and target.is_floating_point():
        return
    kinds = [f"{str(x.dtype)[6:]} {tuple(x.shape)}" for x in (prediction, target)]
    raise ValueError(
        f"expected a floating-point target of the prediction's shape, got a target "
        f"{kinds[1]} for {kinds[0]}"
    )
