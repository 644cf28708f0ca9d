"""SOLOv2: equal to MMDetection's head and losses, to the paper's grids, to loops."""

import json
from math import exp, isclose, log

import pytest
import torch
from torch import Tensor, nn

from edulib.benchmarks import mmdet
from edulib.benchmarks import solov2_mmdet as theirs
from edulib.models.detection import solov2
from edulib.models.detection.solov2.network import enlarged, shares
from edulib.models.tiny import detection as tiny

SIZE = (theirs.SIDE, theirs.SIDE)
EXPECTED = json.loads(theirs.FILE.read_text())


class Given(nn.Module):
    """In place of a backbone: maps that were made beforehand."""

    def forward(self, images: Tensor) -> tuple[list[Tensor], tuple[int, int]]:
        return theirs.made_maps(), SIZE


@pytest.fixture(scope="module")
def network():
    """Ours with the weights and maps that MMDetection's were given."""
    with torch.device("meta"):
        sizes = theirs.CHANNELS, theirs.WIDTH, theirs.KERNEL
        head = solov2.GridHead(theirs.KINDS, *sizes)
        sizes = theirs.CHANNELS, theirs.MASK_WIDTH, theirs.KERNEL
        features = solov2.MaskFeatures(4, *sizes)
    parts = nn.ModuleList([head, features]).double().to_empty(device="cpu")
    mmdet.fill(parts.parameters())
    return solov2.SOLOv2(Given(), head, features)


def assert_digest(found: Tensor, name: str) -> None:
    digest = mmdet.digest(found) if found.ndim else [found.item()]
    for ours, other in zip(digest, EXPECTED[name], strict=True):
        assert isclose(ours, other, rel_tol=1e-6, abs_tol=1e-9), (name, digest)


def test_predictions_equal_mmdetections(network):
    with torch.no_grad():
        found = network(torch.zeros(2, 3, *SIZE).double())
    assert_digest(found.features, "features")
    for level in range(5):
        assert_digest(found.kernels[level], f"kernels {level}")
        assert_digest(found.logits[level], f"logits {level}")


def test_losses_and_gradients_equal_mmdetections(network):
    network.zero_grad()
    losses = network.losses(torch.zeros(2, 3, *SIZE).double(), theirs.made_targets())
    assert_digest(losses["class"].detach(), "class")
    assert_digest(losses["mask"].detach(), "mask")
    sum(losses.values()).backward()
    for number, parameter in enumerate(network.parameters()):
        assert_digest(parameter.grad, f"gradient {number}")


def test_detections_equal_mmdetections(network):
    with torch.no_grad():
        said = network(torch.zeros(2, 3, *SIZE).double())
    kernels, logits, features = theirs.made_surer(
        said.kernels, said.logits, said.features
    )
    surer = said._replace(kernels=kernels, logits=logits, features=features)
    found = network.decide(surer, SIZE, solov2.matrix_nms, solov2.Limits())
    assert [len(one["scores"]) for one in found] == [100, 100]
    for number, one in enumerate(found):
        for part in theirs.PARTS:
            assert_digest(one[part], f"{part} {number}")


@pytest.mark.parametrize("kind", ["gaussian", "linear"])
def test_matrix_nms_equals_mmdetections(kind):
    masks, scores, labels = theirs.made_candidates()
    ious = solov2.mask_ious(masks, labels)
    found = solov2.matrix_nms(ious.double(), scores, kind)
    scores, order = found.sort(descending=True)
    for ours, other in ((scores, kind), (order, f"{kind} order")):
        assert mmdet.digest(ours) == pytest.approx(EXPECTED[other], rel=1e-4)


@pytest.mark.parametrize("kind", ["gaussian", "linear"])
def test_matrix_nms_is_two_slow_loops(kind):
    masks, scores, labels = theirs.made_candidates()
    ious = solov2.mask_ious(masks, labels)

    def f(overlap):
        return exp(-(overlap**2) / 0.5) if kind == "gaussian" else 1 - overlap

    expected = []
    for j in range(len(scores)):
        factors = [1.0]
        for i in range(j):
            worst = max((ious[k, i].item() for k in range(i)), default=0.0)
            factors.append(f(ious[i, j].item()) / f(worst))
        expected.append(scores[j].item() * min(factors))
    found = solov2.matrix_nms(ious, scores, kind).tolist()
    assert found == pytest.approx(expected, rel=1e-4)


