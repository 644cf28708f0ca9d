"""Where the repository and its site are: the one place to ask, and how to move it."""

import re
from pathlib import Path

from edulib.files import atomic_write

ADDRESS = "https://github.com/eras-of-vision/eras-of-vision"

_GITHUB = re.compile(r"https://github\.com/(?P<owner>[^/]+)/(?P<name>[^/]+)")
_BUILT = {"build", "_build", "dist", "__pycache__", "node_modules"}
_URL = re.compile(r"https://[\w.-]+(/[\w.-]+){2,}")


def site_address(address: str = ADDRESS) -> str:
    """Return where the site of a repository on GitHub is; nothing for another host."""
    found = _GITHUB.fullmatch(address)
    return f"https://{found['owner']}.github.io/{found['name']}" if found else ""


def move_address(new: str, root: Path) -> list[Path]:
    """Change the address in every file of the repository that holds it.

    Also the folder into which `git clone` puts it, where commands enter that folder.

    Args:
        new: such as "https://github.com/someone/their-book".
        root: folder of the repository.

    Returns:
        The files that were changed.

    Raises:
        ValueError: if it is no such address.
    """
    new = new.rstrip("/").removesuffix(".git")
    if not _URL.fullmatch(new):
        raise ValueError(
            f"expected an address like https://github.com/owner/name, got {new!r}"
        )
    old = find_address(root)
    enter = re.compile(rf"\bcd {re.escape(_name(old))}\b".encode())
    changed = []
    for path in files_with(old, root):
        content = path.read_bytes().replace(old.encode(), new.encode())
        atomic_write(path, enter.sub(f"cd {_name(new)}".encode(), content))
        changed.append(path)
    return changed


def find_address(root: Path) -> str:
    """Return the address that a copy of the repository holds now."""
    source = (root / "edulib/authoring/repository_url.py").read_text(encoding="utf-8")
    return re.search(r'^ADDRESS = "(.*)"$', source, re.MULTILINE)[1]


def files_with(text: str, root: Path) -> list[Path]:
    """Return the files that hold a text, those left out that are built or hidden."""
    found = []
    for path in sorted(root.iterdir()):
        if path.is_symlink():
            continue
        if path.is_dir():
            hidden = path.name.startswith(".") and path.name not in (".github", ".ci")
            built = path.name in _BUILT or path.name.endswith(".egg-info")
            found += [] if hidden or built else files_with(text, path)
        elif text.encode() in path.read_bytes():
            found.append(path)
    return found


def _name(address: str) -> str:
    return address.rpartition("/")[2]
