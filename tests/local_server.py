"""A web server on this machine that serves one file, and can fail on purpose."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalServer:
    """What is served and how, and how often it was asked for.

    The first answers fail, each in the way that ``failures`` names: "404", "503", "cut"
    (the connection ends half-way), "short" (half the file, as if it were all), "other"
    (something else of the same length), "many" (which is said to be the length).
    Later answers are right; "unsaid" ones do not say how long they are.
    """

    def __init__(self, content: bytes, failures: tuple[str, ...] = ()) -> None:
        self.content = content
        self.failures = failures
        self.asked = 0
        self.address = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked += 1
        failure = dict(enumerate(self.failures, 1)).get(self.asked)
        if failure in ("404", "503"):
            request.send_error(int(failure))
            return
        half = self.content[: len(self.content) // 2]
        body = {"cut": half, "short": half, "other": bytes(len(self.content))}
        body = body.get(failure, self.content)
        length = len(self.content if failure == "cut" else body)
        request.send_response(200)
        if failure != "unsaid":
            said = "many" if failure == "many" else str(length)
            request.send_header("Content-Length", said)
        request.end_headers()
        request.wfile.write(body)


@contextmanager
def serve(content: bytes, failures: tuple[str, ...] = ()) -> Iterator[LocalServer]:
    server = LocalServer(content, failures)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        server.address = f"http://127.0.0.1:{http.server_port}"
        yield server
        http.shutdown()
        thread.join()
