"""Positions that are lost for a while: in a vector, beside a class token."""

from collections.abc import Callable

import pytest
import torch
from steps import IMAGE, Steps
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import receptive_field, receptive_window, stage_table


def flat(work: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda x: work(x.flatten(1)).view(x.shape)


@pytest.mark.parametrize(
    "step",
    [
        flat(lambda v: v),
        flat(lambda v: F.dropout(2 * v, training=False).relu() + v),
        lambda x: x.flatten(1).view(len(x), 4, 64).view(x.shape),
        lambda x: x.mT.flatten(1).view(x.shape).mT,
        lambda x: (x.flatten(1) + x.reshape(1, -1)).view(x.shape),
    ],
)
def test_a_vector_that_is_a_map_again_sees_what_the_map_saw(step):
    model = Steps(step)
    assert [str(row.field) for row in stage_table(model, IMAGE).rows][-1] == "5"
    assert receptive_window(model, IMAGE, "b", (0, 0)) == (0, 0, 3, 3)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (flat(lambda v: v.softmax(-1)), "whole image"),
        (flat(lambda v: v - v.mean(-1, keepdim=True)), "whole image"),
        (flat(lambda v: v @ torch.ones(256, 256, device=v.device)), "whole image"),
        (lambda x: x.flatten(1).view(-1, 8, 8, 4).permute(0, 3, 1, 2), "–"),
    ],
)
def test_a_vector_that_is_mixed_or_cut_otherwise_is_not_the_map(step, told):
    assert str(receptive_field(Steps(step), IMAGE)) == told


def test_a_vector_with_sides_of_one_sees_all():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 1),
        nn.Flatten(),
        nn.Unflatten(1, (256, 1, 1)),
        nn.Conv2d(256, 2, 1),
    )
    assert str(receptive_field(model, IMAGE)) == "whole image"


class Begins(nn.Module):
    """Puts the mean of all tokens before them, works on them, and cuts it off again."""

    def __init__(self, work: Callable[..., Tensor], cut: Callable[..., Tensor]) -> None:
        super().__init__()
        self.work, self.cut = work, cut
        self.a, self.norm, self.layer = (
            nn.Conv2d(3, 6, 2, 2),
            nn.LayerNorm(6),
            nn.Linear(6, 6),
        )

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.a(x).flatten(2).mT
        tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], 1)
        return self.cut(self.work(self, tokens)).mT.reshape(-1, 6, 4, 4)


def by_itself(net: Begins, tokens: Tensor) -> Tensor:
    return tokens + net.layer(net.norm(tokens)).relu()


def attends(net: Begins, tokens: Tensor) -> Tensor:
    return tokens + F.scaled_dot_product_attention(tokens, tokens, net.layer(tokens))


def mixes(net: Begins, tokens: Tensor) -> Tensor:
    return tokens + tokens.softmax(1)


@pytest.mark.parametrize(
    ("work", "cut", "told"),
    [
        (lambda net, tokens: tokens, lambda t: t[:, 1:], "2"),
        (by_itself, lambda t: t[:, 1:], "2"),
        (by_itself, lambda t: t.narrow(1, 1, 16), "2"),
        (by_itself, lambda t: t[:, :-1], "whole image"),  # the first of them
        (attends, lambda t: t[:, 1:], "whole image"),
        (mixes, lambda t: t[:, 1:], "whole image"),
    ],
)
def test_tokens_see_what_they_saw_once_a_mean_of_them_is_cut_off(work, cut, told):
    assert str(receptive_field(Begins(work, cut), IMAGE)) == told
