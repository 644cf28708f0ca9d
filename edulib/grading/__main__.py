"""The commands for a class: ``python -m edulib.grading --help``."""

import sys

from edulib.grading.commands import main

sys.exit(main(sys.argv[1:]))
