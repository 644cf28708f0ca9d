"""Few scenes or many, shown equally often."""

from edulib.data.splits import Split

SHOWN = 16_000  # scenes that an epoch shows


def few_scenes(train: int, val: int = 2000, image_size: int = 32) -> Split:
    """Scenes of which a few are shown again and again: an epoch is always as long.

    Args:
        train: different training scenes, a divisor of 16,000.
        val: validation scenes, of another seed.
        image_size: side in pixels.
    """
    from edulib.data import Scenes, as_tensors

    images, labels = as_tensors(
        Scenes(SHOWN, image_size, seed=0, scale="large").cached()
    )
    times = SHOWN // train
    shown = images[:train].repeat(times, 1, 1, 1), labels[:train].repeat(times)
    return shown, as_tensors(Scenes(val, image_size, seed=1, scale="large").cached())
