"""What is said where a request asks for more than the limits, and the limits that depend on its variables."""

from typing import Any, Final

from graphql import GraphQLError

from schema.admission.limits import Limits

MOST_TOLD: Final = 10**15
"""Fragments that double each other reach numbers that JSON has no room for; from here on they are told as this."""


class LimitExceeded(GraphQLError):
    """A request over a limit: its message and extensions tell which, how much was asked for, and the limit."""

    def __init__(self, limit: str, requested: int, allowed: int, text: str) -> None:
        """Take what is over.

        Args:
            limit: The name of the limit, that of an attribute of Limits.
            requested: How much was asked for.
            allowed: The limit.
            text: The sentence, but for the limit; `{}` in it is how much was asked for.
        """
        told = min(requested, MOST_TOLD)
        extensions: dict[str, Any] = {"limit": limit, "requested": told, "allowed": allowed}
        super().__init__(f"{text.format(f'{told:,}')}; the limit is {allowed:,}.", extensions=extensions)
        self.limit = limit


def check_variables(variables: dict[str, Any] | None, limits: Limits) -> None:
    """Raise LimitExceeded where a request's variables hold more values, or deeper ones, than the limits allow."""
    level: list[Any] = [variables] if variables else []
    values, depth = -1, -1  # the object of all variables is none itself
    while level:
        values, depth = values + len(level), depth + 1
        if values > limits.tokens:
            raise LimitExceeded("tokens", values, limits.tokens, "The variables hold {} values or more")
        if depth > limits.depth:
            raise LimitExceeded("depth", depth, limits.depth, "The variables are nested {} levels deep or more")
        level = [inner for value in level for inner in _inside(value)]


def check_cost(cost: int, limits: Limits) -> None:
    """Raise LimitExceeded where an operation costs more than the limit."""
    if cost > limits.cost:
        raise LimitExceeded("cost", cost, limits.cost, "The answer may hold {} values")


def _inside(value: object) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
