"""Detections and objects as tests make them, some by chance."""

import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

CLASSES = ("cat", "dog", "cow")
HYPOTHESIS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def tensors(corners, labels, **more):
    """Boxes, labels and what else there is of one image."""
    boxes = torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)
    return {"boxes": boxes, "labels": torch.tensor(labels, dtype=torch.int64), **more}


def target(corners, labels=None, **more):
    return tensors(corners, [0] * len(corners) if labels is None else labels, **more)


def detection(corners, scores, labels=None):
    scores = torch.tensor(scores, dtype=torch.float64)
    return target(corners, labels, scores=scores)


@st.composite
def corners(draw):
    """A box of whole pixels, so that IoU, areas and edges are often equal; or flat."""
    x, y = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    return [x, y, x + draw(st.integers(0, 4)), y + draw(st.integers(0, 4))]


@st.composite
def images(draw):
    """Detections and targets of up to three images, several of one score and place."""
    found, wanted = [], []
    label = st.sampled_from([0, 0, 0, 1, 2])
    for _ in range(draw(st.integers(1, 3))):
        objects = draw(st.lists(st.tuples(corners(), label), max_size=4))
        boxes, labels = [box for box, _ in objects], [k for _, k in objects]
        more = {"crowd": torch.tensor([draw(st.booleans()) for _ in boxes]).bool()}
        if draw(st.booleans()):
            areas = [draw(st.sampled_from([0.0, 5.0, 6.0, 16.0, 20.0])) for _ in boxes]
            more["area"] = torch.tensor(areas)
        wanted.append(target(boxes, labels, **more))
        guess = st.tuples(corners(), label)
        if objects:
            seen = st.sampled_from(objects)
            guess = st.one_of(seen, seen.map(_nudged), guess)
        guesses = draw(st.lists(guess, max_size=6))
        scores = [draw(st.sampled_from([0.1, 0.5, 0.9])) for _ in guesses]
        boxes, labels = [box for box, _ in guesses], [k for _, k in guesses]
        found.append(detection(boxes, scores, labels))
    return found, wanted


def _nudged(guess):
    """The same box one pixel to the right."""
    (x, y, x2, y2), label = guess
    return [x + 1, y, x2 + 1, y2], label
