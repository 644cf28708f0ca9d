"""Digits as the chapter on convolution divides them."""

from edulib.data.splits import Split, digits


def swapped_digits(image_size: int = 16) -> Split:
    """Few digits to learn from and many to test on: the two sets exchanged."""
    train, test = digits(image_size)
    return test, train
