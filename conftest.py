"""What holds for every test: kernels and workers inherit this environment."""

import os
from pathlib import Path

import pytest

from edulib.book.execute import ENVIRONMENT


def pytest_configure(config: pytest.Config) -> None:
    """Run notebooks as the executor does, from whichever folder pytest was started."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    if config.getoption("nbval", False) or config.getoption("nbval_lax", False):
        os.environ.update(ENVIRONMENT)
        sanitizer = Path(__file__).with_name("sanitize.cfg")
        config.option.nbval_sanitize_with = str(sanitizer)
