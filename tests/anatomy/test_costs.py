"""What runs is counted as torch's own counter counts it, however it is called."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils import flop_counter
from torch.utils.flop_counter import FlopCounterMode

from edulib.anatomy.costs import MacCounter


class Conv(nn.Sequential):
    def __init__(self, transposed: bool):
        layer = nn.ConvTranspose2d if transposed else nn.Conv2d
        super().__init__(layer(4, 6, 3, stride=2, groups=2), nn.BatchNorm2d(6))


class Products(nn.Module):
    """Products of matrices, as torch offers them."""

    def forward(self, x: Tensor) -> Tensor:
        y = torch.einsum("bchw,bdhw->bcd", x, x) @ x.flatten(2).mean(-1, True)
        y = torch.baddbmm(y, x.flatten(2), x.flatten(2).mT.contiguous()[..., :1])
        return torch.addmm(y[0], x[0, :, 0], torch.ones(x.shape[-1], 1))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).mT
        y, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return F.scaled_dot_product_attention(y, y, y, is_causal=True)


NETS = {
    "convolution": Conv(False),
    "transposed convolution": Conv(True),
    "products": Products(),
    "attention": Attention(),
    "linear": nn.Sequential(nn.Conv2d(4, 2, 1), nn.Flatten(), nn.Linear(160, 3)),
}


def counted(net: nn.Module, mode: type) -> tuple[int, int]:
    x = torch.rand(2, 4, 8, 10)
    with mode(), MacCounter() as counter:
        net(x)
    with mode(), FlopCounterMode(display=False) as torchs:
        net(x)
    return 2 * counter.macs, torchs.get_total_flops()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_all_is_counted_that_torch_counts(net, mode):
    own, torchs = counted(net.eval(), mode)
    assert own == torchs > 0


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_tokens_of_several_lengths_are_counted(mode):
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    net = nn.TransformerEncoder(layer, 1).eval()
    x, padding = torch.rand(2, 5, 8), torch.arange(5) > torch.tensor([[4], [2]])
    with mode(), MacCounter() as counter:
        net(x, src_key_padding_mask=padding)
    with mode(), FlopCounterMode(display=False) as torchs:
        net(x, src_key_padding_mask=padding)
    assert 2 * counter.macs == torchs.get_total_flops()


def test_a_rule_that_is_registered_later_counts(monkeypatch):
    x, rules = torch.ones(3), dict(flop_counter.flop_registry)
    for known in (0, 5):
        with MacCounter() as counter:
            x.cumsum(0)
        assert counter.macs == known
        rules[torch.ops.aten.cumsum] = lambda *_, **__: 10
        monkeypatch.setattr(flop_counter, "flop_registry", rules)
