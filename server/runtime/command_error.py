"""What ends a command without success."""


class CommandError(Exception):
    """A command that cannot do what it was asked; the message is one line for the person at the terminal."""
