"""The card of a claim: what the paper says, what was measured here, the verdict."""

from collections.abc import Iterable, Sequence
from enum import Enum
from html import escape
from math import sqrt
from numbers import Integral
from statistics import fmean

from edulib.notebook.html_output import HtmlOutput

_STYLE = (
    "<style>:where(.eov-claim){border:1px solid #8886;border-left:5px solid #8888;"
    "border-radius:8px;padding:.8rem 1.1rem;max-width:46rem}"
    ":where(.eov-claim.eov-holds){border-left-color:#0f8f83}"
    ":where(.eov-claim.eov-in-part){border-left-color:#2563eb}"
    ":where(.eov-claim.eov-opposite){border-left-color:#d97706}"
    ":where(.eov-claim dl){display:grid;grid-template-columns:max-content 1fr;"
    "gap:.35rem 1rem;margin:0}"
    ":where(.eov-claim dt){opacity:.75;font-weight:600}"
    ":where(.eov-claim dd){margin:0}:where(.eov-claim dd.eov-mark){font-weight:700}"
    "@media(max-width:30rem){:where(.eov-claim dl){grid-template-columns:1fr;gap:0}"
    ":where(.eov-claim dd){margin-bottom:.4rem}}</style>"
)
_LABELS = ("Paper", "Here", "Verdict")
_CONFIDENT = 1.96  # standard errors: 95 in 100 differences of equals are smaller


class Verdict(Enum):
    """What a measurement says of a claim: the value is its name in metadata."""

    HOLDS = "holds"
    IN_PART = "in_part"
    OPPOSITE = "opposite"
    UNTESTED = "untested"

    @property
    def words(self) -> str:
        """Return the verdict as a card prints it."""
        return {
            Verdict.HOLDS: "Holds here",
            Verdict.IN_PART: "Holds in part",
            Verdict.OPPOSITE: "The opposite here",
            Verdict.UNTESTED: "Cannot be tested here",
        }[self]

    @classmethod
    def of(cls, *parts: bool, opposite: bool = False) -> "Verdict":
        """Return the verdict on a claim of one part or several.

        Args:
            parts: whether each part of the paper's sentence shows.
            opposite: whether the contrary of the sentence shows.

        Raises:
            ValueError: if there is no part, or all show and the opposite, too.
            TypeError: if one is no truth value.
        """
        shown = [_truth(part) for part in parts]
        if not shown or (_truth(opposite) and all(shown)):
            raise ValueError(f"expected parts that may fail, got {parts}, {opposite=}")
        if opposite:
            return cls.OPPOSITE
        if all(shown):
            return cls.HOLDS
        return cls.IN_PART if any(shown) else cls.UNTESTED


def claim(
    name: str,
    *,
    paper: str,
    place: str,
    measured: str | Iterable[str],
    verdict: Verdict,
) -> HtmlOutput:
    """Show a claim of the paper, what was measured here, and the verdict.

    Args:
        name: of the claim, unique in its chapter. A heading or an alternative text
            that states the result names it in its cell's metadata.
        paper: the paper's sentence, with the paper's own number.
        place: where in the paper it stands, as "table 3".
        measured: the numbers of this book, as one line or several: value with its
            spread, seeds, test images (see `mean_and_range`); digits that are the
            same on every processor (see `near`).
        verdict: computed from what was measured.

    Raises:
        ValueError: if the paper's words, their place or the measurement is missing.
        TypeError: if `verdict` is no Verdict.
    """
    lines = [measured] if isinstance(measured, str) else list(measured)
    for what, given in {"paper": paper, "place": place, "measured": lines}.items():
        if not given:
            raise ValueError(f"claim {name!r}: expected {what!r}, got {given!r}")
    if not isinstance(verdict, Verdict):
        raise TypeError(f"claim {name!r}: expected a Verdict, got {verdict!r}")
    kind = verdict.value.replace("_", "-")
    cells = (f"{paper} ({place})", lines, verdict.words)
    rows = "".join(map(_row, _LABELS, cells, ("", "", ' class="eov-mark"')))
    html = f'{_STYLE}<div class="eov-claim eov-{kind}"><dl>{rows}</dl></div>'
    text = [
        f"Claim {name!r}",
        f"Paper: {cells[0]}",
        *(f"Here: {line}" for line in lines),
        f"Verdict: {verdict.words} [{verdict.value}]",
    ]
    return HtmlOutput(html, "\n".join(text))


def judge(worse: Sequence[float], better: Sequence[float], test_images: int) -> Verdict:
    """Return the verdict on "the errors of one are higher than those of another".

    A difference counts when it is larger than what chance alone gives two equal
    networks in 95 of 100 cases: 1.96 standard errors of a difference of two error
    rates, each measured on `test_images` images.

    Args:
        worse: error rates in %, one for each seed, of what the paper calls worse.
        better: those of the other, of the same seeds.
        test_images: how many images each rate was measured on.

    Returns:
        HOLDS if the difference counts with every seed, OPPOSITE if it counts with
        every seed the other way, IN_PART if only the mean of the differences counts,
        else UNTESTED.

    Raises:
        ValueError: if the seeds do not pair, a rate lies outside of 0 to 100, or there
            are no test images.
    """
    pairs = _pairs(worse, better)
    rates = [rate for pair in pairs for rate in pair]
    if not rates or not all(0 <= rate <= 100 for rate in rates):
        raise ValueError(f"expected error rates from 0 to 100 %, got {rates}")
    least = resolution(fmean(rates), test_images)
    gaps = [high - low for high, low in pairs]
    if min(gaps) > least:
        return Verdict.HOLDS
    if max(gaps) < -least:
        return Verdict.OPPOSITE
    return Verdict.IN_PART if fmean(gaps) > least else Verdict.UNTESTED


