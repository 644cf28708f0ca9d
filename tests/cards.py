"""What the pages show on their cards, and what the experiments behind them gave."""

import json
from pathlib import Path

import edulib
from edulib.experiments import last_epochs, load_experiment

BOOK = Path(edulib.__file__).parents[1] / "book"


def page_cells(chapter: str) -> list[dict]:
    """Return the cells of a chapter's notebook.

    Args:
        chapter: its name, as "ssd".
    """
    (page,) = BOOK.glob(f"*/{chapter}.ipynb")
    return json.loads(page.read_text(encoding="utf-8"))["cells"]


def stored_verdict(chapter: str, claim: str) -> str:
    """Return the verdict on the stored card of a claim, the value of a `Verdict`.

    Args:
        chapter: its name.
        claim: the card's name.
    """
    outputs = [o for cell in page_cells(chapter) for o in cell.get("outputs", [])]
    texts = ["".join(o.get("data", {}).get("text/plain", [])) for o in outputs]
    (card,) = [text for text in texts if text.startswith(f"Claim {claim!r}")]
    return card.rpartition("[")[2].rstrip("]")


def stored_ends(experiment: str, variant: str, measure: str) -> list[float]:
    """Return what each of three seeds gave in its last epoch, errors in percent.

    Args:
        experiment: its name.
        variant: its name in the experiment.
        measure: as "val_AP".
    """
    found = last_epochs(load_experiment(experiment)[variant], measure)
    assert len(found) == 3
    return found
