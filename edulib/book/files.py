"""Files that are built: written only if they change, and never by halves."""

import os
import tempfile
from pathlib import Path


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file, unless it holds just this; say whether it was written."""
    if path.exists() and path.read_bytes() == content:
        return False
    replace_file(path, content)
    return True


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in one step: an interruption leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
