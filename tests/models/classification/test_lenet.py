"""LeNet-5 against slow loops, the paper's counts, and its own invariants."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from edulib.models.blocks.lecun import ScaledTanh
from edulib.models.classification.lenet import (
    C3_TABLE,
    RBFOutput,
    Subsampling,
    TableConv2d,
    class_codes,
    lenet5,
    lenet5_modern,
    map_loss,
    mse_loss,
)

PAPER = {  # section II.B: trainable parameters, connections
    "c1": (156, 122_304),
    "s2": (12, 5_880),
    "c3": (1_516, 151_600),
    "s4": (32, 2_000),
    "c5": (48_120, 48_120),
    "f6": (10_164, 10_164),
    "output": (0, 840),
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks this small are slower on two threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def shapes():
    """Shape of each layer's output for one image."""
    model, found = lenet5(), {}
    for name in PAPER:
        model.get_submodule(name).register_forward_hook(
            lambda module, args, output, name=name: found.update({name: output.shape})
        )
    model(torch.zeros(1, 1, 32, 32))
    return found


def test_shapes_of_figure_2(shapes):
    assert {name: tuple(shape[1:]) for name, shape in shapes.items()} == {
        "c1": (6, 28, 28),
        "s2": (6, 14, 14),
        "c3": (16, 10, 10),
        "s4": (16, 5, 5),
        "c5": (120, 1, 1),
        "f6": (84,),
        "output": (10,),
    }


def test_parameters_of_each_layer():
    model = lenet5()
    for name, (parameters, _) in PAPER.items():
        module = model.get_submodule(name)
        assert sum(p.numel() for p in module.parameters()) == parameters, name


def test_connections_of_each_layer(shapes):
    """A connection is a multiplication by a weight or the addition of a bias.

    A unit of S2 or S4 has five in the paper: four inputs and the bias.
    """
    model, counted = lenet5(), {}
    for name, shape in shapes.items():
        module = model.get_submodule(name)
        positions = math.prod(shape[2:])
        if isinstance(module, Subsampling):
            counted[name] = 5 * shape[1] * positions
        elif isinstance(module, RBFOutput):
            counted[name] = module.codes.numel()
        else:
            counted[name] = positions * sum(p.numel() for p in module.parameters())
    assert counted == {name: connections for name, (_, connections) in PAPER.items()}
    assert sum(counted.values()) == 340_908


def test_table_of_c3():
    """Every run of 3 and of 4 neighbours in a ring, three gapped fours, and all six."""
    ring = [[{(s + k) % 6 for k in range(n)} for s in range(6)] for n in (3, 4)]
    seen = [set(row) for row in C3_TABLE]
    assert all(list(row) == sorted(set(row)) for row in C3_TABLE)
    assert all(run in seen[:6] for run in ring[0])
    assert all(run in seen[6:12] for run in ring[1])
    assert all(len(row) == 4 and row not in ring[1] for row in seen[12:15])
    assert seen[15] == set(range(6))
    assert len({frozenset(row) for row in seen}) == 16
    assert [sum(i in row for row in seen) for i in range(6)] == [10] * 6


def test_table_convolution_equals_loops():
    torch.manual_seed(0)
    table = ((0, 2), (1,), (0, 1, 2), (2,))
    layer = TableConv2d(table, in_channels=3, kernel_size=3).double()
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    x = torch.randn(2, 3, 5, 6, dtype=torch.float64)
    expected = torch.zeros(2, 4, 3, 4, dtype=torch.float64)
    places = itertools.product(range(2), range(4), range(3), range(4))
    for image, row, i, j in places:
        total = layer.bias[row].item()
        first = sum(len(inputs) for inputs in table[:row])
        for number, channel in enumerate(table[row]):
            kernel = layer.weight[first + number]
            patch = x[image, channel, i : i + 3, j : j + 3]
            for a, b in itertools.product(range(3), range(3)):
                total += (kernel[a, b] * patch[a, b]).item()
        expected[image, row, i, j] = total
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-12)


def test_map_without_cross_is_not_seen():
    torch.manual_seed(0)
    layer = lenet5().c3
    x = torch.randn(1, 6, 14, 14)
    before = layer(x)
    for channel in range(6):
        changed = x.clone()
        changed[:, channel] += 1
        moved = (layer(changed) - before).abs().amax((0, 2, 3)) > 1e-6
        assert moved.tolist() == [channel in row for row in C3_TABLE]


def test_subsampling_equals_loops():
    torch.manual_seed(0)
    layer = Subsampling(2).double()
    nn.init.normal_(layer.coefficient)
    nn.init.normal_(layer.bias)
    x = torch.randn(3, 2, 4, 6, dtype=torch.float64)
    expected = torch.zeros(3, 2, 2, 3, dtype=torch.float64)
    for n, c, i, j in itertools.product(range(3), range(2), range(2), range(3)):
        four = [x[n, c, 2 * i + a, 2 * j + b] for a in (0, 1) for b in (0, 1)]
        expected[n, c, i, j] = layer.coefficient[c] * sum(four) + layer.bias[c]
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-12)


