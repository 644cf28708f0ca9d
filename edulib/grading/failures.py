"""Failures: those of one submission, which are its result, and those of the grader."""

_SHOWN = 200


class GraderError(RuntimeError):
    """What no submission can be blamed for; it ends the batch."""


def describe(error: BaseException) -> str:
    """Return the first line of what an error says, and its kind.

    A ValueError is a sentence of ours and goes without.
    """
    lines = printable(str(error)).splitlines()[:1]
    kind = [] if lines and type(error) is ValueError else [type(error).__name__]
    return ": ".join(kind + lines)[:_SHOWN]


def printable(text: str) -> str:
    """Return a text that every file and terminal takes.

    JSON and names of files can hold halves of characters, which UTF-8 has not.
    """
    return text.encode("utf-8", "backslashreplace").decode()
