"""Scenes that are drawn once: as bytes in memory, and in the user's cache folder."""

import io
import json
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from edulib.data.cache import Cache
from edulib.data.scenes.drawing import draw_map, draw_picture
from edulib.data.scenes.objects import KINDS
from edulib.data.scenes.options import Options
from edulib.data.scenes.scene import Scene, assemble, words_of
from edulib.data.scenes.visibility import visible_plan

BLOCK = 1000  # scenes in a file: what Ctrl-C loses at most, what two lengths share


class Store:
    """Scenes with all of their annotations, 38 kB each at 96 pixels.

    Of each is kept the picture, one byte for what each pixel shows, and the words.
    What was not drawn before with the same options and seed is drawn now.

    Args:
        options: which scenes.
        seed: of the collection.
        length: number of scenes.
    """

    def __init__(self, options: Options, seed: int, length: int) -> None:
        folder = Cache("scenes")
        self._blocks = []
        for start in range(0, length, BLOCK):
            span = range(start, min(start + BLOCK, length))
            content = folder.get(
                _key(options, seed, span), lambda span=span: _draw(options, seed, span)
            )
            with np.load(io.BytesIO(content)) as arrays:
                self._blocks.append(dict(arrays))

    def labeled(self, index: int) -> tuple[np.ndarray, int]:
        """Return a scene's picture (H, W, 3) uint8 and its label."""
        picture, _, words = self._get(index)
        return picture, KINDS.index(words["kinds"][0])

    def scene(self, index: int) -> Scene:
        """Return a scene; its arrays are the caller's own."""
        picture, numbers, words = self._get(index)
        return assemble(picture, numbers, words)

    def _get(self, index: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Return picture, what ``draw_map`` returned, and words of a scene."""
        block, place = divmod(index, BLOCK)
        kept = self._blocks[block]
        words = json.loads(kept["words"][place])
        numbers = np.array(words.pop("numbers"), np.int32)
        return kept["pictures"][place].copy(), numbers[kept["maps"][place]], words


def _draw(options: Options, seed: int, span: range) -> bytes:
    """Return the file of a block of scenes.

    A map holds numbers up to 575, but fewer than 256 different ones in one scene (at
    most 8 objects of 7 parts, and 13 kinds of stuff): its pixels are positions among
    these.
    """
    size = options.image_size
    pictures = np.empty((len(span), size, size, 3), np.uint8)
    maps = np.empty((len(span), size, size), np.uint8)
    words = []
    for k, index in enumerate(span):
        plan = visible_plan(options, seed, index)
        pictures[k] = draw_picture(plan, size)
        numbers, places = np.unique(draw_map(plan, size), return_inverse=True)
        maps[k] = places.reshape(size, size)
        told = {**words_of(plan, seed, index), "numbers": numbers.tolist()}
        words.append(json.dumps(told).encode())
    file = io.BytesIO()
    np.savez_compressed(file, pictures=pictures, maps=maps, words=np.array(words))
    return file.getvalue()


def _key(options: Options, seed: int, span: range) -> str:
    """Return a name for all that a block's bytes depend on."""
    told = repr(replace(options, objects=options.span))
    return sha256(repr((_version(), told, seed, span)).encode()).hexdigest()[:40]


@cache
def _version() -> str:
    """Return a digest of the code that draws.

    Not a number to be raised by hand: it would be forgotten once, and old pictures
    would be taken for new ones in silence. A changed comment costs a drawing. Pillow
    fills the outlines, and its version counts, too.
    """
    digest = sha256(PIL.__version__.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
