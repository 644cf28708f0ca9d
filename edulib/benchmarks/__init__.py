"""The benchmark: ``python -m edulib.benchmarks``, or ``make bench``.

Whatever is compared is measured in turns in one run, so that the ratios hold although
the seconds depend on the machine. The results lie in ``results.json`` beside this file,
and the page on benchmarks shows them from there.
"""

from pathlib import Path

FILE = Path(__file__).with_name("results.json")
