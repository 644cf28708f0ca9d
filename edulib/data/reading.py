"""Examples of a data set, read one by one; one that cannot be read is named."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL.Image import DecompressionBombError
from torch.utils.data import Dataset

from edulib.checks import reason_of

UNREADABLE = (OSError, SyntaxError, DecompressionBombError)  # PIL's, of a bad file


def read_item(examples: Dataset, index: int) -> Any:
    """Return what a data set has at a place.

    Raises:
        OSError: if its file cannot be read; says which example, of which file.
        ValueError: after every other error of the data set's own code, StopIteration
            too, which a loop around it would take for the end of the set.
    """
    try:
        return examples[index]
    except Exception as error:
        is_bad_file = isinstance(error, UNREADABLE)
        reason = str(error).partition("\n")[0] if is_bad_file else reason_of(error)
        files = listed_files(examples)
        file = str(files[index][0]) if files else ""
        place = f" ({file})" if file not in reason else ""
        kind = OSError if is_bad_file else ValueError
        raise kind(f"cannot read example {index}{place}: {reason}") from error


def listed_files(examples: Dataset) -> Sequence[Sequence]:
    """Return the rows (path, label) of an ImageFolder or its kind; none of others."""
    rows = getattr(examples, "samples", None)
    if not isinstance(rows, list | tuple) or len(rows) != len(examples):
        return ()
    fit = all(isinstance(r, tuple) and r and isinstance(r[0], str | Path) for r in rows)
    return rows if fit else ()
