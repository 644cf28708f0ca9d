"""A recap quiz in plain HTML: no kernel, the same on a page and in Colab.

The order of the options is dealt from the words of the whole quiz, so that it is the
same in each run, and so that right answers stand about as often first as last.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

from edulib.notebook.html_output import one_line

# Stands on the outermost element, to which the clicks on all options rise; Enter and
# space click as well. What counts is the first answer to each question.
_SCRIPT = one_line("""
const option = event.target.closest('summary')?.parentElement;
if (option) {
  option.classList.add('eov-tried');
  option.closest('li').dataset.first ??= option.className.split(' ')[0];
  const all = [...this.querySelectorAll('ol > li')];
  const answered = all.filter((e) => e.dataset.first);
  const right = all.filter((e) => e.dataset.first === 'eov-right').length;
  this.querySelector('.eov-score').textContent =
    answered.length < all.length
      ? answered.length + ' of ' + all.length + ' answered'
      : right + ' of ' + all.length + ' right at the first attempt';
}
""")


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


@dataclass(frozen=True)
class Quiz:
    """Questions, shown as HTML: a click on an option unfolds what is to be said."""

    questions: tuple[Question, ...]

    @cached_property
    def options(self) -> list[list[str]]:
        """The options of each question, in the order in which they are shown.

        The words of all questions are the seed. In this order the questions take the
        places for the right answers one after the other, from a first place that the
        seed chooses; the wrong ones fill the other places.
        """
        seed = "|".join(question.text for question in self.questions)
        first = int(_hash(seed), 16)
        order = sorted(self.questions, key=lambda q: _hash(seed, q.text))
        dealt = []
        for question in self.questions:
            options = sorted(question.wrong, key=lambda o: _hash(question.text, o))
            place = (first + order.index(question)) % (len(options) + 1)
            dealt.append([*options[:place], question.right, *options[place:]])
        return dealt

    def _repr_html_(self) -> str:
        dealt = zip(self.questions, self.options, strict=True)
        items = "".join(
            f"<li>{_question_html(q, options)}</li>" for q, options in dealt
        )
        return (
            f'<div class="eov-quiz" onclick="{escape(_SCRIPT)}"><ol>{items}</ol>'
            '<p class="eov-score" role="status"></p></div>'
        )

    def __repr__(self) -> str:
        lines, key = [], []
        dealt = zip(self.questions, self.options, strict=True)
        for number, (question, options) in enumerate(dealt, 1):
            lines.append(f"{number}. {question.text}")
            for letter, option in zip("abcdefgh", options, strict=False):
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


def _question_html(question: Question, options: list[str]) -> str:
    # Of the options that share a name, browsers keep one open.
    name = f"quiz-{_hash(question.text)[:8]}"
    html = "".join(_option_html(question, option, name) for option in options)
    return f"<p>{_text(question.text)}</p>{html}"


def _option_html(question: Question, option: str, name: str) -> str:
    right = option == question.right
    kind, verdict = ("right", "✓ Right.") if right else ("wrong", "✗ Not this one.")
    reason = question.why if right else question.wrong[option]
    return (
        f'<details class="eov-{kind}" name="{name}"><summary>{_text(option)}</summary>'
        f"<p><strong>{verdict}</strong> {_text(reason)}".rstrip()
        + "</p></details>"
    )


def _hash(*words: str) -> str:
    return hashlib.sha256("|".join(words).encode()).hexdigest()


def _text(words: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))
