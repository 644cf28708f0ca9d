"""A classifier as the backbone of another network: the maps of its stages."""

from collections.abc import Sequence

from torch import Tensor, nn


class Stages(nn.Module):
    """Run the parts of a network in their order and keep the maps of some of them.

    The parts are shared with the network, not copied; those behind the last map that
    is asked for, such as the head of a classifier, are left out.

    Args:
        network: whose children run one after the other, as ``stem``, ``stage1``,
            ``stage2``, ... of the classifiers do.
        names: of the children whose maps are kept, in order.

    Shape:
        - Input: (B, C, H, W)
        - Output: one (B, C', H', W') for each name

    Raises:
        ValueError: if the network has no child of such a name.
    """

    def __init__(self, network: nn.Module, names: Sequence[str]) -> None:
        super().__init__()
        parts = dict(network.named_children())
        order = [name for name in parts if name in names]
        if not names or order != list(names):
            raise ValueError(
                f"expected names of children in their order, of {', '.join(parts)}; "
                f"got {names!r}"
            )
        self.names = order
        for name in list(parts)[: list(parts).index(order[-1]) + 1]:
            self.add_module(name, parts[name])

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the maps, the finest first."""
        maps = []
        for name, part in self.named_children():
            x = part(x)
            if name in self.names:
                maps.append(x)
        return maps
