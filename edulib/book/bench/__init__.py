"""The benchmark: ``python -m edulib.book.bench``, or ``make bench``.

Whatever is compared is measured in turns in one run, so that the ratios hold although
the seconds depend on the machine. The results lie in ``edulib/book/benchmarks.json``,
and the page on benchmarks shows them from there.
"""

from pathlib import Path

FILE = Path(__file__).parent.parent / "benchmarks.json"
