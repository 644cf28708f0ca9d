"""A recap quiz in plain HTML: no script, no kernel, the same on a page and in Colab."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Question:
    """A question with one right answer.

    Attributes:
        text: the question; `code` may stand between backticks.
        right: the right answer.
        wrong: the other options, each with the reason why it is wrong ("" for none).
        why: why the right answer is right; shown below every option.
    """

    text: str
    right: str
    wrong: Mapping[str, str]
    why: str

    @property
    def options(self) -> list[str]:
        """All answers in an order that depends on their words alone."""
        return sorted([self.right, *self.wrong], key=self._place)

    def _place(self, option: str) -> str:
        return hashlib.sha256(f"{self.text}|{option}".encode()).hexdigest()


@dataclass(frozen=True)
class Quiz:
    """Questions, shown as HTML: a click on an option unfolds what is to be said."""

    questions: tuple[Question, ...]

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{_question_html(q)}</li>" for q in self.questions)
        return f'<div class="eov-quiz"><ol>{items}</ol></div>'

    def __repr__(self) -> str:
        lines, key = [], []
        for number, question in enumerate(self.questions, 1):
            lines.append(f"{number}. {question.text}")
            for letter, option in zip("abcdefgh", question.options, strict=False):
                lines.append(f"   {letter}) {option}")
                if option == question.right:
                    key.append(f"{number}{letter}")
        return "\n".join([*lines, f"Answers: {' '.join(key)}"])


def ask(
    text: str, *, right: str, wrong: Sequence[str] | Mapping[str, str], why: str
) -> Question:
    """Pose a question.

    Args:
        text: the question.
        right: the right answer.
        wrong: one to seven wrong ones; as a mapping, each with its reason.
        why: why the right answer is right.

    Raises:
        ValueError: if there are too few or too many options or two are the same.
    """
    reasons = dict(wrong) if isinstance(wrong, Mapping) else dict.fromkeys(wrong, "")
    if not 1 <= len(wrong) <= 7:
        raise ValueError(f"expected 1 to 7 wrong answers to {text!r}, got {len(wrong)}")
    if len(reasons) < len(wrong) or right in reasons:
        raise ValueError(f"two options of {text!r} are the same")
    if not why:
        raise ValueError(f"expected an explanation (why=...) for {text!r}, got none")
    return Question(text, right, reasons, why)


def quiz(*questions: Question) -> Quiz:
    """Collect questions to be shown as the last line of a cell.

    Raises:
        ValueError: if there is none.
    """
    if not questions:
        raise ValueError("expected at least one question, got none")
    return Quiz(questions)


def _question_html(question: Question) -> str:
    options = "".join(_option_html(question, option) for option in question.options)
    return f"<p>{_text(question.text)}</p>{options}"


def _option_html(question: Question, option: str) -> str:
    right = option == question.right
    kind, verdict = ("right", "✓ Right.") if right else ("wrong", "✗ Not this one.")
    reason = question.why if right else question.wrong[option]
    return (
        f'<details class="eov-{kind}"><summary>{_text(option)}</summary>'
        f"<p><strong>{verdict}</strong> {_text(reason)}".rstrip()
        + "</p></details>"
    )


def _text(words: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))
