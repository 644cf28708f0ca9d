"""What holds for every test: kernels and workers inherit this environment."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edulib.authoring.execute import ENVIRONMENT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


collect_ignore_glob = ["tests/chapters/*/wrong_answers.py"]  # one name for all


def pytest_configure(config: pytest.Config) -> None:
    """Run notebooks as the executor does, from whichever folder pytest was started."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    if config.getoption("nbval", False) or config.getoption("nbval_lax", False):
        os.environ.update(ENVIRONMENT)
        sanitizer = Path(__file__).with_name("sanitize.cfg")
        config.option.nbval_sanitize_with = str(sanitizer)
        _keep_kernels_apart(config)


def _keep_kernels_apart(config: pytest.Config) -> None:
    """Let kernels talk over files: two workers may find the same ports free."""
    if os.name != "posix":
        return
    import nbval.kernel

    folder = tempfile.TemporaryDirectory(prefix="kernels-")
    config.add_cleanup(folder.cleanup)
    manager, numbers = nbval.kernel.KernelManager, count()

    def make_manager(**options: object) -> object:
        place = f"{folder.name}/{next(numbers)}"
        return manager(transport="ipc", ip=place, **options)

    nbval.kernel.KernelManager = make_manager


@pytest.fixture(scope="session")
def patience() -> int:
    """Milliseconds to wait for a state: those of a machine busy with something else."""
    return 120_000


@pytest.fixture(scope="module")
def browser(patience: int) -> "Iterator[Browser]":
    """Chromium that reaches this machine only, one for each module.

    It is closed between them: in one process with it, kernels of notebooks fail.
    """
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        miss = pytest.fail if os.environ.get("CI") else pytest.skip
        miss("there is no chromium: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=patience)
    flags = [
        *("--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update"),
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser: "Browser", patience: int) -> "Page":
    """An empty page, shared by a module."""
    page = browser.new_page()
    page.set_default_timeout(patience)
    return page
