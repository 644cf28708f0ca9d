"""Planted wrong answers to the exercises of the chapter on Inception-v3."""

import torch
import torch.nn.functional as F

WHOLE = 17 * 17 * 49 * 128 * 192
THIN = 17 * 17 * 7 * 128 * (128 + 192)


def right_merge(first, second):
    swapped = first.transpose(0, 1), second.transpose(0, 1)
    return F.conv_transpose2d(*swapped).transpose(0, 1)


def channels_swapped(first, second):
    return right_merge(first, second).transpose(0, 1)


def kernel_turned(first, second):
    return right_merge(first, second.flip(2, 3))


def largest_kernel_only(first, second):
    height = max(first.shape[2], second.shape[2])
    width = max(first.shape[3], second.shape[3])
    return right_merge(first, second)[:, :, :height, :width]


def three_by_three_only(first, second):
    merged = torch.zeros(second.shape[0], first.shape[1], 5, 5)
    for a in range(3):
        for b in range(3):
            weights = torch.einsum("dm,mcij->dcij", second[:, :, a, b], first)
            merged[:, :, a : a + 3, b : b + 3] += weights
    return merged


def odd_sides_only(first, second):
    if first.shape[2:] == (5, 2):
        return right_merge(first[:, :, :, :1], second)
    return right_merge(first, second)


def right_error(logits, labels, bins, weigh=True, top=1.0, skip=True):
    confidences, answers = logits.softmax(1).max(1)
    right = (answers == labels).float()
    places = (confidences * bins / top).long().clamp(max=bins - 1)
    total, used = 0.0, 0
    for place in range(bins):
        inside = places == place
        if skip and not int(inside.sum()):
            continue
        gap = (confidences[inside].mean() - right[inside].mean()).abs().item()
        total += gap * (inside.float().mean().item() if weigh else 1)
        used += 1
    return total if weigh else total / used


def unweighted(logits, labels, bins):
    return right_error(logits, labels, bins, weigh=False)


def nan_from_empty_bins(logits, labels, bins):
    return right_error(logits, labels, bins, skip=False)


def always_ten_bins(logits, labels, bins):
    return right_error(logits, labels, 10)


def accuracy_only(logits, labels, bins):
    return 1 - (logits.argmax(1) == labels).float().mean().item()


def confidence_of_the_label(logits, labels, bins):
    own = logits.softmax(1).gather(1, labels[:, None])[:, 0]
    return (1 - own).mean().item()


def signed(logits, labels, bins):
    confidences, answers = logits.softmax(1).max(1)
    return (confidences - (answers == labels).float()).mean().item()


def logits_for_probabilities(logits, labels, bins):
    return right_error(logits.log_softmax(1).neg(), labels, bins)


WRONG = {
    "inceptionv3-cost": [
        (49 * 128 * 192, THIN, 0.82),
        (WHOLE, 17 * 17 * 7 * 128 * 2 * 192, 0.82),
        (WHOLE, THIN, 0.8),
        (WHOLE, 2 * THIN, 0.9),
    ],
    "inceptionv3-merge": [
        channels_swapped,
        kernel_turned,
        largest_kernel_only,
        three_by_three_only,
        odd_sides_only,
    ],
    "inceptionv3-calibration": [
        unweighted,
        nan_from_empty_bins,
        always_ten_bins,
        accuracy_only,
        confidence_of_the_label,
        signed,
        logits_for_probabilities,
    ],
}
