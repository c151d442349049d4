"""The console script `group-sessions`. It puts this folder first on the import path and runs the command line."""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the command in the program's arguments and return the exit status."""
    if (_HERE / "server").is_dir():  # from a wheel; an editable installation imports from the checkout
        sys.path.insert(0, str(_HERE))
    from server.cli.command_line import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
