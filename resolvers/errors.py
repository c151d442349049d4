"""Errors that a request can meet besides refusals: no permission, an impossible argument, a request that has ended."""

from resolvers.caller import PermissionKey


class PermissionDenied(Exception):
    """The caller lacks a permission key."""

    def __init__(self, key: PermissionKey) -> None:
        super().__init__(f"You need the permission {key.value}.")
        self.key = key


class RequestEnded(Exception):
    """A read for a request whose answer has been given, that has gone on to write, or that was to read no more."""


class AnswerWithheld(Exception):
    """What a request changes is stored, but whose records its answer tells could not be: so there is no answer."""


class BadInput(Exception):
    """An argument of a query that cannot be right, in words for who wrote the query."""
