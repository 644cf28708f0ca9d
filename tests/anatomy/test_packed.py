"""Quantised layers, whose weights are packed: counted as others, or said not to be."""

import copy

import pytest
import torch
from torch import nn

from edulib.anatomy import not_known, stage_table, trace_graph

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def quantised(monkeypatch):
    """Make a network, and the same with packed weights."""
    chosen = torch.backends.quantized.engine
    quantization = torch.ao.quantization
    model = nn.Sequential(
        quantization.QuantStub(),
        nn.Conv2d(3, 4, 3, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(36, 5),
        quantization.DeQuantStub(),
    ).eval()
    engine = next(
        e
        for e in ("fbgemm", "qnnpack")
        if e in torch.backends.quantized.supported_engines
    )
    torch.backends.quantized.engine = engine
    packed = copy.deepcopy(model)
    packed.qconfig = quantization.get_default_qconfig(engine)
    quantization.fuse_modules(packed, [["1", "2"]], inplace=True)
    quantization.prepare(packed, inplace=True)
    packed(torch.rand(1, 3, 8, 8))
    quantization.convert(packed, inplace=True)
    yield model, packed
    torch.backends.quantized.engine = chosen


def test_packed_weights_are_counted_as_others(quantised):
    packed = quantised[1]
    tables = [stage_table(net, (3, 8, 8)) for net in quantised]
    assert tables[0].params == tables[1].params == 112 + 185
    assert tables[0].macs == tables[1].macs == 36 * 27 + 36 * 5
    row = next(row for row in tables[1].rows if row.path == "1")
    assert (row.layer, row.params) == ("3×3 convolution, stride 2", 112)
    assert row.bytes == 36  # one byte a number
    assert len(not_known(trace_graph(packed, (3, 8, 8)))) == 1  # run on zeros


def test_shared_packed_weights_are_counted_once_and_their_work_twice():
    linear = nn.Linear(6, 6)
    dynamic = torch.ao.quantization.quantize_dynamic
    packed = dynamic(nn.Sequential(linear), {nn.Linear})[0]
    graph = trace_graph(nn.Sequential(packed, packed), (6,))
    assert (graph.params, sum(op.params for op in graph.ops)) == (42, 42)
    assert graph.macs == 72


def test_packed_weights_that_cannot_be_read_are_said_not_to_be_counted():
    dynamic = torch.ao.quantization.quantize_dynamic
    packed = dynamic(nn.Sequential(nn.LSTM(4, 5)), {nn.LSTM})
    said = not_known(trace_graph(packed, (7, 4)))
    assert said[-1].endswith("their multiply-adds, are not counted in 0.")
    assert stage_table(packed, (7, 4)).rows[0].layer == "quantized lstm, not counted"
