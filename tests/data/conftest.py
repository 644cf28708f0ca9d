"""What tests of data share: a cache folder and a web server of their own."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The cache folder of this test, instead of the user's."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("EDULIB_CACHE", str(folder))
    return folder


@pytest.fixture
def server(tmp_path):
    """A server on this machine that gives away what lies in tmp_path."""
    handler = partial(Quiet, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Keeps its log to itself, and cuts off what is called cut.tar.gz."""

    def log_message(self, *args):
        pass

    def copyfile(self, source, target):
        content = source.read()
        cut = self.path.endswith("cut.tar.gz")
        target.write(content[: len(content) // 2] if cut else content)
