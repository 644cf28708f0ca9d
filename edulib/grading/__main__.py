"""The commands for a class: ``python -m edulib.grading --help``."""

import sys

from edulib.grading.commands import main

sys.stdout.reconfigure(errors="backslashreplace")  # names of files are any bytes
sys.exit(main(sys.argv[1:]))
