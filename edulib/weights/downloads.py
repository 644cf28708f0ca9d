"""Downloads that are whole, checked and retried, or leave nothing behind."""

import os
import time
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from edulib.files import atomic_open, check_writable

CHUNK = 1 << 18  # bytes read at a time
TIMEOUT = 20  # seconds without a byte
GRACE, SLOWEST = 60, 1000  # seconds, and bytes a second on average afterwards
LARGEST = 8 << 30  # bytes of an answer
AGAIN = (408, 425, 429)  # answers below 500 after which another try makes sense


def fetch(
    url: str,
    folder: str | Path,
    hash_prefix: str,
    *,
    attempts: int = 3,
    pause: float = 1.0,
    progress: bool = True,
) -> Path:
    """Return a file from the network, from the cache folder if it is there and whole.

    Args:
        url: its address; the last part is its name in the folder.
        folder: the cache.
        hash_prefix: first hexadecimal digits of its SHA-256.
        attempts: how often the network is tried.
        pause: seconds before the second attempt; doubled before each further one.
        progress: whether to show a bar.

    Raises:
        ConnectionError: if every attempt failed, for want of a network, say.
        ValueError: if what comes does not have the hash.
        OSError: if the folder cannot be written or the disk is full.
        KeyboardInterrupt: on Ctrl-C; nothing half-fetched is kept.
    """
    path = Path(folder) / url.rsplit("/", 1)[-1]
    if path.is_dir():
        raise IsADirectoryError(f"expected a file at {path}, found a folder: move it")
    if path.exists() and file_hash(path).startswith(hash_prefix):
        return path
    check_writable(path)
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            return _fetch_once(url, path, hash_prefix, progress)
        except (ConnectionError, HTTPException, TimeoutError) as error:
            reason = error
            if isinstance(error, RefusedError):
                break
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"download of {path.name} stopped; nothing half-fetched is kept: "
                "call again to start over"
            ) from None
    raise ConnectionError(
        f"could not fetch {url} in {attempt + 1} attempt(s): {reason}. Without a "
        f"network put the file at {path} by hand, or use one of the book's own "
        "checkpoints: edulib.weights.checkpoint.list_checkpoints()"
    ) from reason


def _fetch_once(url: str, path: Path, hash_prefix: str, progress: bool) -> Path:
    with atomic_open(path) as file:
        digits = _receive(url, file, progress)
        if not digits.startswith(hash_prefix):
            raise ValueError(
                f"{url} gave a file whose SHA-256 begins with {digits[:12]}, expected "
                f"{hash_prefix}: it was not kept. Something between here and the "
                "server changes files (a proxy or log-in page?); try another network"
            )
    return path


def _receive(url: str, file: BinaryIO, progress: bool) -> str:
    """Copy what the address gives into a file, and return its SHA-256."""
    from tqdm import tqdm  # which a bare machine with a GPU may lack

    digest = sha256()
    hidden = bool(os.environ.get("TQDM_DISABLE")) or not progress
    with _open(url) as answer:
        total = _length(answer)
        start = time.monotonic()
        with tqdm(total=total, unit="B", unit_scale=True, disable=hidden) as bar:
            while chunk := answer.read1(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
                _check_pace(file.tell(), total, time.monotonic() - start)
    if total and file.tell() != total:
        raise ConnectionError(f"got {file.tell()} of {total} bytes")
    return digest.hexdigest()


class RefusedError(ConnectionError):
    """An answer that another try would not change."""


def _length(answer: BinaryIO) -> int:
    """Return how many bytes an answer says it has; 0 if it does not say."""
    said = answer.headers.get("Content-Length") or "0"
    if not said.isdecimal():
        raise ConnectionError(f"the server says {said!r} as the number of bytes")
    if int(said) > LARGEST:
        raise RefusedError(f"the server says {said} bytes, at most {LARGEST} are taken")
    return int(said)


def _check_pace(got: int, total: int, seconds: float) -> None:
    """Give up what would never end: a trickle, and an answer without a length."""
    if seconds > GRACE and got < SLOWEST * seconds:
        raise ConnectionError(f"only {got} bytes came in {seconds:.0f} s")
    if got > (total or LARGEST):
        raise ConnectionError(f"more than {total or LARGEST} bytes came")


def _open(url: str) -> BinaryIO:
    request = Request(url, headers={"User-Agent": "eras-of-vision"})
    try:
        return urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        final = error.code < 500 and error.code not in AGAIN
        kind = RefusedError if final else ConnectionError
        raise kind(f"the server answered {error.code}") from error
    except OSError as error:  # URLError: no network, unknown host, refused
        raise ConnectionError(str(getattr(error, "reason", error))) from error


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