def test_overlaps_are_those_of_pixels_of_one_kind():
    masks, _, labels = theirs.made_candidates()
    ious = solov2.mask_ious(masks, labels)
    for i in range(0, 60, 7):
        for j in range(60):
            shared = int((masks[i] & masks[j]).sum())
            union = int((masks[i] | masks[j]).sum())
            counts = i < j and labels[i] == labels[j]
            expected = shared / union if counts else 0.0
            assert ious[i, j].item() == pytest.approx(expected)


def test_a_copy_of_a_copy_is_suppressed_without_dividing_by_zero():
    masks = torch.ones(3, 4, 4, dtype=torch.bool)
    ious = solov2.mask_ious(masks, torch.zeros(3, dtype=torch.int64))
    found = solov2.matrix_nms(ious, torch.tensor([0.9, 0.8, 0.7]), "linear")
    assert found.tolist() == pytest.approx([0.9, 0, 0])


def test_a_sure_duplicate_has_a_small_linear_divisor():
    ious = torch.zeros(3, 3)
    ious[0, 1], ious[1, 2] = 0.95, 0.97
    found = solov2.matrix_nms(ious, torch.tensor([0.9, 0.8, 0.7]), "linear")
    assert found.tolist() == pytest.approx([0.9, 0.04, 0.42], rel=1e-4)


def test_nothing_is_suppressed_of_nothing():
    masks, none = torch.zeros(0, 4, 4) > 0, torch.zeros(0)
    ious = solov2.mask_ious(masks, none.long())
    assert solov2.matrix_nms(ious, none).shape == (0,)


def test_an_unknown_decay_is_refused():
    with pytest.raises(ValueError, match='"gaussian" or "linear", got \'cubic\''):
        solov2.matrix_nms(torch.zeros(1, 1), torch.ones(1), "cubic")


def test_batch_normalisation_that_learns_has_53120_parameters_more():
    with torch.device("meta"):
        frozen = solov2.solov2_resnet50()
    parts = (frozen.head.kinds, frozen.head.kernels, frozen.mask_features)
    counts = [sum(p.numel() for p in part.parameters()) for part in parts]
    assert counts == [8_630_352, 9_450_752, 1_659_392]
    norms = [m for m in frozen.modules() if type(m).__name__ == "FrozenBatchNorm2d"]
    count = sum(p.numel() for p in frozen.parameters())
    assert count + sum(2 * len(m.weight) for m in norms) == 46_592_912


