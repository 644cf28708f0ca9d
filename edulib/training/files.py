"""Files that are whole or not there: nothing is ever half-written."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that, whatever happens, the old or the new one stands there.

    The content goes to a temporary file beside it, is flushed to the disk, and then
    takes the old file's place in one step.

    Raises:
        OSError: if the disk is full or the folder cannot be written; the file that
            was there before is untouched.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"could not save {path.name}: {error.strerror}. "
            "What was saved there before is untouched; make room and start again",
            str(path.parent),
        ) from error
    finally:
        Path(name).unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Make the file's folder, and refuse one in which no file can be made.

    Called before a training begins, so that hours of work do not end in an error.

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
