"""Runs the console script: `python -m server` is the same as `group-sessions`."""

import sys

from server.cli.command_line import main

if __name__ == "__main__":
    sys.exit(main())
