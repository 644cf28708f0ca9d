"""What tests of several rooms need."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium without network; closed after each module, because kernels of notebooks
    do not start beside it."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        miss = pytest.fail if os.environ.get("CI") else pytest.skip
        miss("there is no chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    flags = [
        *("--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update"),
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()