def test_grids_and_levels_are_the_papers():
    with torch.device("meta"):
        network = solov2.solov2_resnet50()
        sides = []
        network.head.register_forward_pre_hook(
            lambda _, inputs: sides.append(tuple(inputs[0].shape[-2:]))
        )
        found = network(torch.zeros(1, 3, 800, 1088))
    strides = (8, 8, 16, 32, 32)
    assert sides == [(800 // stride, 1088 // stride) for stride in strides]
    assert [x.shape[1:] for x in found.logits] == [
        (80, side, side) for side in (40, 36, 24, 16, 12)
    ]
    assert [x.shape[1] for x in found.kernels] == 5 * [256]
    assert found.features.shape == (1, 256, 200, 272)


def test_coordinates_go_from_corner_to_corner():
    placed = solov2.Coordinates()(torch.zeros(2, 3, 5, 9))
    assert placed.shape == (2, 5, 5, 9)
    assert torch.equal(placed[1, 3, 2], torch.linspace(-1, 1, 9))
    assert torch.equal(placed[1, 4, :, 7], torch.linspace(-1, 1, 5))


def test_only_kernels_and_the_coarsest_level_are_told_places():
    network = tiny.solov2_resnet50().eval()
    torch.manual_seed(0)
    x = torch.randn(1, 8, 8, 8)
    maps = [torch.randn(1, 8, 32 // 2**k, 32 // 2**k) for k in range(4)]

    def said():
        logits, kernels = network.head(x, 6)
        return logits, kernels, network.mask_features(maps)

    before = said()
    for part in (network.head, network.mask_features):
        part.coordinates.register_forward_hook(
            lambda _, inputs, output: torch.cat([inputs[0], output[:, -2:].flip(3)], 1)
        )
    after = said()
    same = [torch.equal(*pair) for pair in zip(before, after, strict=True)]
    assert same == [True, False, False]
    inputs = [steps[0][0].in_channels for steps in network.mask_features.levels]
    assert inputs == [8, 8, 8, 10]


def test_peaks_are_the_largest_of_their_four():
    torch.manual_seed(0)
    x = torch.rand(2, 3, 6, 6)
    expected = x.clone()
    for row in range(6):
        for column in range(6):
            rows = slice(max(row - 1, 0), row + 1)
            columns = slice(max(column - 1, 0), column + 1)
            best = x[:, :, rows, columns].amax((2, 3))
            expected[:, :, row, column] *= x[:, :, row, column] == best
    assert torch.equal(solov2.PointsNMS()(x), expected)


def square(top, left, side, size=96):
    mask = torch.zeros(size, size, dtype=torch.bool)
    mask[top : top + side, left : left + side] = True
    return mask, torch.tensor([left, top, left + side, top + side]).float()


def cells_of(*squares, grid=12, limits=(1, 96)):
    masks, boxes = (torch.stack(parts) for parts in zip(*squares, strict=True))
    cells, objects = solov2.assign_cells(boxes, masks, grid, limits, (96, 96))
    return dict(zip(cells.tolist(), objects.tolist(), strict=True))


def test_the_cells_around_the_centre_of_mass_learn_an_object():
    assert cells_of(square(2, 10, 4)) == {1: 0}  # a centre region within one cell
    large = cells_of(square(4, 4, 80))  # 16 pixels around (44, 44), columns 4 to 6
    assert large == {12 * row + column: 0 for row in (4, 5, 6) for column in (4, 5, 6)}
    assert len(cells_of(square(4, 4, 80), grid=48)) == 9  # never more than the nine


def test_the_centre_region_is_a_fifth_of_the_box():
    """Around the middle of a cell of 8 pixels: 3.6 pixels to each side, and 4.4."""
    assert cells_of(square(18, 18, 36)) == {12 * 4 + 4: 0}
    around = {12 * row + column: 0 for row in (3, 4, 5) for column in (3, 4, 5)}
    assert cells_of(square(14, 14, 44)) == around


def test_cells_of_an_oblong_image_are_oblong():
    mask, box = square(20, 70, 6)
    found = solov2.assign_cells(box[None], mask[None, :48], 12, (1, 96), (48, 96))
    assert found[0].tolist() == [12 * 5 + 9]  # 23 / 4 down and 73 / 8 across


def test_the_centre_is_that_of_the_mask_not_of_the_box():
    mask, box = square(0, 0, 80)
    mask[8:, 8:] = False  # two bars that meet at the upper left
    cells = cells_of((mask, box))
    assert 12 * 5 + 5 not in cells
    x, y = solov2.centres_of_mass(mask[None])[0].tolist()
    assert int(y / 8) * 12 + int(x / 8) in cells


def test_a_pixel_lies_at_its_middle():
    masks = torch.zeros(2, 4, 6, dtype=torch.bool)
    masks[0, 1, 4] = masks[1, 2, :2] = True
    assert solov2.centres_of_mass(masks).tolist() == [[4.5, 1.5], [1, 2.5]]


def test_size_decides_the_level_and_may_decide_for_two():
    of_side = square(10, 10, 40)
    assert cells_of(of_side, limits=(1, 39)) == {}
    assert cells_of(of_side, limits=(1, 40)) == cells_of(of_side, limits=(40, 96)) != {}


def test_the_smaller_of_two_objects_has_the_cell():
    both = square(0, 0, 80), square(36, 36, 8)
    assert cells_of(*both)[12 * 4 + 4] == 1
    assert cells_of(*reversed(both))[12 * 4 + 4] == 0


def test_an_empty_mask_is_left_out():
    mask, box = square(10, 10, 20)
    assert cells_of((mask & False, box)) == {}


def test_the_network_learns_a_scene_and_finds_it():
    torch.manual_seed(0)
    network = tiny.solov2_resnet50(num_classes=2)
    image = torch.zeros(1, 3, 64, 64)
    mask, box = square(12, 20, 30, size=64)
    image[0, :, mask] = 1.0
    target = {"boxes": box[None], "masks": mask[None], "labels": torch.tensor([1])}
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.02)
    for _ in range(60):
        loss = sum(network.losses(image, [target]).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = network.eval().detect(image)[0]
    assert found["labels"][0] == 1
    shared = (found["masks"][0] & mask).sum() / (found["masks"][0] | mask).sum()
    assert shared > 0.8
    ys, xs = torch.where(found["masks"][0])
    edges = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
    assert found["boxes"][0].tolist() == [edge.item() for edge in edges]


def test_a_score_is_a_probability_times_a_masks_mean_and_limits_are_exceeded(network):
    """Of four cells one has a mask no larger than the stride, one too low a score."""
    small = solov2.SOLOv2(
        Given(), network.head, network.mask_features, (2,), (4,), ((1, 9),)
    )
    logits, kernels = torch.full((1, 1, 4, 4), -9.0), torch.zeros(1, 1, 4, 4)
    for (row, column), logit, kernel in (
        ((0, 0), 1.0, -1.0),
        ((0, 2), 2.0, -0.75),
        ((2, 0), 3.0, 1.0),
        ((2, 2), 0.5, -1.0),
    ):
        logits[0, 0, row, column], kernels[0, 0, row, column] = logit, kernel
    features = torch.full((1, 1, 2, 4), -2.0)
    features[..., 0, :2] = 3.0  # of two pixels, as many as the stride
    said = solov2.Predictions([logits], [kernels], features, (8, 16))
    limits = solov2.Limits(score=torch.tensor(0.5).sigmoid().item())
    found = small.candidates(said, 0, limits)
    scores = [
        torch.tensor(one).sigmoid().item() * torch.tensor(other).sigmoid().item()
        for one, other in ((2.0, 1.5), (1.0, 2.0))
    ]
    assert found.cells.tolist() == [2, 0]
    assert found.scores.tolist() == pytest.approx(scores)
    assert ((found.masks > 0.5).sum((1, 2)) == 6).all()
    only = small.candidates(said, 0, limits._replace(candidates=1))
    assert only.cells.tolist() == [2]

    def kept(*scores, **changed):
        one = small.decide(
            said,
            (8, 16),
            lambda ious, _: ious.new_tensor(scores),
            limits._replace(**changed),
        )
        return one[0]["scores"].tolist()

    assert kept(0.3, 0.4) == pytest.approx([0.4, 0.3])
    assert kept(0.3, 0.4, detections=1) == pytest.approx([0.4])
    assert kept(0.3, 0.2, final=0.3) == pytest.approx([0.3])


def test_limits_are_the_papers_or_the_released_ones():
    assert solov2.RELEASED == (0.1, 0.5, 500, 0.05, 100)


def test_a_cell_of_the_truth_is_the_share_that_a_mask_covers():
    masks = torch.rand(2, 10, 14, generator=torch.Generator().manual_seed(0)) > 0.5
    found = shares(masks, (16, 24), (4, 6))
    expected = torch.zeros(2, 4, 6)
    for n, row, column in masks.nonzero().tolist():
        expected[n, row // 4, column // 4] += 1 / 16
    torch.testing.assert_close(found, expected)


def test_of_a_filled_up_image_the_upper_left_is_kept():
    masks = torch.zeros(1, 2, 2)
    masks[0, 0, 0] = 1
    found = enlarged(masks, (8, 8), (5, 6))[0]
    assert found.shape == (5, 6)
    assert found[0].tolist() == pytest.approx([1, 1, 0.875, 0.625, 0.375, 0.125])
    assert found[:, 0].tolist() == pytest.approx([1, 1, 0.875, 0.625, 0.375])


def test_weights_begin_small_and_cells_begin_empty():
    torch.manual_seed(0)
    for part in (solov2.GridHead(7, 64, 96, 32), solov2.MaskFeatures(3, 64, 64, 32)):
        for name, layer in part.named_modules():
            if isinstance(layer, nn.Conv2d):
                assert layer.weight.std().item() == pytest.approx(0.01, rel=0.1)
                if layer.bias is not None:
                    expected = log(0.01 / 0.99) if name == "kinds.4" else 0.0
                    assert layer.bias.tolist() == pytest.approx(
                        len(layer.bias) * [expected]
                    )


def test_images_are_filled_up_and_masks_cut_off():
    network = tiny.solov2_resnet50().eval()
    with torch.no_grad():
        network.head.kinds[-1].bias.fill_(3.0)
        network.head.kernels[-1].bias.fill_(1.0)
    found = network.detect(torch.rand(1, 3, 50, 70))[0]
    assert len(found["masks"])
    assert found["masks"].shape[1:] == (50, 70)
    assert found["boxes"].amax(0).tolist() <= [70, 50, 70, 50]
