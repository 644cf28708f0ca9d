"""A folder a chapter: its exercises, experiments, small networks, data, results.

They are found by walking: a new chapter is a new folder, and no list names it.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType


@cache
def chapter_modules(name: str) -> tuple[ModuleType, ...]:
    """Return the modules of this name of all chapters that have one, imported.

    Args:
        name: "exercises" or "experiments".
    """
    chapters = [f"{__name__}.{c.name}" for c in iter_modules(__path__) if c.ispkg]
    found = [f"{chapter}.{name}" for chapter in chapters]
    return tuple(import_module(full) for full in found if find_spec(full))
