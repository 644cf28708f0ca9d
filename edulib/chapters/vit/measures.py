"""What a small ViT has learned about places, measured while it is validated."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.chapters.vit.networks import GRID, PATCH_SIZE
from edulib.explanation import attention_distance, attention_maps
from edulib.training.batches import Batch
from edulib.training.metrics import Statistics
from edulib.training.objectives import Classification


def position_similarity(network: nn.Sequential) -> Tensor:
    """Return the cosines between the position embeddings of all patches, (N, N)."""
    positions = F.normalize(network[1].positions.positions[0, 1:].detach(), dim=1)
    return positions @ positions.T


def patch_distances(grid: int = GRID) -> tuple[Tensor, Tensor, Tensor]:
    """Return how far apart patches are, and whether in one row or one column."""
    places = torch.cartesian_prod(torch.arange(grid), torch.arange(grid)).float()
    row, column = (places[:, None, k] == places[:, k] for k in (0, 1))
    return torch.cdist(places, places), row, column


def position_structure(similarity: Tensor) -> dict[str, float]:
    """Return what is seen in the similarities of positions.

    Args:
        similarity: of all pairs of patches, (N, N).

    Returns:
        "nearness", minus the correlation of similarity and distance; "row" and
        "column", by how much pairs of one row (column) are more alike than pairs that
        share neither, at equal distance: 2 to 5 patches, each whole one alone.
    """
    distance, row, column = patch_distances()
    others = distance > 0
    both = torch.stack([similarity[others], distance[others]])
    excess: dict[str, list[Tensor]] = {"row": [], "column": []}
    for steps in range(2, 6):
        near = (distance - steps).abs() < 0.5
        rest = similarity[near & ~row & ~column].mean()
        for name, line in (("row", row), ("column", column)):
            excess[name].append(similarity[near & line].mean() - rest)
    return {
        "nearness": -torch.corrcoef(both)[0, 1].item(),
        **{name: torch.stack(values).mean().item() for name, values in excess.items()},
    }


def layer_distances(network: nn.Module, images: Tensor) -> list[float]:
    """Return the mean attention distance of each layer, in pixels."""
    return [
        PATCH_SIZE * attention_distance(found.weights, (GRID, GRID)).mean().item()
        for found in attention_maps(network, images)
    ]


@dataclass(frozen=True)
class Looks(Classification):
    """Classification; validation also measures positions and attention.

    Measures: ``loss``, ``error``; of validation also ``nearness``, ``row``, ``column``
    (see ``position_structure``) and ``distance1`` to ``distance4``, in pixels.
    """

    def validate(self, model: nn.Module, batch: Batch) -> Statistics:
        """Measure the network, its positions and where it looks."""
        seen = position_structure(position_similarity(model))
        for number, distance in enumerate(layer_distances(model, batch.inputs), 1):
            seen[f"distance{number}"] = distance
        count = len(batch.inputs)
        return {
            **super().validate(model, batch),
            **{name: value * count for name, value in seen.items()},
        }

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return the mean of each, and the error in place of the accuracy."""
        found = super().measures(totals)
        return {"error": 1 - found.pop("accuracy"), **found}
