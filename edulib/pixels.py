"""Pictures of PIL's as every viewer shows them: upright, of their whole range, opaque.

PIL itself drops the tag that says which side is up, cuts 16 bits off at white, and
shows what lies beneath transparent pixels: pixels would change without a word.

And pictures with a palette that look as they did, for small files.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
TRANSPARENT = ("RGBA", "LA", "PA", "RGBa", "La")
# Colours of a palette, the share of the pixels that may change visibly, and by how much
# all may change in the mean, of 255: with few colours, shades would show as steps.
PALETTES = (
    *((24, 0.001, 1), (32, 0.001, 1), (64, 0.001, 1)),
    *((96, 0.001, 4), (128, 0.003, 4), (256, 0.01, 6)),
)
_FACTORS = {"L;2": 85, "L;4": 17, "RGB;16B": 1 / 256}  # to 8 bits, by PIL's names
_VISIBLE = 32  # difference of a colour value, of 255
_ROUNDS = 3  # of k-means, after which 128 colours are as good as 256 before


class UnknownRangeError(ValueError):
    """A picture of which nobody knows what is white."""


def read_image(path: str | Path) -> "Image":
    """Read an image file as RGB of 8 bits, upright, transparent parts white.

    Raises:
        OSError: if it is no whole image; says which file.
        ValueError: if its pixels are floating-point numbers or of 32 bits: nobody
            knows which of them is white.
    """
    from PIL import Image

    try:
        if not Path(path).is_file():  # a pipe would be waited for
            found = "a folder or a pipe" if Path(path).exists() else "nothing"
            raise OSError(f"expected a file, found {found}")
        with Image.open(path) as image:
            return to_rgb(image)
    except UnknownRangeError as error:
        raise UnknownRangeError(f"cannot read {path}: {error}") from error
    except Exception as error:  # of a bad file PIL raises a dozen kinds
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise OSError(f"cannot read {path}: {reason}") from error


def to_rgb(image: "Image") -> "Image":
    """Return a picture as RGB of 8 bits, upright, transparent parts white.

    Raises:
        ValueError: if it is no picture of PIL's, or its pixels are floating-point
            numbers or of 32 bits.
    """
    from PIL import Image

    if not isinstance(image, Image.Image):
        kind = type(image).__name__
        raise ValueError(
            f"expected a picture of PIL's, got {kind}: of an array take Image.fromarray"
        )
    key = _transparent(image)
    image.load()
    mode, kind = image.mode, image.format
    image = _upright(image)
    if "transparency" in image.info:
        image.info["transparency"] = key
    if mode in SIXTEEN_BITS or (mode == "I" and kind in ("PNG", "PPM")):
        image = _of_eight_bits(image)
    elif mode in ("I", "F"):
        raise UnknownRangeError(
            f"expected an image of 8 or 16 bits, got mode {mode!r}: save it with "
            "values from 0 to 255"
        )
    if mode == "La":  # from which PIL goes no other way
        image = image.convert("LA")
    if mode in TRANSPARENT or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _transparent(image: "Image") -> int | tuple[int, ...] | bytes | None:
    """Return the transparent colour of a picture as its pixels will show it, if any.

    PIL stretches 2 and 4 bits to 8, and cuts colours of 16, but leaves this one as it
    stands in the file.
    """
    key, tiles = image.info.get("transparency"), getattr(image, "tile", None)
    factor = _FACTORS.get(str(tiles[0][3])) if tiles else None
    if factor is None or not isinstance(key, int | tuple):
        return key
    if isinstance(key, tuple):
        return tuple(int(value * factor) for value in key)
    return int(key * factor)


def _of_eight_bits(image: "Image") -> "Image":
    """Return a grey picture of 16 bits as one of 8, its transparent shade as white."""
    import numpy as np
    from PIL import Image

    values = np.asarray(image).astype(np.uint32)
    shades = ((values + 128) // 257).astype(np.uint8)
    shades[values == image.info.get("transparency", -1)] = 255
    return Image.fromarray(shades)


def with_palette(image: "Image") -> "Image | None":
    """Return a picture with the smallest palette with which it looks as it does.

    Args:
        image: RGB.

    Returns:
        A picture with a palette; None if no palette will do.
    """
    import numpy as np
    from PIL import Image

    exact = np.asarray(image, int)
    for colors, tolerated, in_the_mean in PALETTES:
        few = image.quantize(
            colors, Image.Quantize.MEDIANCUT, _ROUNDS, dither=Image.Dither.NONE
        )
        change = np.abs(np.asarray(few.convert("RGB"), int) - exact).max(axis=2)
        if change.mean() <= in_the_mean and (change > _VISIBLE).mean() <= tolerated:
            return few
    return None


def _upright(image: "Image") -> "Image":
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # of a tag that says nothing, the picture is good
        return image.copy()
