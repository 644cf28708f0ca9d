"""Files from elsewhere: each is called what it is, with the line that helps."""

import io
import re
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from torch import nn
from torchvision import models

from edulib.weight_files import (
    DamagedFileError,
    explain_difference,
    explain_stored,
    read_weights,
)
from edulib.weights.checkpoint import put_weights
from edulib.weights.published import load_timm, load_torchvision


def network(classes: int = 3, width: int = 4) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, classes))


STATE = network().state_dict()


def saved(stored: object, **options) -> bytes:
    file = io.BytesIO()
    torch.save(stored, file, **options)
    return file.getvalue()


def scripted() -> bytes:
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(network(), torch.rand(1, 2)), file)
    return file.getvalue()


def arrays() -> bytes:
    file = io.BytesIO()
    np.savez(file, a=np.ones(3))
    return file.getvalue()


PICKLED = "holds a pickled model, whose code is not run: .*state_dict"
FILES = {
    "empty": (lambda: b"", "is empty"),
    "cut off": (lambda: saved(STATE)[:700], "is cut off or damaged"),
    "safetensors": (
        lambda: save(dict(STATE)),
        r"safetensors file: .*load_file\(path\)",
    ),
    "whole model": (lambda: saved(network()), PICKLED),
    "of 2019": (
        lambda: saved(network(), _use_new_zipfile_serialization=False),
        PICKLED,
    ),
    "TorchScript": (scripted, r"TorchScript archive: torch\.jit\.load"),
    "NumPy": (arrays, r"an archive with a\.npy"),
    "Git LFS": (lambda: b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
    "page": (lambda: b"<!doctype html><title>Log in</title>", "is a web page"),
    "Keras": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(40), "is an HDF5 file"),
    "text": (lambda: b"conv1.weight 1 2 3", "is no file of torch.save"),
    "ONNX": (lambda: b"\x08\x07\x12\x07pytorch", "is no file of torch.save"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_file_is_called_what_it_is(name, tmp_path):
    make, message = FILES[name]
    path = tmp_path / "weights.pth"
    path.write_bytes(make())
    with pytest.raises(ValueError, match=message) as error:
        read_weights(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)
    assert "delete" not in str(error.value)
    damaged = isinstance(error.value, DamagedFileError)
    assert damaged == (name in ("empty", "cut off"))


def test_a_damaged_table_of_contents_is_no_pickled_model(tmp_path):
    """Of a file that zipfile reads to the end, torch may say that it cannot."""
    path, content = tmp_path / "weights.pth", saved(STATE)
    for place in range(len(content) - 22, len(content)):  # of the archive's end
        path.write_bytes(
            content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]
        )
        with suppress(DamagedFileError):  # any other error fails the test
            read_weights(path)


@pytest.mark.parametrize("zipped", [True, False])
@settings(deadline=None)
@given(data=st.data())
def test_a_changed_byte_never_gives_another_error(zipped, data):
    content = bytearray(saved(STATE, _use_new_zipfile_serialization=zipped))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        path.write_bytes(content)
        message = ""
        try:
            read_weights(path)
        except ValueError as error:
            message = str(error)
        assert "\n" not in message


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_good_files_are_read_whatever_their_names_are(ending, tmp_path):
    path = tmp_path / f"weights.{ending}"
    for options in ({}, {"_use_new_zipfile_serialization": False}):
        path.write_bytes(saved(STATE, **options))
        assert read_weights(path).keys() == STATE.keys()


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (
            {"state_dict": STATE, "epoch": 3},
            r"'epoch', the weights .*\['state_dict'\]$",
        ),
        ({"model": dict(STATE)}, r"under 'model': .*\['model'\]$"),
        ({}, "holds an empty dict, no tensors by name"),
        ([STATE], "holds a list of 1, no tensors"),
        (torch.ones(2, 3), r"holds float32 \(2, 3\), no tensors"),
        (dict(STATE), "holds weights alone, 4 tensors of float32: model.load"),
        (network().half().state_dict(), "tensors of float16: "),
        (
            {f"module.{k}": v for k, v in STATE.items()},
            r"'module\.' \(nn\.DataParallel",
        ),
    ],
)
def test_what_is_stored_is_described(stored, message):
    assert re.search(message, explain_stored(stored)), explain_stored(stored)


