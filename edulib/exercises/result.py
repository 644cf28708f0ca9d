"""What a check found: a table for people, a number for graders."""

from dataclasses import dataclass
from enum import StrEnum
from html import escape


class Status(StrEnum):
    """How a part went. Members of an enumeration cannot be set to one another."""

    PASSED = "passed"
    FAILED = "not yet"
    NOT_ATTEMPTED = "not attempted"


_MARKS = {Status.PASSED: "✓", Status.FAILED: "✗", Status.NOT_ATTEMPTED: "○"}


@dataclass(frozen=True)
class Row:
    """How one part went.

    Attributes:
        name: the part.
        points: what it is worth.
        status: how it went.
        message: what differs, for a part that failed.
        hint: what may help then.
        output: what the answer printed or warned about meanwhile.
    """

    name: str
    points: int
    status: Status
    message: str = ""
    hint: str = ""
    output: str = ""

    @property
    def score(self) -> int:
        """All of the points, or none."""
        return self.points if self.status == Status.PASSED else 0


@dataclass(frozen=True)
class Result:
    """How the parts of an exercise went.

    As the last line of a cell it shows a table; `score` is the bare number that
    nbgrader and other graders take.
    """

    exercise_id: str
    rows: tuple[Row, ...]

    @property
    def points(self) -> int:
        """Points that can be reached."""
        return sum(row.points for row in self.rows)

    @property
    def score(self) -> int:
        """Points that were reached."""
        return sum(row.score for row in self.rows)

    @property
    def passed(self) -> bool:
        """Whether every part was passed."""
        return all(row.status == Status.PASSED for row in self.rows)

    @property
    def summary(self) -> str:
        """In one line, how many points, and whether there is an answer at all."""
        if all(row.status == Status.NOT_ATTEMPTED for row in self.rows):
            return f"not attempted yet ({self.points} points)"
        return f"{self.score} of {self.points} points"

    def __repr__(self) -> str:
        lines = [f"{self.exercise_id}: {self.summary}"]
        for row in self.rows:
            lines.append(f"  {_MARKS[row.status]} {row.score}/{row.points} {row.name}")
            lines += [f"        {text}" for text in _remarks(row)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = "".join(_row_html(row) for row in self.rows)
        return (
            '<table class="eov-check"><caption>'
            f"<code>{escape(self.exercise_id)}</code>: {escape(self.summary)}"
            '</caption><thead><tr><th scope="col">part</th><th scope="col">result</th>'
            f'<th scope="col">points</th></tr></thead><tbody>{body}</tbody></table>'
        )


def _remarks(row: Row) -> list[str]:
    hint = [f"Hint: {row.hint}"] if row.hint and row.status == Status.FAILED else []
    output = [f"Your code printed: {row.output}"] if row.output else []
    return ([row.message] if row.message else []) + hint + output


def _row_html(row: Row) -> str:
    remarks = "".join(f"<br><small>{escape(text)}</small>" for text in _remarks(row))
    kind = row.status.replace(" ", "-")
    return (
        f'<tr class="eov-{kind}"><td>{escape(row.name)}{remarks}</td>'
        f"<td>{_MARKS[row.status]} {row.status}</td>"
        f"<td>{row.score} of {row.points}</td></tr>"
    )
