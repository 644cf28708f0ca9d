"""Files that are whole or not there: nothing is ever half-written."""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


@contextmanager
def atomic_open(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing so that the old or the new one stands there, always.

    What is written goes to a temporary file beside it, is flushed to the disk at the
    end, and takes the old file's place in one step; after an error nothing does.

    Raises:
        OSError: if the disk is full or the folder cannot be written; the file that
            was there before is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OSError(
            error.errno,
            f"no room to save {path.name}: free some space and start again; "
            "what was saved there before is untouched",
            str(path.parent),
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write(path: Path, content: bytes) -> None:
    """Write a file at once, by :func:`atomic_open`; its permissions stay."""
    with atomic_open(path) as file:
        file.write(content)


def remove_leftovers(path: Path) -> None:
    """Remove temporary files of a file that a killed process left beside it.

    Only for a file that one process at a time writes.
    """
    left = re.compile(re.escape(f".{path.name}.") + "[0-9a-f]{32}")
    for file in path.parent.iterdir():
        if left.fullmatch(file.name):
            file.unlink(missing_ok=True)


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file, unless it holds just this; return whether it was written."""
    if path.exists() and path.read_bytes() == content:
        return False
    atomic_write(path, content)
    return True


def check_writable(path: Path) -> None:
    """Make the file's folder, and refuse one in which no file can be made.

    Called before a training or a download begins, so that hours of work do not end in
    an error.

    Raises:
        OSError: if the folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OSError(
            error.errno,
            f"cannot write to the folder of {path.name} ({error.strerror}): "
            "choose another folder, or change its permissions",
            str(path.parent),
        ) from error
