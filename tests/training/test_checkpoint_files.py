"""Files and paths that are no checkpoint, told in one line that names them."""

import json
import os

import pytest
import torch
from training_helpers import QUICK, examples, network, same

from edulib.training import fit, load_weights
from edulib.training.resume import read_model


@pytest.fixture
def saved(tmp_path):
    file = tmp_path / "net.pt"
    fit(network(), examples(), recipe=QUICK, checkpoint=file)
    return file


@pytest.mark.parametrize(
    ("tensors", "got"),
    [
        ([], "'tensors': a list of 0"),
        (None, "'tensors': None"),
        ({3: torch.zeros(1)}, "3: float32"),
        ({"model.0.bias": "a"}, "'model.0.bias': 'a'"),
        ({"model.0.bias": [torch.zeros(4)]}, "'model.0.bias': a list of 1"),
        ({"model.0.bias": torch.zeros(4).to_sparse()}, "sparse_coo float32 (4,)"),
        (
            {"model.0.bias": torch.zeros(4, device="meta")},
            "float32 (4,) without values",
        ),
    ],
)
def test_what_stands_in_the_place_of_tensors_is_told(saved, tensors, got):
    stored = torch.load(saved, weights_only=True)
    whole = {**stored["tensors"], **tensors} if isinstance(tensors, dict) else tensors
    torch.save({**stored, "tensors": whole}, saved)
    before = saved.read_bytes()
    for use in (
        lambda: fit(network(), examples(), recipe=QUICK, checkpoint=saved),
        lambda: load_weights(network(), saved),
        lambda: read_model(saved),
    ):
        with pytest.raises(ValueError, match="dense tensors by name") as error:
            use()
        assert str(saved) in str(error.value)
        assert got in str(error.value)
        assert "\n" not in str(error.value)
    assert saved.read_bytes() == before


@pytest.mark.parametrize("path", [3, 1.5, True, ["a"], b"net.pt", "\0net", object()])
def test_what_is_no_path_is_refused(path):
    for use in (
        lambda: fit(network(), examples(), recipe=QUICK, checkpoint=path),
        lambda: load_weights(network(), path),
        lambda: read_model(path),
    ):
        with pytest.raises(ValueError, match="expected the path of a file") as error:
            use()
        assert repr(path) in str(error.value)


def test_what_has_a_path_is_one(tmp_path):
    class Place(os.PathLike):
        def __fspath__(self) -> str:
            return str(tmp_path / "net.pt")

    model = network()
    fit(model, examples(), recipe=QUICK, checkpoint=Place())
    assert same(load_weights(network(seed=7), Place()), model)


def earlier(file) -> None:
    """Write a checkpoint again as it was before it had its checksum beside it."""
    stored = torch.load(file, weights_only=True)
    about = {**json.loads(stored["training"]), "checksum": "0123456789abcdef"}
    tensors = stored["tensors"]
    torch.save({"training": json.dumps(about), "tensors": tensors}, file)


def test_the_weights_of_an_earlier_file_are_read(saved):
    model = load_weights(network(seed=7), saved)
    earlier(saved)
    assert same(load_weights(network(seed=8), saved), model)
    before = saved.read_bytes()
    with pytest.raises(ValueError, match=r"earlier edulib, .*load_weights reads it"):
        fit(network(), examples(), recipe=QUICK, checkpoint=saved)
    assert saved.read_bytes() == before


def test_an_earlier_file_that_was_damaged_is_refused(saved):
    earlier(saved)
    content = bytearray(saved.read_bytes())
    name = b"model.0.bias"
    content[content.index(name) + len(name) - 1] ^= 1
    saved.write_bytes(content)
    with pytest.raises(ValueError, match=r"is damaged|no whole checkpoint"):
        load_weights(network(), saved)
