"""Scenes for detectors and segmenters: sizes mixed, in depth, some of them crowded."""

from collections.abc import Callable
from dataclasses import replace

from edulib.data.scenes.dataset import Scenes


def detection_scenes(
    length: int,
    image_size: int = 128,
    *,
    seed: int = 0,
    target: str = "boxes",
    objects: int | tuple[int, int] = (1, 6),
    crowds: int = 25,
    transforms: Callable | None = None,
) -> Scenes:
    """Make scenes to train and to judge detectors on.

    They differ from those of ``Scenes`` in four ways:

    - sizes are mixed in one picture (``scale="mixed"``): nine of ten boxes have a
      longer side between 0.14 and 0.66 of the picture's;
    - objects stand in depth, the lower before the higher, the main one among them.
      Where it would be hidden, it comes to the front;
    - in a crowd two to four objects of the main one's kind, of about one size, stand
      so close that their boxes overlap. Of an object in a picture with a crowd, a
      quarter has to be seen, otherwise 40 %;
    - masks of bicycles are filled between spokes and tubes. What is behind is seen
      there, but a mask of wires cannot be represented at a network's strides, and
      annotators of photographs, too, mostly draw the outline.

    Args:
        length: number of scenes.
        image_size: side of the square pictures, in pixels: 32 to 256.
        seed: which world; scenes of two seeds have nothing in common.
        target: what an item's second half is, as in ``Scenes``.
        objects: how many objects a scene may hold: a number, or (fewest, most).
        crowds: per cent of the scenes that hold a crowd. The others are the same
            whatever this is.
        transforms: called as ``transforms(image, target)``.

    Raises:
        ValueError: if an argument is outside its range.

    Example:
        >>> scenes = detection_scenes(500, seed=1)
        >>> image, target = scenes[0]
        >>> sorted(target)
        ['boxes', 'labels']
    """
    scenes = Scenes(
        length,
        image_size,
        seed=seed,
        target=target,
        objects=objects,
        scale="mixed",
        transforms=transforms,
    )
    scenes.options = replace(scenes.options, crowds=crowds, in_depth=True, filled=True)
    return scenes
