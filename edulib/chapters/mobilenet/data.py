"""The scenes by which the chapter's learning rates are chosen."""

from edulib.data.splits import Split


def scenes_to_choose(train: int, val: int, image_size: int = 64) -> Split:
    """The training scenes of the comparisons, and others than those of their test."""
    from edulib.data import Scenes, as_tensors

    sets = (
        Scenes(length, image_size, seed=seed, scale="large")
        for length, seed in ((train, 0), (val, 2))
    )
    return tuple(as_tensors(one.cached()) for one in sets)
