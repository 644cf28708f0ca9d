"""Files that transformers wrote, in our models: the outputs are theirs."""

import sys
import types

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from edulib.weights import load_transformers

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The reference with random weights, and the file that it writes."""
    torch.manual_seed(0)
    config = transformers.DetrConfig(num_labels=91)
    reference = transformers.DetrForObjectDetection(config).eval()
    for name, value in reference.state_dict().items():
        if name.endswith("running_var"):
            nn.init.uniform_(value, 1e-3, 1e-1)
        elif value.ndim == 1 and "backbone" not in name:
            nn.init.normal_(value, 1.0 * name.endswith("weight"), std=0.1)
    folder = tmp_path_factory.mktemp("detr")
    reference.save_pretrained(folder)
    return reference, folder / "model.safetensors"


@torch.no_grad()
def test_a_file_of_transformers(published):
    reference, file = published
    ours = load_transformers("detr_resnet50", file=file)
    assert not ours.training
    torch.manual_seed(1)
    images = torch.randn(1, 3, 64, 96, dtype=torch.double)
    expected = reference.double()(images)
    found = ours.double()(images)
    torch.testing.assert_close(found.logits[-1], expected.logits)
    torch.testing.assert_close(found.boxes_cxcywh[-1], expected.pred_boxes)


def test_files_and_names_that_do_not_fit(published, tmp_path):
    with pytest.raises(ValueError, match="no model of transformers is known"):
        load_transformers("resnet50")
    with pytest.raises(FileNotFoundError):
        load_transformers("detr_resnet50", file=tmp_path / "nothing")
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(2)}, other)
    with pytest.raises(ValueError, match="'detr_resnet50' belong to another"):
        load_transformers("detr_resnet50", file=other)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(published[1].read_bytes()[:1000])
    with pytest.raises(ValueError, match="is damaged or no safetensors file"):
        load_transformers("detr_resnet50", file=cut)


def test_what_is_published_is_fetched_by_its_name(published, monkeypatch):
    asked = []
    hub = types.ModuleType("huggingface_hub")
    hub.hf_hub_download = lambda *names: asked.append(names) or str(published[1])
    errors = types.ModuleType("huggingface_hub.errors")
    errors.HfHubHTTPError = errors.LocalEntryNotFoundError = OSError
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)
    load_transformers("detr_resnet50")
    assert asked == [("facebook/detr-resnet-50", "model.safetensors")]

    def fails(*names):
        raise OSError("no network")

    hub.hf_hub_download = fails
    with pytest.raises(ConnectionError, match=r"detr-resnet-50-dc5: no network.*file="):
        load_transformers("detr_resnet50_dc5")
