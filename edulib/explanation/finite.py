"""Numbers that are there, or one error that says what of the model is none."""

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy


def check_weights(model: nn.Module) -> None:
    """Refuse a model of whose parameters one is NaN or infinite.

    It is asked before each run, and costs little beside one.

    Raises:
        ValueError: if one is; names it.
    """
    for name, parameter in model.named_parameters():
        if not is_lazy(parameter) and not _are_finite(parameter.detach()):
            raise ValueError(
                f"parameter {name!r} of {type(model).__name__} holds "
                f"{_odd(parameter)}: explanations need finite weights"
            )


def check_numbers(model: nn.Module, found: Tensor, what: str) -> None:
    """Refuse what a model gave if it is no finite number.

    Args:
        model: the model, whose buffers are looked at then.
        found: what it gave, or a gradient of it.
        what: what that is, for the message.

    Raises:
        ValueError: if a number is NaN or infinite; names the buffer that is, if one is.
    """
    if found.isfinite().all():
        return
    reason = (
        "all weights of the model are finite, so that a layer overflows (in half "
        "precision, say) or divides by 0"
    )
    for name, buffer in model.named_buffers():
        numbers = buffer[~buffer.isneginf()]  # of a mask, as that of attention
        if not _are_finite(numbers):
            reason = f"buffer {name!r} of the model holds {_odd(numbers)}"
    raise ValueError(f"{what} is {_odd(found)}: {reason}")


def _are_finite(numbers: Tensor) -> bool:
    if not numbers.is_floating_point() or numbers.layout is not torch.strided:
        return True
    if numbers.element_size() > 1 and numbers.sum().isfinite():  # 20 times as fast
        return True
    return bool(numbers.isfinite().all())


def _odd(numbers: Tensor) -> float:
    return numbers[~numbers.isfinite()][0].item()
