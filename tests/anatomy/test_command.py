"""The command line: a table, a diagram, and what is not known."""

import sys
import xml.etree.ElementTree as ET

import pytest
import torch
from torch import Tensor, nn

from edulib.anatomy import not_known, receptive_field, trace_graph
from edulib.anatomy.__main__ import main, read_input

MODULE = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.head = nn.Embedding(9, 4), nn.Linear(4, 2)
    def forward(self, tokens):
        return self.head(self.token(tokens))
net, nothing, broken = Net(), (lambda: 3), (lambda: 1 / 0)
def image(): return nn.Conv2d(3, 4, 1)
number = 3
def two(): return nn.Bilinear(4, 4, 1)
def vector(): return nn.Linear(4, 1)
def sized():
    model = nn.Conv2d(1, 4, 1)
    model.default_cfg = {"input_size": (1, 6, 8)}
    return model
def fetching(*, weights_backbone="default", classes=4):
    if weights_backbone is not None:
        raise ConnectionError("no network")
    return nn.Conv2d(3, classes, 1)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_networks.py").write_text(MODULE)
    yield tmp_path
    sys.modules.pop("own_networks", None)


def test_a_builder_of_the_book(folder, capsys):
    assert main(["lenet5"]) == 0
    printed = capsys.readouterr().out
    assert "lenet5 on one image of 1×32×32: 60,000 parameters" in printed
    assert "assumed" not in printed
    assert ET.parse(folder / "lenet5.svg").getroot().tag.endswith("svg")


def test_a_model_of_ones_own(folder, capsys):
    call = ["own_networks:Net", "--input", "7:long", "--svg", "net.svg"]
    assert main(call) == 0
    assert main(["own_networks:net", "--input", "7:long", "--depth", "2"]) == 0
    assert main(["own_networks:image"]) == 0
    printed = capsys.readouterr().out
    assert "Net on one input of 7: 46 parameters" in printed
    assert "(3, 224, 224) was assumed" in printed
    assert {file.name for file in folder.glob("*.svg")} == {"net.svg", "image.svg"}


def test_the_size_that_a_model_says_it_was_made_for(folder, capsys):
    assert main(["own_networks:sized"]) == 0
    printed = capsys.readouterr().out
    assert "on one image of 1×6×8: 8 parameters" in printed
    assert "(1, 6, 8) was assumed" in printed
    assert main(["own_networks:sized", "--input", "1x9x9"]) == 0
    assert "assumed" not in capsys.readouterr().out


def test_a_builder_is_asked_for_no_weights(folder, capsys):
    assert main(["own_networks:fetching"]) == 0
    assert "16 parameters" in capsys.readouterr().out


BAD = [
    (["resnet51"], "did you mean 'resnet50'"),
    (["own_networks:absent"], "own_networks has no such 'absent'"),
    (["own_networks:number"], "got 'own_networks:number', 3: any model"),
    (["own_networks:nn"], "got 'own_networks:nn', a module: any model"),
    (["own_networks:two"], "give another one with --input, once for each argument"),
    (["no_such_module:net"], "module before the colon that can be imported"),
    (["torch.nn:Linear"], "called without arguments, got 'torch.nn:Linear'"),
    (["own_networks.Net"], "did you mean own_networks:Net?"),
    (["own_networks:vector"], "(3, 224, 224) was assumed, give another one with"),
    (["own_networks:nothing"], "to make a torch.nn.Module, got int"),
    (["own_networks:broken"], "makes no model: ZeroDivisionError"),
    (["lenet5", "--input", "1xx3"], "expected a shape such as 3x224x224"),
    (["lenet5", "--input", "5:floats"], "with a type of torch, got '5:floats'"),
    (["lenet5", "--input", "3x32x32"], "cannot read an input of shape (3, 32, 32)"),
    (["lenet5", "--depth", "0"], "expected depth >= 1, a whole number, got 0"),
    (["lenet5", "--svg", "absent/lenet5.svg"], "cannot write the diagram to absent"),
]


def test_an_input_is_not_blamed_for_another_argument(folder, capsys):
    assert main(["own_networks:image", "--depth", "0"]) == 2
    told = "error: expected depth >= 1, a whole number, got 0\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(("call", "words"), BAD)
def test_one_clear_error(folder, capsys, call, words):
    assert main(call) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert "Traceback" not in error


def test_inputs_are_read_from_words():
    assert read_input("3x224x224") == read_input("3×224,224") == (3, 224, 224)
    tokens = read_input("77:long")
    assert (tokens.shape, tokens.dtype) == ((1, 77), torch.long)


class Strange(nn.Module):
    """Sorts by values, looks at one, and has a head that it does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.spare = nn.Conv2d(3, 4, 3), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x) + float(x.mean())
        return torch.roll(x, 1, -1).erfinv()


def test_what_is_not_known_is_said():
    said = " ".join(not_known(trace_graph(Strange(), (3, 8, 8))))
    assert "run on zeros" in said
    assert "not known behind roll." in said
    assert "known operations: erfinv. Their multiply-adds are not" in said
    assert "6 parameters are not used in evaluation" in said
    assert not_known(trace_graph(nn.Conv2d(3, 4, 3), (3, 8, 8))) == []


class Attention(nn.Module):
    """Loses the positions on its way to attention, which looks everywhere."""

    def __init__(self, attends: bool) -> None:
        super().__init__()
        self.qkv, self.attends = nn.Linear(4, 12), attends

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).reshape(*x.shape[:2], 3, 4).permute(2, 0, 1, 3)
        query, key, value = parts.flip(2).unbind(0)
        if self.attends:
            return nn.functional.scaled_dot_product_attention(query, key, value)
        return query


class OnTokens(nn.Module):
    """Attends, or not, to the tokens of an image."""

    def __init__(self, attends: bool) -> None:
        super().__init__()
        self.patches, self.attention = nn.Conv2d(3, 4, 2, 2), Attention(attends)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(self.patches(x).flatten(2).mT)


def test_no_alarm_where_attention_sees_everything_again():
    assert not_known(trace_graph(OnTokens(attends=True), (3, 8, 8))) == []
    (said,) = not_known(trace_graph(OnTokens(attends=False), (3, 8, 8)))
    assert said == "Receptive fields are not known behind attention.flip."


def test_what_costs_something_is_not_said_to_cost_nothing():
    said = not_known(trace_graph(nn.Sequential(nn.LSTM(4, 5)), (7, 4)))
    assert said[-1].endswith("0.lstm. Receptive fields are not followed through them.")


def test_behind_an_unknown_function_nothing_is_claimed():
    """It may look anywhere, although height and width are as they were."""

    class Fourier(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.fft.fft2(x).real

    graph = trace_graph(Fourier(), (3, 8, 8))
    assert "known operations: fft_fft2" in not_known(graph)[0]
    assert receptive_field(Fourier(), (3, 8, 8)).size is None
