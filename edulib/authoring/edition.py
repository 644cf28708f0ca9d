"""Which edition of the book a notebook installs: the version of the package says it.

A release, such as 0.1.0, is what the tag v0.1.0 names. Its notebooks install that tag,
so that one that was saved runs as long as the tag is there. Between two releases the
version ends in ".dev0", and notebooks install what the branch `main` holds.
"""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from edulib import __version__
from edulib.authoring.notebooks import find_notebooks, read, write
from edulib.authoring.repository_url import ADDRESS, find_address
from edulib.files import atomic_write

_VERSION = re.compile(r"(\d+)\.(\d+)\.\d+(\.dev0)?")
_PLACES = {  # file -> (where the version stands in it, where the day of the release)
    "edulib/__init__.py": (r'(?<=^__version__ = ")[^"]*', None),
    "CITATION.cff": (r"(?<=^version: ).*", r"(?<=^date-released: ).*"),
}


def package_source(version: str = __version__, address: str = ADDRESS) -> str:
    """Return what pip is told to install for an edition: its tag, or `main`.

    Raises:
        ValueError: if the version is neither a release nor what comes before one.
    """
    tag = f"@v{version}" if _is_release(version) else ""
    return f"eras-of-vision @ git+{address}{tag}"


def set_edition(version: str, root: Path) -> list[Path]:
    """Write a version wherever it stands, and its source into the set-up cells.

    Args:
        version: "0.1.0", or "0.2.0.dev0" for what will become 0.2.0.
        root: folder of the repository.

    Returns:
        The files that were changed; no cell has to be executed again.

    Raises:
        ValueError: if it is no such version.
    """
    source = package_source(version, address := find_address(root))
    changed = []
    for name, (place, day) in _PLACES.items():
        text = (root / name).read_text(encoding="utf-8")
        new = re.sub(place, version, text, flags=re.MULTILINE)
        if day and _is_release(version):
            today = datetime.now(UTC).date().isoformat()
            new = re.sub(day, today, new, flags=re.MULTILINE)
        if new != text:
            atomic_write(root / name, new.encode())
            changed.append(root / name)
    known = re.compile(rf"eras-of-vision @ git\+{re.escape(address)}(@v[\d.]+)?(?=\")")
    for path in find_notebooks([], root):
        notebook = read(path)
        before = [cell.source for cell in notebook.cells]
        for cell in notebook.cells:
            cell.source = known.sub(source, cell.source)
        if before != [cell.source for cell in notebook.cells]:
            write(notebook, path)
            changed.append(path)
    return changed


def release(version: str, root: Path) -> str:
    """Commit a release under its tag, then begin the next: two commits, no push.

    Args:
        version: "0.1.0".
        root: folder of the repository, a clone in which everything is committed.

    Returns:
        The command that publishes both at once.

    Raises:
        ValueError: if it is no release, there is such a tag, or something is not
            committed.
    """
    if not _is_release(version):
        raise ValueError(f"expected a version like 0.1.0, got {version!r}")
    tag = f"v{version}"
    if _git(root, "tag", "--list", tag):
        raise ValueError(f"there is a tag {tag} already: a release never changes")
    if open_ends := _git(root, "status", "--porcelain"):
        raise ValueError(f"expected everything to be committed, found\n{open_ends}")
    set_edition(version, root)
    _git(root, "commit", "--quiet", "--all", "--message", f"Release {version}")
    _git(root, "tag", "--annotate", tag, "--message", f"Edition {version}")
    major, minor, _ = _VERSION.fullmatch(version).groups()
    following = f"{major}.{int(minor) + 1}.0"
    set_edition(f"{following}.dev0", root)
    _git(root, "commit", "--quiet", "--all", "--message", f"Begin {following}")
    return f"git push --atomic origin {_git(root, 'branch', '--show-current')} {tag}"


def _is_release(version: str) -> bool:
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ValueError(
            f"expected a version like 0.1.0, or 0.2.0.dev0 before it, got {version!r}"
        )
    return match[3] is None


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()
