"""Digits as the trainings on small batches divide them."""

from edulib.data.splits import Split, digits


def few_digits(image_size: int = 16) -> Split:
    """355 digits to learn from and 1,442 to test on: the two sets exchanged.

    A difference between two error rates counts sooner when the test set is large.
    """
    train, test = digits(image_size)
    return test, train
