"""The figure of an output pixel, its window and its sum."""

import re

import pytest
import torch
from torch.nn import functional as F

from edulib.chapters.convolution.window import convolution_demo

SOBEL = torch.tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def some_image(size: int = 9) -> torch.Tensor:
    return torch.randint(256, (size, size), generator=torch.Generator().manual_seed(3))


def expected(image, stride, dilation):
    result = F.conv2d(
        image.double()[None, None],
        SOBEL.double()[None, None],
        None,
        stride,
        0,
        dilation,
    )
    return result[0, 0].long()


def products(page) -> int:
    """Add up the products that the table shows."""
    cells = page.locator("td").all_inner_texts()
    pairs = [cell.replace("\u2212", "-").split(" × ") for cell in cells]
    return sum(int(pixel) * int(weight) for pixel, weight in pairs)


def said(page) -> tuple[int, int, int]:
    text = page.inner_text("[role=status]").replace("\u2212", "-")
    return tuple(int(n) for n in re.findall(r"-?\d+", text))


@pytest.mark.browser
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (2, 3)])
def test_every_click_shows_the_window_and_the_sum_of_torch(page, stride, dilation):
    image = some_image()
    right = expected(image, stride, dilation)
    shown = convolution_demo(image, SOBEL, stride=stride, dilation=dilation)
    page.set_content(shown._repr_html_())
    for i in range(right.shape[0]):
        for j in range(right.shape[1]):
            page.locator("button").nth(i * right.shape[1] + j).click()
            assert said(page) == (i + 1, j + 1, int(right[i, j]))
            assert products(page) == int(right[i, j])
            seen = page.eval_on_selector_all(
                ".eov-grid span",
                "all => all.flatMap((e, n) => e.matches('.eov-seen') ? [n] : [])",
            )
            steps = [dilation * k for k in range(3)]
            wanted = [
                (i * stride + u) * 9 + j * stride + v for u in steps for v in steps
            ]
            assert seen == wanted


@pytest.mark.browser
def test_arrow_keys_move_and_one_pixel_is_in_the_tab_order(page):
    page.set_content(convolution_demo(some_image(), SOBEL, start=(2, 3))._repr_html_())
    right = expected(some_image(), 1, 1)
    assert said(page) == (3, 4, int(right[2, 3]))
    assert products(page) == right[2, 3]
    page.keyboard.press("Tab")
    for key, place in [
        ("ArrowRight", (2, 4)),
        ("ArrowDown", (3, 4)),
        ("Home", (3, 0)),
        ("ArrowLeft", (3, 0)),
        ("ArrowUp", (2, 0)),
        ("End", (2, 6)),
    ]:
        page.keyboard.press(key)
        row, column = place
        assert said(page) == (row + 1, column + 1, int(right[place]))
        focused = page.evaluate("document.activeElement.ariaLabel")
        assert focused == f"row {row + 1}, column {column + 1}"
        assert page.locator("button[tabindex='0']").count() == 1


@pytest.mark.parametrize(
    ("image", "more", "message"),
    [
        (torch.rand(5, 5), {}, r"image as a matrix of whole numbers.*\(5, 5\)"),
        (torch.zeros(1, 5, 5), {}, r"whole numbers, got shape \(1, 5, 5\)"),
        (torch.zeros(4, 4), {"dilation": 2}, r"fits .*\(4, 4\), got .* dilation 2"),
        (torch.zeros(4, 4), {"start": (2, 0)}, r"output \(2, 2\), got \(2, 0\)"),
    ],
)
def test_bad_input_is_named(image, more, message):
    with pytest.raises(ValueError, match=message):
        convolution_demo(image, SOBEL, **more)
