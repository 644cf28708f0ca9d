"""Where a notebook is running: being built for a page, in JupyterLab or on Colab."""

import importlib.util
import os


def is_static() -> bool:
    """Whether outputs are made for the page: set by the executor and by the tests.

    Then everything shows its form without a kernel, byte for byte the same each time.
    """
    return os.environ.get("EOV_STATIC") == "1"


def is_for_pages() -> bool:
    """Whether outputs are to be stored: the executor sets it, the tests do not.

    Then figures are drawn for phones, too, which no test compares.
    """
    return os.environ.get("EOV_STORED") == "1"


def is_colab() -> bool:
    """Whether this process runs on Google Colab."""
    return importlib.util.find_spec("google") is not None and (
        importlib.util.find_spec("google.colab") is not None
    )


def is_live() -> bool:
    """Whether somebody sits at a notebook whose kernel this process is."""
    if is_static():
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
