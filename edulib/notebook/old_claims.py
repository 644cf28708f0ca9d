"""A claim with its verdict, and numbers that are the same on every machine."""

from collections.abc import Iterable
from html import escape

from edulib.notebook.html_output import HtmlOutput

_STYLE = (
    "<style>:where(.eov-claim){border:1px solid #8886;border-left:5px solid #8888;"
    "border-radius:8px;padding:.8rem 1.1rem;max-width:46rem}"
    ":where(.eov-claim.eov-holds){border-left-color:#0f8f83}"
    ":where(.eov-claim.eov-fails){border-left-color:#d97706}"
    ":where(.eov-claim p){margin:0}:where(.eov-claim ul){margin:.5rem 0 0}"
    ":where(.eov-claim .eov-mark){font-weight:700}</style>"
)


class ClaimError(AssertionError):
    """A claim of the book that its own numbers do not support."""


def claim(
    statement: str,
    holds: bool,
    evidence: str | Iterable[str] = (),
    *,
    strict: bool = True,
) -> HtmlOutput:
    """Show a claim and whether what was measured supports it.

    Args:
        statement: the claim as a sentence.
        holds: the verdict, computed from the measured numbers.
        evidence: the numbers, as one sentence or several; bounds rather than digits
            (see `bound_text`), because digits differ between processors.
        strict: whether a claim that does not hold stops the notebook. Give False
            where the page says that small scale does not show the effect.

    Raises:
        ClaimError: if the claim does not hold and `strict` is True.
        TypeError: if `holds` is no truth value.
    """
    verdict = _truth(holds)
    lines = [evidence] if isinstance(evidence, str) else list(evidence)
    if strict and not verdict:
        measured = "; ".join(lines) or "no evidence given"
        raise ClaimError(f"does not hold here: {statement} (measured: {measured})")
    label = "✓ Holds here." if verdict else "○ Does not show at this scale."
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    html = (
        f'{_STYLE}<div class="eov-claim eov-{"holds" if verdict else "fails"}">'
        f"<p>{escape(statement)}</p>"
        f'<p class="eov-mark">{label}</p>{f"<ul>{items}</ul>" if items else ""}</div>'
    )
    text = "\n".join([f"Claim: {statement}", label, *(f"  - {line}" for line in lines)])
    return HtmlOutput(html, text)


def bound_text(
    value: float, thresholds: float | Iterable[float], unit: str | None = "%"
) -> str:
    """Say between which thresholds a measured value lies.

    Training ends in slightly different numbers on different processors; on which side
    of a threshold with some distance it ends does not differ.

    Args:
        value: what was measured.
        thresholds: one or more.
        unit: what follows the numbers.

    Returns:
        "above 97 %", "below 1 %" or "between 5 % and 10 %".

    Raises:
        ValueError: if there is no threshold, or the value is not a number.

    Example:
        >>> bound_text(97.22, 97), bound_text(7.5, (5, 10))
        ('above 97 %', 'between 5 % and 10 %')
    """
    value = float(value)
    single = isinstance(thresholds, int | float)
    edges = sorted([thresholds] if single else thresholds)
    if not edges:
        raise ValueError("expected at least one threshold, got none")
    if value != value:
        raise ValueError("expected a number, got nan: has the training diverged?")
    written = [f"{edge:,.10g} {unit}" if unit else f"{edge:,.10g}" for edge in edges]
    if value in edges:
        return f"exactly {written[edges.index(value)]}"
    below = sum(edge < value for edge in edges)
    if below == 0:
        return f"below {written[0]}"
    if below == len(edges):
        return f"above {written[-1]}"
    return f"between {written[below - 1]} and {written[below]}"


def _truth(holds: object) -> bool:
    if isinstance(holds, bool):
        return holds
    item = getattr(holds, "item", lambda: None)
    if getattr(holds, "shape", None) == () and isinstance(item(), bool):
        return item()
    raise TypeError(
        f"expected True or False, got {holds!r}: compare the measured number with a "
        "threshold"
    )
