"""Files that take long to make and may be lost: the user's cache folder."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from edulib.files import atomic_write

NAME = "eras-of-vision"
SUFFIX = ".cached"
LIMIT = 10**9  # bytes of a cache; 5,000 annotated scenes of 96 pixels take 0.03 of it


def cache_folder() -> Path:
    """Return the folder for what can be made again; it need not exist.

    It is ``$EDULIB_CACHE`` or ``$XDG_CACHE_HOME/eras-of-vision`` where one is set,
    otherwise ``eras-of-vision`` in what the system keeps caches in: ``~/.cache``,
    ``~/Library/Caches`` (macOS), ``%LOCALAPPDATA%`` (Windows).

    Raises:
        RuntimeError: if the user has no home.
    """
    if os.environ.get("EDULIB_CACHE"):
        return Path(os.environ["EDULIB_CACHE"]).expanduser()
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():  # others are to be ignored, says its specification
        return given / NAME
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / NAME
    return Path.home() / ".cache" / NAME


class Cache:
    """Contents by key, in a folder that is kept below a size.

    A file that was cut off or changed counts as missing, one that cannot be written
    is done without: the cache makes things faster and never fails. Files appear whole,
    so that several processes may share it.

    Args:
        name: of the folder within :func:`cache_folder`.
        limit: bytes; beyond, what was used longest ago is deleted, but nothing that
            was asked for through this object.
    """

    def __init__(self, name: str, limit: int = LIMIT) -> None:
        self.limit = limit
        self._asked: set[Path] = set()
        self._folder = None
        with suppress(RuntimeError):
            self._folder = cache_folder() / name

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """Return what is kept under a key, made now if it is not there.

        Args:
            key: a file name without suffix: says all that the content depends on.
            make: returns the content.
        """
        if self._folder is None:
            return make()
        path = self._folder / f"{key}{SUFFIX}"
        self._asked.add(path)
        content = _read(path)
        if content is None:
            content = make()
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(path, sha256(content).digest() + content)
                self._evict()
        return content

    def _evict(self) -> None:
        """Delete files, the longest unused first, until the rest is small enough."""
        files = []
        for path in self._folder.glob(f"*{SUFFIX}*"):  # and of killed processes
            with suppress(OSError):
                state = path.stat()
                files.append((state.st_mtime_ns, state.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.limit:
                return
            if path not in self._asked:
                with suppress(OSError):
                    path.unlink()
                    total -= size


def _read(path: Path) -> bytes | None:
    """Return a file's content and note that it was used; None if it is not whole."""
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    size = sha256().digest_size
    if sha256(whole[size:]).digest() != whole[:size]:
        return None
    with suppress(OSError):
        os.utime(path)
    return whole[size:]
