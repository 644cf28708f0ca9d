"""Scenes prepared as the paper prepares its images: the mean colour is subtracted."""

from edulib.data.splits import Split, scenes


def centred_scenes(scale: float, train: int = 4000, val: int = 2000) -> Split:
    """Scenes of 32 pixels with large objects, less the training set's mean colour.

    Args:
        scale: factor for the differences to the mean. 255 gives the paper's range of
            pixels, which it does not reduce; 4 gives a standard deviation near 1.
        train: number of training images.
        val: number of validation images, from another seed.
    """
    train_set, val_set = scenes(train, val, 32, scale="large", cached=True)
    mean = train_set[0].mean((0, 2, 3), keepdim=True)
    return tuple((scale * (x - mean), labels) for x, labels in (train_set, val_set))
