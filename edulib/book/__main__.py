"""The authors' commands: ``python -m edulib.book --help``."""

import sys

from edulib.book.commands import main

sys.exit(main(sys.argv[1:]))
