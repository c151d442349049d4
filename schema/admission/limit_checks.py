"""The error of a request that exceeds a limit, and the limits that depend on its variables."""

from collections.abc import Iterable
from typing import Any, Final

from graphql import GraphQLError

from schema.admission.limits import Limits

MAX_REPORTED: Final = 10**15
"""Larger numbers are reported as this one. Nested fragments can reach numbers that JSON clients cannot represent."""


class LimitExceeded(GraphQLError):
    """A request exceeds a limit. The message and the extensions contain the limit and the request's value."""

    def __init__(self, limit: str, requested: int, allowed: int, text: str, remedy: str = "") -> None:
        """Create the error.

        Args:
            limit: The name of the limit: an attribute of `Limits`.
            requested: The request's value.
            allowed: The limit.
            text: The sentence about the request's value, which replaces `{}`. The limit is appended to it.
            remedy: A sentence that says how to stay within the limit.
        """
        reported = min(requested, MAX_REPORTED)
        message = f"{text.format(f'{reported:,}')}; the limit is {allowed:,}. {remedy}".rstrip()
        extensions: dict[str, Any] = {"limit": limit, "requested": reported, "allowed": allowed}
        super().__init__(message, extensions=extensions)
        self.limit = limit


def check_variables(variables: dict[str, Any] | None, limits: Limits) -> None:
    """Raise LimitExceeded if the variables contain too many values or too deeply nested ones."""
    level: list[Any] = [variables] if variables else []
    values, depth = -1, -1  # the object of all variables does not count
    while level:
        values, depth = values + len(level), depth + 1
        if values > limits.tokens:
            raise LimitExceeded("tokens", values, limits.tokens, "The variables contain {} values or more")
        if depth > limits.depth:
            raise LimitExceeded("depth", depth, limits.depth, "The variables are nested {} levels deep or more")
        level = [inner for value in level for inner in _inner_values(value)]


def check_cost(cost: int, limits: Limits) -> None:
    """Raise LimitExceeded if an operation costs more than the limit."""
    if cost > limits.cost:
        remedy = "Request shorter lists or fewer fields."
        raise LimitExceeded("cost", cost, limits.cost, "The query costs {}", remedy)


def _inner_values(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
