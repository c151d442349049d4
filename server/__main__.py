"""Runs the command line: `python -m server` is `group-sessions`."""

import sys

from server.cli.command_line import main

if __name__ == "__main__":
    sys.exit(main())
