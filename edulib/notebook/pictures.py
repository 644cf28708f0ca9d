"""Images of every kind as WebP, small and the same bytes each time.

A figure has a palette if it looks the same with one, and then loses nothing more: a
drawing takes a third of the bytes so, and its letters stay sharp.
"""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edulib.drawing.phone import smallest_letter
from edulib.pixels import to_rgb, with_palette

if TYPE_CHECKING:
    from PIL.Image import Image

_FIGURE_DPI = 144
_POINTS = 72  # an inch
_PAGE_WIDTH = 700
_QUALITY = 85
_DRAWN = 4096  # colours that a drawing may have; one with a photograph has many more
_TINY = 128
_TINY_SHOWN = 280


@dataclass(frozen=True)
class Picture:
    """An encoded image and the size at which it is shown.

    Attributes:
        data: the WebP file.
        width: shown width, in CSS pixels.
        height: shown height, in CSS pixels.
        pixelated: whether the pixels are to be seen as squares.
        letters: size of its smallest letter as shown, in CSS pixels, if it is known.
    """

    data: bytes
    width: int
    height: int
    pixelated: bool
    letters: float | None = None

    @property
    def uri(self) -> str:
        """The image as an address that an `<img>` can show."""
        return f"data:image/webp;base64,{base64.b64encode(self.data).decode()}"


def encode(image: object, width: int | None = None) -> Picture:
    """Encode an image or a figure.

    Args:
        image: a matplotlib figure (which is closed), a PIL image (shown upright, and
            white where it is transparent), or a tensor or array (H, W), (1, H, W),
            (3, H, W) or (H, W, 3), with values in [0, 1], or uint8.
        width: shown width, in CSS pixels; figures default to their own size, images
            to theirs, and images of less than 128 pixels are enlarged with sharp
            edges.

    Raises:
        TypeError: if it is none of these.
        ValueError: if the shape or the range of the values is not as described.
    """
    if width is not None and width < 1:
        raise ValueError(f"expected a width of at least 1 pixel, got {width}")
    if hasattr(image, "savefig"):
        return _encode_figure(image, width)
    return _encode_image(_to_pil(image), width)


def encode_all(images: Iterable[object], width: int | None = None) -> list[Picture]:
    """Encode a list of images or figures, or a tensor (N, C, H, W)."""
    return [encode(image, width) for image in images]


def _encode_figure(figure: object, width: int | None) -> Picture:
    import matplotlib.pyplot as plt
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_FIGURE_DPI)
    plt.close(figure)
    image = Image.open(buffer).convert("RGB")
    natural = figure.get_size_inches()[0] * _POINTS
    shown = width or min(_PAGE_WIDTH, round(natural))
    letter = smallest_letter(figure)
    letters = round(letter * shown / natural, 2) if letter else None
    files = [_webp(image, _QUALITY)]
    is_drawing = image.getcolors(_DRAWN) is not None
    if is_drawing and (few := with_palette(image)) is not None:
        files.append(_webp(few.convert("RGB"), None))
    data = min(files, key=len)
    return Picture(data, shown, _height(image, shown), False, letters)


def _encode_image(image: "Image", width: int | None) -> Picture:
    tiny = max(image.size) <= _TINY
    factor = max(1, _TINY_SHOWN // max(image.size)) if tiny else 1
    shown = width or min(_PAGE_WIDTH, factor * image.width)
    data = _webp(image, None if tiny else _QUALITY)
    return Picture(data, shown, _height(image, shown), tiny)


def _webp(image: "Image", quality: int | None) -> bytes:
    """Return an image as a WebP file, without loss if no quality is given."""
    buffer = io.BytesIO()
    options = {"lossless": True} if quality is None else {"quality": quality}
    image.save(buffer, format="WEBP", method=6, **options)
    return buffer.getvalue()


def _height(image: "Image", width: int) -> int:
    """Return the height at which an image of a shown width is shown."""
    return max(1, round(width * image.height / image.width))


def _to_pil(image: object) -> "Image":
    import numpy as np
    from PIL import Image

    if isinstance(image, Image.Image):
        return to_rgb(image)
    if hasattr(image, "detach"):
        small = image.is_floating_point() and image.element_size() < 4  # for NumPy
        image = (image.float() if small else image).detach().cpu().numpy()
    if not isinstance(image, np.ndarray):
        raise TypeError(
            "expected a figure, a PIL image, a tensor or an array, got "
            f"{type(image).__name__}"
        )
    pixels = _channels_last(image)
    if pixels.dtype.kind not in "biuf" or not pixels.size:
        raise ValueError(
            f"expected numbers, got {pixels.dtype} of shape {pixels.shape}"
        )
    if pixels.dtype != np.uint8:
        low, high = float(pixels.min()), float(pixels.max())
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"expected values in [0, 1], got {low:.3g} to {high:.3g}: use "
                "normalize_image or normalize_signed of edulib.drawing"
            )
        pixels = (pixels * 255).round().astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB")


def _channels_last(image: "np.ndarray") -> "np.ndarray":  # noqa: F821
    shape = image.shape
    if image.ndim == 2:
        return image
    if image.ndim == 3 and shape[0] == 1:
        return image[0]
    if image.ndim == 3 and shape[0] == 3:
        return image.transpose(1, 2, 0)
    if image.ndim == 3 and shape[2] == 3:
        return image
    raise ValueError(
        f"expected images (H, W), (1, H, W), (3, H, W) or (H, W, 3), got {tuple(shape)}"
    )
