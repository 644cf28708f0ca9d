"""Shapes are those of one image, wherever the batch is."""

import pytest
import torch
from torch import Tensor, nn

from edulib.anatomy import trace_graph
from edulib.drawing import diagram


class Pairs(nn.Module):
    """Compares each image with each text, and gives the table in both directions."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.words = nn.Conv2d(3, 8, 4, 4), nn.Embedding(50, 8)

    def forward(self, x: Tensor, t: Tensor) -> dict[str, Tensor]:
        table = self.patches(x).mean((2, 3)) @ self.words(t).mean(1).t()
        return {"image": table, "text": table.t()}


@pytest.mark.parametrize(("images", "texts"), [(1, 4), (2, 4), (3, 5)])
def test_a_table_of_pairs_is_transposed_with_its_batch(images, texts):
    given = torch.zeros(images, 3, 8, 8), torch.zeros(texts, 7, dtype=torch.long)
    alt = diagram(Pairs(), *given).alt
    assert f"image (output: x × t) gives 1×{texts}" in alt
    assert f"text (output: t × x) gives {texts}×1" in alt


class Rows(nn.Module):
    """Lets the batch be the second dimension, as torch's layers do by default."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8)
        self.block = nn.TransformerEncoderLayer(8, 2, 16)
        self.scan, self.head = nn.LSTM(8, 6), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.patches(x).flatten(2).permute(2, 0, 1))
        x = self.head(self.scan(self.block(x))[0])
        return x[0], x.view(2, 2, -1, 5), x.transpose(0, 1)


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_shapes_are_of_one_image_wherever_its_batch_is(batch):
    graph = trace_graph(Rows(), torch.zeros(batch, 3, 8, 8))
    shapes = {row.path: row.shape for row in graph.nodes()}
    expected = {"norm": 8, "block": 8, "scan": 6, "head": 5}
    assert {name: shapes[name] for name in expected} == {
        name: (4, 1, width) for name, width in expected.items()
    }
    ends = [graph.ops[output.op].shape for output in graph.outputs]
    assert ends == [(5,), (2, 2, 1, 5), (4, 5)]
