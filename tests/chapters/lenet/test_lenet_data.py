"""Digits by some writers to learn from, by the others held out."""

import pytest
import torch

from edulib.chapters.lenet.data import FOLDS, SERIES, distort, move_down, new_writers
from edulib.data import Digits


def test_series_begin_with_the_ten_digits_in_order():
    (_, labels), (_, held_out) = new_writers(fold=0)
    everything = torch.cat([held_out, labels])  # fold 0 is the first 646
    for first in SERIES:
        assert everything[first : first + 10].tolist() == list(range(10)), first


def test_each_digit_is_held_out_once():
    splits = [new_writers(fold=fold) for fold in range(len(FOLDS))]
    assert [len(labels) for _, (_, labels) in splits] == [646, 641, 510]
    for (_, known), (_, unseen) in splits:
        assert len(known) + len(unseen) == 1797
    everything = torch.cat([unseen for _, (_, unseen) in splits])
    total = [len(Digits(part)) for part in ("train", "test")]
    assert len(everything) == sum(total)


def test_no_held_out_image_is_learned_from():
    (known, _), (unseen, _) = new_writers(fold=1)
    assert torch.cdist(unseen.flatten(1), known.flatten(1)).min() > 0.1


def test_copies_keep_their_labels_and_noise_hits_one_pixel_in_ten():
    clean, _ = new_writers(copies=0)
    (images, labels), _ = new_writers(copies=2)
    count = len(clean[1])
    assert torch.equal(labels, clean[1].repeat(3))
    assert torch.equal(images[:count], clean[0])
    assert (images[count:] - clean[0].repeat(2, 1, 1, 1)).abs().amax(
        (1, 2, 3)
    ).min() > 0
    (noisy, _), (held_out, _) = new_writers(noise=0.1)
    inverted = (noisy - clean[0]).abs() > 0.5
    assert inverted.float().mean().item() == pytest.approx(0.1, abs=0.03)
    assert torch.equal(held_out, new_writers()[1][0])


def test_moved_digits_come_once_up_and_once_down():
    (_, _), (images, labels) = new_writers()
    _, (moved, answers) = new_writers(shift=5)
    assert torch.equal(answers, labels.repeat(2))
    assert torch.equal(moved[: len(images), :, :-5], images[:, :, 5:])
    assert torch.equal(moved[len(images) :, :, 5:], images[:, :, :-5])
    assert move_down(images, 0) is not None


@pytest.mark.parametrize("pixels", [-2, 0, 3])
def test_what_leaves_the_image_does_not_come_back(pixels):
    moved = move_down(torch.ones(1, 1, 8, 8), pixels)
    assert moved.shape == (1, 1, 8, 8)
    assert moved.sum() == 8 * (8 - abs(pixels))


def test_distortions_keep_the_ink_roughly_and_differ_from_image_to_image():
    image = new_writers()[1][0][:1].repeat(50, 1, 1, 1)
    copies = distort(image, torch.Generator().manual_seed(0))
    ink = copies.sum((1, 2, 3)) / image[0].sum()
    assert 0.6 < ink.min() < ink.mean() < ink.max() < 1.7
    assert (
        torch.cdist(copies.flatten(1), copies.flatten(1)).add(torch.eye(50) * 99).min()
        > 0.1
    )
