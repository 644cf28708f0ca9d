"""What a notebook calls, and the authors' commands (``python -m edulib.book``).

Names are imported when they are first used, so that a notebook pays for nothing that
it does not show.
"""

from importlib import import_module

_HOMES = {
    "Lab": "lab",
    "setup": "lab",
    "show_source": "source",
    "frames": "slider",
    "picker": "slider",
    "netron_graph": "graph",
    "card": "cards",
    "claim": "verdict",
    "bound": "verdict",
    "WindowLayer": "arithmetic",
    "calculator": "arithmetic",
    "window_and_sum": "window",
}

__all__ = [
    "Lab",
    "WindowLayer",
    "bound",
    "calculator",
    "card",
    "claim",
    "frames",
    "netron_graph",
    "picker",
    "setup",
    "show_source",
    "window_and_sum",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
