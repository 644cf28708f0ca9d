"""Whether an answer has changed what checks it.

Answers run in the process that checks them, so they can replace a function of the
book or of PyTorch by their own. What was there before is remembered, and compared.
A program that is out to deceive can get round that; see the page "Grading".
"""

import sys
from types import ModuleType

_GUARDED = ("edulib", "torch.nn", "torch.testing")
_SINGLE = ("torch", "builtins", "math", "signal", "linecache", "time", "json")


class IntegrityCheck:
    """Remembers the functions, classes and methods that checks rely on."""

    def __init__(self) -> None:
        """Look at all modules that are imported by now."""
        self._before: dict[str, tuple[object, str, object, object]] = {}
        for name, module in sorted(sys.modules.items()):
            if isinstance(module, ModuleType) and _is_guarded(name):
                self._remember(name, module)
        import torch

        self._remember("torch.Tensor", torch.Tensor)

    def changes(self) -> list[str]:
        """Return the full names of what is no longer what it was."""
        return [
            name
            for name, (owner, key, value, code) in self._before.items()
            if vars(owner).get(key) is not value
            or getattr(value, "__code__", None) is not code
        ]

    def _remember(self, name: str, owner: object) -> None:
        for key, value in list(vars(owner).items()):
            if not callable(value) and not isinstance(value, _DESCRIPTORS):
                continue
            code = getattr(value, "__code__", None)
            self._before[f"{name}.{key}"] = (owner, key, value, code)
            own = isinstance(value, type) and value.__module__ == name
            if own and isinstance(owner, ModuleType):
                self._remember(f"{name}.{key}", value)


_DESCRIPTORS = (property, staticmethod, classmethod)


def _is_guarded(name: str) -> bool:
    return name in _SINGLE or name.startswith(_GUARDED)
