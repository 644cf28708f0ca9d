"""Tables that chapters declare in their ``experiments.py``."""

from pathlib import Path

from edulib.chapters import chapter_modules


def collect(table: str) -> dict:
    """Return the union of a table over all chapters.

    Args:
        table: "EXPERIMENTS", "LARGER" or "CHECKPOINTS".

    Raises:
        ValueError: if two chapters use one name.
    """
    found: dict = {}
    for module in chapter_modules("experiments"):
        for name, row in getattr(module, table, {}).items():
            if name in found:
                raise ValueError(f"two chapters have {name!r} in their {table}")
            found[name] = row
    return found


def folder_of(table: str, name: str) -> Path:
    """Return the folder of the chapter whose table has a row of this name.

    Raises:
        ValueError: if none has.
    """
    for module in chapter_modules("experiments"):
        if name in getattr(module, table, {}):
            return Path(module.__file__).parent
    raise ValueError(f"no chapter has {name!r} in its {table}")
