"""The built site, served from this machine, and a browser that cannot leave it."""

import os
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NoReturn

import pytest
from playwright.sync_api import Browser
from site_visit import SITE, Visitor


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output free of requests."""


def miss(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Address of the built site."""
    if not (SITE / ".built").exists():
        miss(f"there is no built site in {SITE}: run make book")
    handler = partial(QuietHandler, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def visitor(browser: Browser, site: str, patience: int) -> Visitor:
    """Opens pages of the site in Chromium."""
    return Visitor(browser, site, patience)
