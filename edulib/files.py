"""Files that are whole or not there: nothing is ever half-written."""

import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

FULL = (errno.ENOSPC, errno.EDQUOT)
SHORTER = "choose a name of 200 letters at most"
IDLE = 600  # seconds after which a half-fetched file is a killed process's
NAME_SHOWN = 40  # letters


@contextmanager
def atomic_open(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing so that the old or the new one stands there, always.

    What is written goes to a temporary file beside it, is flushed to the disk at the
    end, and takes the old file's place in one step; after an error nothing does. What
    a killed process left of it some time ago is removed.

    Raises:
        OSError: if the disk is full or the folder cannot be written; the file that
            was there before is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path, idle=IDLE)
    temporary = _temporary(path)
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise _no_room(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write(path: Path, content: bytes) -> None:
    """Write a file at once, by :func:`atomic_open`; its permissions stay."""
    with atomic_open(path) as file:
        file.write(content)


def remove_leftovers(path: Path, idle: float = 0) -> None:
    """Remove temporary files of a file that a killed process left beside it.

    Args:
        path: the file.
        idle: seconds for which they were not written to; 0 only for a file that one
            process at a time writes.
    """
    left = re.compile(re.escape(f".{path.name}.") + "[0-9a-f]{32}")
    with suppress(OSError):  # a folder that may be written to, but not listed
        found = [file for file in path.parent.iterdir() if left.fullmatch(file.name)]
        for file in found:
            with suppress(OSError):  # another process was quicker, or owns it
                if time.time() - file.stat().st_mtime >= idle:
                    file.unlink()


def remove_idle_folders(root: Path, prefix: str, idle: float) -> None:
    """Remove folders that killed processes left: nothing was written to them lately.

    Args:
        root: where they lie.
        prefix: what their names begin with.
        idle: seconds.
    """
    for folder in root.glob(f"{prefix}*"):
        with suppress(OSError):
            inside = (folder, *folder.rglob("*"))
            if time.time() - max(path.lstat().st_mtime for path in inside) >= idle:
                shutil.rmtree(folder)


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file, unless it holds just this; return whether it was written."""
    if path.exists() and path.read_bytes() == content:
        return False
    atomic_write(path, content)
    return True


def check_writable(path: Path, content: bytes = b"") -> None:
    """Make the file's folder, and write a file such as this one, which is removed.

    Called before a training or a download begins, so that hours of work do not end in
    an error: of permissions, of a name that is too long, of a disk that is full.

    Args:
        path: the file.
        content: something as large as what will be written, if that is known.

    Raises:
        OSError: if the folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary(path)
        try:
            temporary.write_bytes(content)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in FULL:
            raise _no_room(path, error) from error
        long = error.errno == errno.ENAMETOOLONG
        raise OSError(
            error.errno,
            f"cannot write {path.name[:NAME_SHOWN]} to its folder ({error.strerror}): "
            + (SHORTER if long else "choose another folder, or change its permissions"),
            str(path.parent),
        ) from error


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid4().hex}")


def _no_room(path: Path, error: OSError) -> OSError:
    return OSError(
        error.errno,
        f"no room to save {path.name}: free some space and start again; "
        "what was saved there before is untouched",
        str(path.parent),
    )
