"""The console script `group-sessions`: runs a command and reports a failure in one line."""

import os
import sys
from collections.abc import Sequence
from typing import Final

from db.migrations.schema_version import NewerSchema, UnreadableSchema
from server.cli.arguments import command_parser
from server.cli.commands import COMMANDS
from server.cli.messages import DATABASE_ERRORS, database_error_message, print_message, system_error_message
from server.runtime.command_error import CommandError
from server.runtime.logs import configure_logging
from server.settings.environment import SettingsError, load_settings

_INTERRUPTED: Final = 130  # 128 plus the number of SIGINT, as shells report it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments (by default those of the process) name, and return its exit status."""
    try:
        parsed = command_parser().parse_args(arguments)
        settings = load_settings()
        configure_logging(settings.log_level)
        COMMANDS[parsed.command](parsed, settings)
        sys.stdout.flush()
    except (CommandError, SettingsError, NewerSchema, UnreadableSchema) as error:
        return _failed(str(error))
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does. Python flushes what is left at exit, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return _INTERRUPTED
    except DATABASE_ERRORS as error:
        return _failed(database_error_message(error))
    except OSError as error:
        return _failed(system_error_message(error))
    return 0


def _failed(message: str) -> int:
    print_message(message)
    return 1
