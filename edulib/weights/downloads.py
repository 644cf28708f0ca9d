"""Downloads that are whole, checked and retried, or leave nothing behind."""

import os
import time
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

from edulib.files import atomic_open, check_writable

CHUNK = 1 << 18  # bytes read at a time
TIMEOUT = 20  # seconds without a byte


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
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"download of {path.name} stopped; nothing half-fetched is kept: "
                "call again to start over"
            ) from None
    raise ConnectionError(
        f"could not fetch {url} in {attempts} attempt(s): {reason}. Without a network "
        f"put the file at {path} by hand, or use one of the book's own checkpoints: "
        "edulib.weights.checkpoint.list_checkpoints()"
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
    digest = sha256()
    hidden = bool(os.environ.get("TQDM_DISABLE")) or not progress
    with _open(url) as answer:
        total = int(answer.headers.get("Content-Length") or 0)
        with tqdm(total=total, unit="B", unit_scale=True, disable=hidden) as bar:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
    if total and file.tell() != total:
        raise ConnectionError(f"got {file.tell()} of {total} bytes")
    return digest.hexdigest()


def _open(url: str) -> BinaryIO:
    request = Request(url, headers={"User-Agent": "eras-of-vision"})
    try:
        return urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        raise ConnectionError(f"the server answered {error.code}") from error
    except OSError as error:  # URLError: no network, unknown host, refused
        raise ConnectionError(str(getattr(error, "reason", error))) from error


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
