"""The authors' commands: ``python -m edulib.authoring --help``."""

import sys

from edulib.authoring.commands import main

sys.exit(main(sys.argv[1:]))