def named(prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}{key}": value for key, value in STATE.items()}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (named("module."), r"begin with 'module\.' \(nn\.DataParallel and Distributed"),
        (named("_orig_mod."), r"begin with '_orig_mod\.' \(torch\.compile\): take"),
        (named("_orig_mod.module."), r"begin with '_orig_mod\.module\.': take that"),
        (named("backbone."), r"begin with 'backbone\.': take that off"),
        (network(7).state_dict(), r"for 7 classes, the model for 3 \(2\.weight, 2\.b"),
        (network(3, 8).state_dict(), r"for 0\.bias the model expects \(4,\), .*\(8,\)"),
        (STATE | {"total_ops": torch.ones(1)}, "more than the model, total_ops: "),
        (dict(list(STATE.items())[:3]), r"they lack 2\.bias: "),
        (
            dict(zip("abcd", STATE.values(), strict=True)),
            r"names are not \(a, b, c and",
        ),
    ],
)
def test_differences_are_explained(weights, message):
    with pytest.raises(ValueError, match=f"architecture than Sequential: .*{message}"):
        put_weights(network(), weights, "some")


def test_a_wrapped_model_of_another_number_of_classes_is_both():
    inner = network(5).state_dict()
    weights = {f"module.{key}": value for key, value in inner.items()}
    message = explain_difference(STATE, weights)
    assert "take that off" in message
    assert "; then they are for 5 classes, the model for 3" in message


PREFIXES = st.lists(st.sampled_from(["module", "_orig_mod", "net", "a"]), max_size=3)


@settings(deadline=None)
@given(PREFIXES, PREFIXES)
def test_no_difference_is_found_where_there_is_none_only(one, other):
    mine, theirs = (
        {".".join([*parts, key]): value for key, value in STATE.items()}
        for parts in (one, other)
    )
    message = explain_difference(mine, theirs)
    assert (message is None) == (one == other)
    if message and "take that off, " in message:
        code = message[message.index("{k") : message.index("}") + 1]
        assert eval(code, {"weights": theirs}).keys() == mine.keys()


OTHERS = {
    "module.": "begin with 'module.' (nn.DataParallel",
    "classes": "for 10 classes, the model for 1000 (fc.weight, fc.bias)",
    "more": "more than the model, total_params",
    "other": "layer1.0.conv1.weight",
}


@pytest.fixture(scope="module")
def theirs():
    state = models.resnet18().state_dict()
    return {
        "module.": {f"module.{key}": value for key, value in state.items()},
        "classes": models.resnet18(num_classes=10).state_dict(),
        "more": state | {"total_params": torch.ones(1)},
        "other": {key: value for key, value in state.items() if "0.conv1" not in key},
    }


@pytest.mark.parametrize(
    ("load", "name"),
    [
        *((load_torchvision, name) for name in OTHERS),
        *((load_timm, name) for name in ("classes", "more")),
    ],
)
def test_a_published_file_of_another_kind(load, name, theirs, tmp_path):
    torch.save(theirs[name], tmp_path / "weights.pth")
    with pytest.raises(ValueError, match=r"not hold the weights of \w+'s res") as error:
        load("resnet18", file=tmp_path / "weights.pth")
    assert OTHERS[name] in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("load", [load_torchvision, load_timm])
def test_a_published_file_that_is_none(load, tmp_path):
    path = tmp_path / "weights.pth"
    with pytest.raises(FileNotFoundError, match=r"weights\.pth"):
        load("resnet18", file=path)
    for content, message in ((b"", "is empty"), (saved(network()), "pickled model")):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"weights.pth .*{message}"):
            load("resnet18", file=path)
