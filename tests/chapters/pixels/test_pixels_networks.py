"""The chapter on maps and pyramids: its card, networks, measures and drawings."""

import matplotlib.pyplot as plt
import pytest
import torch
from cards import stored_ends, stored_verdict

from edulib.chapters.pixels.drawing import color_map, draw_levels, shares, sizes_of
from edulib.chapters.pixels.networks import Levels, small_pyramid, small_unet
from edulib.chapters.pixels.objectives import EdgeSegmentation
from edulib.models.segmentation.unet import unet
from edulib.notebook import Verdict, judge_means


def last(experiment, variant, measure):
    return stored_ends(experiment, variant, f"val_{measure}")


def test_the_first_skip_counts_and_the_second_brings_less():
    none, one, two = (
        last("pixels-skips", name, "mean_iou")
        for name in ("no skip", "one skip", "two skips")
    )
    first = judge_means(none, one) is Verdict.HOLDS
    less = all(c - b < b - a for a, b, c in zip(none, one, two, strict=True))
    assert stored_verdict("pixels", "skips") == Verdict.of(first, less).value


def test_the_card_of_the_pyramid_says_what_the_stored_results_say():
    pair = (last("pixels-pyramid", name, "AP") for name in ("no way down", "pyramid"))
    assert stored_verdict("pixels", "pyramid") == judge_means(*pair).value


@pytest.mark.parametrize("down", [True, False])
def test_the_finest_level_knows_the_coarse_map_only_with_a_way_down(down):
    levels = Levels(down).eval()
    maps = [one.requires_grad_() for one in levels.backbone(torch.rand(1, 3, 96, 96))]
    levels.backbone.forward = lambda _: maps
    finest, _, _ = levels(torch.rand(1, 3, 96, 96))
    assert finest.shape == (1, 64, 12, 12)
    (gradient,) = torch.autograd.grad(finest.sum(), maps[2], allow_unused=True)
    assert (gradient is not None) == down


def test_both_detectors_have_the_same_layers_and_boxes():
    with_way, without = small_pyramid(), small_pyramid(down=False)
    counts = [sum(p.numel() for p in one.parameters()) for one in (with_way, without)]
    assert counts[0] == counts[1]
    assert len(with_way.boxes) == 4 * (12**2 + 6**2 + 3**2)


def test_what_a_skip_carries_reaches_the_map_unless_it_is_cut():
    torch.manual_seed(0)
    images = torch.rand(1, 3, 64, 64)
    reached = {}
    for skips in (0, 1, 2):
        network = small_unet(skips, pretrained=False).eval()
        with torch.no_grad():
            network.up1.weight.zero_()  # nothing comes from the coarsest map
        maps = [one.detach().requires_grad_() for one in network.backbone(images)]
        network.backbone.forward = lambda _, maps=maps: maps
        network(images).square().sum().backward()
        reached[skips] = [
            one.grad is not None and one.grad.any().item() for one in maps
        ]
    assert reached == {
        0: [False, False, False],
        1: [False, True, False],
        2: [True, True, False],
    }
    with pytest.raises(ValueError, match="0, 1 or 2 skips, got 3"):
        small_unet(3, pretrained=False)


def test_the_measure_near_borders_leaves_the_rest_out():
    targets = torch.zeros(1, 12, 12, dtype=torch.int64)
    targets[0, :, 6:] = 1
    said = targets.clone()
    said[0, :, 0] = 1  # wrong, but far from the border
    logits = 9 * torch.nn.functional.one_hot(said, 2).permute(0, 3, 1, 2).float()
    objective = EdgeSegmentation()
    loss, count = objective.summed_loss(logits, targets)
    found = objective.measures(objective.statistics(loss, count, logits, targets))
    assert found["edge_iou"] == 1
    assert found["mean_iou"] < 1


def test_gamma_gives_the_loss_to_the_objects():
    background = [shares(gamma)[1] for gamma in (0, 1, 2, 5)]
    assert background == sorted(background, reverse=True)
    rows = 30 * 1.2039728, 99_970 * 0.0202027  # -log 0.3 and -log 0.98
    expected = 100 * rows[0] / sum(rows)
    assert shares(0)[0] == pytest.approx(expected, rel=1e-4)


def test_levels_are_drawn_with_the_modules_sizes():
    with torch.device("meta"):
        found = sizes_of(unet(width=4), (1, 188, 188))
    assert found["down.0"] == (4, 184)
    left = [found[f"down.{k}"] for k in range(5)]
    figure = draw_levels(left, [found["up.3"]], ("down ", "up "), "copy")
    words = [text.get_text() for text in figure.axes[0].texts]
    plt.close(figure)
    assert "down 1: 4 × 184²" in words
    assert "up 1: 4 × 4²" in words
    assert words.count("copy") == 1


def test_classes_have_colours_and_background_is_grey():
    picture = color_map(torch.tensor([[0, 1], [10, 0]]), size=8)
    assert picture.shape == (3, 8, 8)
    assert (picture[:, 0, 0] == picture[:, 7, 7]).all()
    assert picture[:, 0, 0].unique().numel() == 1
    assert not torch.equal(picture[:, 0, 7], picture[:, 7, 0])