def judge_means(
    worse: Sequence[float], better: Sequence[float], least: float = 0.03
) -> Verdict:
    """Return the verdict on "the average precisions of one are below another's".

    For measures whose spread no formula gives: average precision, recall, mean IoU. A
    mean difference below `least` counts for nothing.

    Args:
        worse: one for each seed, from 0 to 1, of what the paper calls worse.
        better: those of the other, of the same seeds.
        least: the smallest mean difference that counts.

    Returns:
        HOLDS if the mean difference is at least `least` and every seed agrees on its
        sign, OPPOSITE if so the other way, IN_PART if the mean counts and not every
        seed agrees, else UNTESTED.

    Raises:
        ValueError: if the seeds do not pair, or a measure lies outside of 0 to 1.
    """
    pairs = _pairs(worse, better)
    if not pairs or not all(0 <= value <= 1 for pair in pairs for value in pair):
        raise ValueError(f"expected measures from 0 to 1, got {pairs}")
    gaps = [high - low for low, high in pairs]
    if fmean(gaps) <= -least and max(gaps) < 0:
        return Verdict.OPPOSITE
    if fmean(gaps) < least:
        return Verdict.UNTESTED
    return Verdict.HOLDS if min(gaps) > 0 else Verdict.IN_PART


def _pairs(
    worse: Sequence[float], better: Sequence[float]
) -> list[tuple[float, float]]:
    """Return what each seed gave, as pairs."""
    if len(worse) != len(better):
        raise ValueError(
            f"expected as many seeds of both, got {len(worse)} and {len(better)}"
        )
    return [(float(a), float(b)) for a, b in zip(worse, better, strict=True)]


def resolution(rate: float, test_images: int) -> float:
    """Return the least difference of two rates that counts, in percentage points.

    Args:
        rate: the rate that both are near to, in %.
        test_images: how many images each was measured on.

    Raises:
        ValueError: if there are no test images, or the rate is none.

    Example:
        >>> round(resolution(30, 2000), 1)
        2.8
    """
    if not (isinstance(test_images, Integral) and test_images > 0 and 0 <= rate <= 100):
        raise ValueError(
            "expected a rate from 0 to 100 % and a whole number of test images, got "
            f"{rate} and {test_images!r}"
        )
    share = rate / 100
    return 100 * _CONFIDENT * sqrt(2 * share * (1 - share) / test_images)


def mean_and_range(values: Iterable[float], unit: str = "%", digits: int = 1) -> str:
    """Return the mean of the seeds with the lowest and the highest.

    Example:
        >>> mean_and_range([27.6, 28.3, 29.3])
        '28.4 % (27.6 to 29.3; 3 seeds)'
    """
    seeds = [float(value) for value in values]
    mean, low, high = (
        f"{x:,.{digits}f}" for x in (fmean(seeds), min(seeds), max(seeds))
    )
    plural = "s" if len(seeds) > 1 else ""
    return f"{_with_unit(mean, unit)} ({low} to {high}; {len(seeds)} seed{plural})"


def signed_range(values: Sequence[float], digits: int = 3) -> str:
    """Return the mean of differences with the lowest and the highest, all with a sign.

    Example:
        >>> signed_range([0.031, -0.002, 0.04])
        '+0.023 (-0.002 to +0.040)'
    """
    mean, low, high = (
        f"{x:+.{digits}f}" for x in (fmean(values), min(values), max(values))
    )
    return f"{mean} ({low} to {high})"


def near(
    value: float,
    expected: float,
    tolerance: float,
    unit: str = "%",
    digits: int = 0,
) -> str:
    """Say a live number in words that are the same on every processor.

    Args:
        value: what was measured in this run.
        expected: what stands on the page.
        tolerance: how far from it another processor or another run may end.
        unit: what follows the number.
        digits: after the point.

    Returns:
        "about 43 %" within the tolerance. Outside of it the value itself, so that the
        comparison with the stored output fails and shows it.

    Example:
        >>> near(42.3, 43, 5), near(31.2, 43, 5)
        ('about 43 %', '31.2 %, not about 43 % (within 5)')
    """
    page = f"about {_with_unit(f'{expected:,.{digits}f}', unit)}"
    if abs(float(value) - expected) <= tolerance:
        return page
    return (
        f"{_with_unit(f'{float(value):,.4g}', unit)}, not {page} (within {tolerance})"
    )


def _row(label: str, content: str | list[str], mark: str) -> str:
    lines = [content] if isinstance(content, str) else content
    return f"<dt>{label}</dt><dd{mark}>{'<br>'.join(map(escape, lines))}</dd>"


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {unit}" if unit else number


def _truth(given: object) -> bool:
    if isinstance(given, bool):
        return given
    item = getattr(given, "item", lambda: None)
    if getattr(given, "shape", None) == () and isinstance(item(), bool):
        return item()
    raise TypeError(
        f"expected True or False, got {given!r}: compare the measured number"
    )
