"""Errors of a request other than refusals: a missing permission, an invalid argument, a request that has ended."""

from resolvers.caller import PermissionKey


class PermissionDenied(Exception):
    """The caller lacks a permission."""

    def __init__(self, key: PermissionKey) -> None:
        super().__init__(f"You need the permission {key.value}.")
        self.key = key


class RequestEnded(Exception):
    """A read after the request has ended, after a write has started, or after the request has read all that it may."""


class ResponseWithheld(Exception):
    """A change is committed, but the access row of its response could not be stored, so the response is withheld."""


class StreamInterrupted(Exception):
    """The changes of a subscription cannot go on. The client must subscribe again after the last one that it has."""


class BadInput(Exception):
    """An argument of a query is invalid. The message is for the author of the query.

    Attributes:
        path: The place of the invalid value: the argument, then the fields within it.
    """

    def __init__(self, message: str, argument: str) -> None:
        """Take the message, and the argument with the fields within it (`filter.search`)."""
        super().__init__(message)
        self.path = argument.split(".")
