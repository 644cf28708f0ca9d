"""What a notebook calls.

Names are imported when they are first used, so that a notebook pays for nothing that
it does not show.
"""

from importlib import import_module

_HOMES = {
    "attention_picker": "looks",
    "slot_picker": "looks",
    "cell_picker": "cells",
    "Grid": "cells",
    "Mixture": "mixer",
    "mask_mixer": "mixer",
    "Runtime": "runtime",
    "setup": "runtime",
    "show_source": "source",
    "show_table": "tables",
    "image_slider": "slider",
    "image_picker": "slider",
    "netron_graph": "graph",
    "chapter_header": "header",
    "claim": "claims",
    "Verdict": "claims",
    "judge": "claims",
    "judge_means": "claims",
    "mean_and_range": "claims",
    "near": "claims",
    "resolution": "claims",
    "signed_range": "claims",
}

__all__ = [
    "Grid",
    "Mixture",
    "Runtime",
    "Verdict",
    "attention_picker",
    "cell_picker",
    "chapter_header",
    "claim",
    "image_picker",
    "image_slider",
    "judge",
    "judge_means",
    "mask_mixer",
    "mean_and_range",
    "near",
    "netron_graph",
    "resolution",
    "setup",
    "show_source",
    "show_table",
    "signed_range",
    "slot_picker",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