def test_squashing_passes_through_one_and_bends_most_there():
    squash = ScaledTanh()
    grid = torch.linspace(0, 3, 3001, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(squash(torch.tensor(1.0)).item(), 1.0, rtol=0, atol=1e-4)
    torch.testing.assert_close(squash(-grid), -squash(grid))
    (slope,) = torch.autograd.grad(squash(grid).sum(), grid, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), grid)
    assert abs(grid[bend.argmin()].item() - 1.0) < 0.02


def test_score_is_the_negative_distance():
    torch.manual_seed(0)
    codes, x = class_codes(10), torch.randn(4, 84)
    scores = RBFOutput(codes)(x)
    for n, k in itertools.product(range(4), range(10)):
        penalty = sum((x[n, j] - codes[k, j]).item() ** 2 for j in range(84))
        assert abs(scores[n, k].item() + penalty) < 1e-3
    perfect = RBFOutput(codes)(codes)
    assert perfect.diagonal().abs().max() == 0
    assert (perfect.argmax(1) == torch.arange(10)).all()


def test_codes_are_bitmaps_and_far_enough_apart():
    codes = class_codes(14)
    assert codes.shape == (14, 84)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    differing = torch.cdist(codes, codes, p=0) + 84 * torch.eye(14)
    assert differing.min() >= 10
    assert torch.equal(codes, class_codes(14))
    assert torch.equal(codes[:3], class_codes(3))
    seven = codes[7].view(12, 7)
    assert (seven[1] == 1).all()
    assert (seven[0] == -1).all()


def test_losses_are_equations_8_and_9():
    torch.manual_seed(0)
    penalties, labels, j = 5 * torch.rand(6, 10), torch.randint(0, 10, (6,)), 3.0
    right = penalties[range(6), labels]
    torch.testing.assert_close(mse_loss(-penalties, labels), right.mean())
    others = torch.log(math.exp(-j) + torch.exp(-penalties).sum(1))
    torch.testing.assert_close(map_loss(-penalties, labels, j), (right + others).mean())


def test_without_rubbish_the_loss_is_cross_entropy():
    torch.manual_seed(0)
    scores, labels = -5 * torch.rand(6, 10), torch.randint(0, 10, (6,))
    torch.testing.assert_close(
        map_loss(scores, labels, 1e4), F.cross_entropy(scores, labels)
    )


def test_rubbish_stops_the_push_on_what_is_far_already():
    scores = torch.tensor([[-1.0, -100.0]], requires_grad=True)
    map_loss(scores, torch.tensor([0]), rubbish=4.0).backward()
    near, far = scores.grad[0].tolist()
    assert near < 0
    assert abs(far) < 1e-6


def test_weights_start_within_appendix_a():
    torch.manual_seed(0)
    model = lenet5()
    bounds = {"c1": 2.4 / 25, "s2": 2.4 / 4, "s4": 2.4 / 4, "c5": 2.4 / 400}
    for name, bound in {**bounds, "f6": 2.4 / 120}.items():
        for parameter in model.get_submodule(name).parameters():
            assert 0.6 * bound < parameter.abs().max() <= bound, name
    sizes = [model.c3.weight[model.c3.rows.index(r)].abs().max() for r in range(16)]
    for row, largest in enumerate(sizes):
        bound = 2.4 / (25 * len(C3_TABLE[row]))
        assert 0.6 * bound < largest <= bound


def test_no_unit_starts_saturated():
    torch.manual_seed(0)
    model, sums = lenet5(), []
    model.squash.register_forward_hook(lambda module, args, out: sums.append(args[0]))
    model((torch.rand(16, 1, 32, 32) > 0.7).float())
    assert len(sums) == 6
    assert all(0.005 < a.std() < 1 for a in sums)
    assert all(a.abs().max() < 3 for a in sums)


def test_shifted_input_shifts_the_maps_of_c1():
    torch.manual_seed(0)
    image = torch.zeros(1, 1, 32, 32)
    image[..., 10:20, 12:20] = torch.rand(10, 8)
    moved = image.roll((2, 3), (2, 3))
    model = lenet5()
    maps, moved_maps = (model.c1(model.scale(x)) for x in (image, moved))
    torch.testing.assert_close(moved_maps[..., 2:, 3:], maps[..., :-2, :-3])


def test_background_and_foreground():
    scale = lenet5().scale
    ends = torch.stack([scale(torch.zeros(())), scale(torch.ones(()))])
    torch.testing.assert_close(ends, torch.tensor([-0.1, 1.175]))


@pytest.mark.parametrize("build", [lenet5, lenet5_modern])
def test_learns_a_batch(build):
    torch.manual_seed(0)
    model, labels = build(), torch.arange(10)
    images = torch.rand(10, 1, 32, 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    first = F.cross_entropy(model(images), labels).item()
    for _ in range(100):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.5 * first


@pytest.mark.parametrize("build", [lenet5, lenet5_modern])
def test_images_of_other_sizes_are_refused(build):
    with pytest.raises(ValueError, match=r"got \(2, 1, 33, 32\): resize them to 32"):
        build()(torch.zeros(2, 1, 33, 32))
    with pytest.raises(ValueError, match=r"H, W >= 32, got \(2, 1, 28, 28\)"):
        build()(torch.zeros(2, 1, 28, 28))
