"""Pictures as viewers show them, in every type; or one error that names the file."""

import io
import os
import struct
import tempfile
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edulib.pixels import read_image, to_rgb

PATTERN = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
UPRIGHT = {  # what a viewer does for each value of EXIF's tag of orientation
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: lambda x: np.rot90(x),
}


@pytest.mark.parametrize("tag", UPRIGHT)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WebP"])
def test_a_picture_is_upright(tag, kind, tmp_path):
    picture = Image.fromarray(PATTERN)
    tags = picture.getexif()
    tags[0x0112] = tag
    options = {"lossless": True} if kind == "WebP" else {}
    path = tmp_path / f"phone.{kind.lower()}"
    picture.save(path, kind, exif=tags, **options)
    assert np.array_equal(read_image(path), UPRIGHT[tag](PATTERN))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_keep_their_order(kind, tmp_path):
    values = np.linspace(0, 65535, 300).astype(np.uint16)[None]
    path = tmp_path / f"scan.{kind.lower()}"
    Image.fromarray(values).save(path, kind)
    shown = np.asarray(read_image(path))[..., 0]
    assert np.abs(shown / 255 - values / 65535).max() < 0.003
    assert (np.diff(shown.astype(int)) >= 0).all()
    in_memory = Image.fromarray(values)
    assert np.array_equal(to_rgb(in_memory), read_image(path))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("kind", ["PNG", "WebP"])
def test_what_is_transparent_is_white(mode, kind, tmp_path):
    clear = Image.new("RGBA", (4, 2), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (0, 0, 1, 2))
    clear.putpixel((3, 0), (0, 0, 0, 51))
    path = tmp_path / f"logo.{kind.lower()}"
    clear.convert(mode).save(
        path, kind, **({"lossless": True} if kind == "WebP" else {})
    )
    shown = np.asarray(read_image(path))
    assert (shown[:, 0] == 0).all()
    assert (shown[:, 1:3] == 255).all()
    assert mode == "P" or (shown[0, 3] == 204).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV", "LAB"])
def test_other_types_are_as_pil_shows_them(mode):
    picture = Image.fromarray(PATTERN).convert("RGB")
    if mode != "LAB":
        picture = picture.convert(mode)
    assert np.array_equal(to_rgb(picture), picture.convert("RGB"))


@pytest.mark.parametrize("values", [np.float32(0.5), np.int32(70_000)])
def test_a_picture_without_a_white_is_refused(values, tmp_path):
    picture = Image.fromarray(np.full((2, 2), values))
    with pytest.raises(ValueError, match=r"8 or 16 bits, got mode '[FI]': save it"):
        to_rgb(picture)
    picture.save(tmp_path / "depth.tif")
    with pytest.raises(ValueError, match=r"cannot read .*depth\.tif: expected"):
        read_image(tmp_path / "depth.tif")


def written(kind: str) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


FILES = {kind: written(kind) for kind in ("PNG", "JPEG", "WebP", "TIFF", "BMP", "PPM")}


@settings(deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_damaged_file_is_a_picture_or_one_error_that_names_it(kind, data):
    content = bytearray(FILES[kind])
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(
            st.integers(0, 255)
        )
    content = content[: data.draw(st.integers(0, len(content)))]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path, message = Path(folder) / "photo.png", ""
        path.write_bytes(content)
        try:
            assert read_image(path).mode == "RGB"
        except (OSError, ValueError) as error:
            message = str(error)
        assert message == "" or message.startswith(f"cannot read {path}: ")
        assert "\n" not in message


def test_what_is_no_file_is_named(tmp_path):
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")  # which would wait for ever
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere")
    found = {
        "folder": "a folder or",
        "pipe": "a folder or",
        "link": "noth",
        "gone": "n",
    }
    for name, what in found.items():
        with pytest.raises(
            OSError, match=rf"{name}\.png: expected a file, found {what}"
        ):
            read_image(tmp_path / f"{name}.png")


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    Image.new("L", (64, 64)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(OSError, match=r"bomb\.png: .*decompression bomb"):
        read_image(path)


def png(depth, color, row, key, width):
    """A PNG of one row of a bit depth, with one transparent colour."""

    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, 1, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, content)
        for kind, content in (
            (b"IHDR", head),
            (b"tRNS", struct.pack(f">{len(key)}H", *key)),
            (b"IDAT", zlib.compress(b"\0" + row)),
            (b"IEND", b""),
        )
    )


PACKED = {1: [1, 0], 2: [2, 0, 3, 1], 4: [3, 15], 8: [44, 0, 45]}


@pytest.mark.parametrize("depth", PACKED)
def test_a_transparent_grey_is_white_at_every_depth(depth):
    shades = PACKED[depth]
    row = int("".join(f"{shade:0{depth}b}" for shade in shades).ljust(8, "0"), 2)
    row = row.to_bytes(-(-len(shades) * depth // 8), "big")
    file = io.BytesIO(png(depth, 0, row, shades[:1], len(shades)))
    wanted = [255, *(shade * 255 // (2**depth - 1) for shade in shades[1:])]
    assert np.asarray(to_rgb(Image.open(file)))[0, :, 0].tolist() == wanted


@pytest.mark.parametrize("tag", [1, 3, 6])
def test_a_transparent_grey_of_sixteen_bits_is_white(tag, tmp_path):
    path, shades = tmp_path / "scan.png", np.array([[300, 301, 0, 65535]], np.uint16)
    picture = Image.fromarray(shades)
    tags = picture.getexif()
    tags[0x0112] = tag
    picture.save(path, transparency=300, exif=tags)
    shown = np.asarray(read_image(path))[..., 0]
    assert sorted(shown.flatten().tolist()) == [0, 1, 255, 255]


@pytest.mark.parametrize("key", [(300, 40000, 7), (3, 4, 7), (65535, 0, 256)])
def test_a_transparent_colour_of_sixteen_bits_is_white(key):
    row = struct.pack(">6H", *key, 65535, 300, 300)
    picture = Image.open(io.BytesIO(png(16, 2, row, key, 2)))
    assert np.asarray(to_rgb(picture)).tolist() == [[[255] * 3, [255, 1, 1]]]


def test_grey_that_is_multiplied_by_its_opacity():
    clear = Image.new("LA", (2, 1), (100, 255))
    clear.putpixel((0, 0), (0, 0))
    assert np.asarray(to_rgb(clear.convert("La")))[0, :, 1].tolist() == [255, 100]


@pytest.mark.parametrize("other", [None, "a.png", np.zeros((2, 2, 3), np.uint8)])
def test_what_is_no_picture_of_pils_is_refused(other):
    with pytest.raises(ValueError, match=r"a picture of PIL's, got \w+: of an array"):
        to_rgb(other)
