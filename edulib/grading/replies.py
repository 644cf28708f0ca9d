"""What the process of a submission replies, read as what it is: written by anybody.

Names, points and hints come from the registry, never from a reply. Whatever else is
wrong with a reply may raise any exception here; who asks takes each for tampering.
"""

from edulib.exercises.registry import parts
from edulib.exercises.result import Result, Row, Status
from edulib.grading.failures import printable

_FORMS = {
    "stream": ("text",),
    "error": ("ename", "evalue"),
}


def read_outputs(reply: dict) -> list[dict]:
    """Return the outputs of a cell, of the two forms that a cell of ours has."""
    return [_read_output(output) for output in reply["outputs"]]


def read_result(exercise_id: str, reply: dict) -> tuple[Result, list[str]]:
    """Return the result of an exercise, and what a person should look at.

    Raises:
        ValueError: if the parts are not those of the exercise.
    """
    asked, rows = parts(exercise_id), reply["rows"]
    told = [(row["name"], row["points"]) for row in rows]
    if told != [(part.name, part.points) for part in asked]:
        raise ValueError(f"expected the parts of {exercise_id}, got {told}")
    read = [
        Row(
            part.name,
            part.points,
            _status(row["status"]),
            _text(row["message"]),
            part.hint,
            _text(row["output"]),
        )
        for part, row in zip(asked, rows, strict=True)
    ]
    return Result(exercise_id, tuple(read)), [_text(one) for one in reply["flags"]]


def _read_output(output: dict) -> dict:
    kind = output["output_type"]
    texts = {name: _text(output[name]) for name in _FORMS[kind]}
    if kind == "stream":
        return {"output_type": kind, "name": "stdout", **texts}
    line = f"{texts['ename']}: {texts['evalue']}"
    return {"output_type": kind, **texts, "traceback": [line]}


def _status(value: object) -> Status:
    if value not in list(Status):
        raise ValueError(f"expected the status of a part, got {value!r}")
    return Status(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {value!r}")
    return printable(value)
