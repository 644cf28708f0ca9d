"""The same loop on a GPU: bfloat16, channels-last, and a late look at the loss."""

import pytest
import torch
from tiny_detector import Rectangles, detector
from torch import nn
from training_helpers import QUICK, examples, network, same

from edulib.training import Detection, Recipe, fit, load_weights
from edulib.training.loop import mixed_precision
from edulib.training.update import LOOK_EVERY

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def test_a_cpu_never_trains_in_bfloat16():
    with mixed_precision(torch.device("cpu"), Recipe()):
        assert torch.mm(torch.ones(2, 2), torch.ones(2, 2)).dtype == torch.float32


@on_gpu
def test_a_gpu_does_unless_told_otherwise():
    ones = torch.ones(2, 2, device="cuda")
    for wanted, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        with mixed_precision(ones.device, Recipe(mixed_precision=wanted)):
            assert torch.mm(ones, ones).dtype == dtype


@on_gpu
def test_it_learns_and_its_checkpoint_loads_on_a_cpu(tmp_path):
    file = tmp_path / "net.pt"
    model = network()
    history = fit(model, examples(), examples(), QUICK, device="cuda", checkpoint=file)
    assert history.train_loss[-1] < history.train_loss[0]
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert same(load_weights(network(), file), model.cpu())


@on_gpu
def test_a_detector_learns_on_images_of_several_sizes():
    sets = Rectangles(64, masks=True, ragged=True), Rectangles(16, 1, True, True)
    recipe = Recipe(epochs=12, batch_size=8, optimizer="adamw", lr=0.01, clip_norm=1.0)
    objective = Detection(masks=True)
    model = detector(masks=True)
    history = fit(model, *sets, recipe, objective=objective, device="cuda")
    assert history.train_loss[-1] < history.train_loss[0] / 10
    assert history.val["mask_AP50"][-1] > 0.8


@on_gpu
def test_a_bad_batch_between_two_looks_is_named():
    class Diverged(nn.Module):
        def forward(self, x):
            return x * torch.nan if self.training else x

    model = nn.Sequential(network(), Diverged())
    recipe = Recipe(epochs=1, batch_size=1)
    with pytest.raises(FloatingPointError, match="epoch 1, batch 1,"):
        fit(model, examples(3 * LOOK_EVERY), recipe=recipe, device="cuda")


@on_gpu
def test_a_wrong_label_is_found_before_a_step(tmp_path):
    images, labels = examples(40)
    labels[39] = 3
    with pytest.raises(ValueError, match="labels 0 to 3"):
        fit(network(), examples(), (images, labels), device="cuda")
