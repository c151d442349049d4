"""The declaration of a mutation: its permission, its refusals, and the impact that it measures."""

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

import strawberry

from domain.refusal import Refusal
from resolvers.caller import PermissionKey
from schema.permissions import Info, requires
from schema.selected_names import selected_names

Payload = TypeVar("Payload")
Input = TypeVar("Input")


def mutation(key: PermissionKey, description: str) -> Callable[[Callable[[Any, Info, Input], Awaitable[Payload]]], Any]:
    """Declare a mutation that needs a permission. A refusal becomes a payload with only its user errors.

    If the payload has an impact, the command measures those of its fields that the request selects. The others cost
    nothing.
    """

    def declare(resolve: Callable[[Any, Info, Input], Awaitable[Payload]]) -> Any:
        payload = inspect.get_annotations(resolve)["return"]
        has_impact = "impact" in inspect.get_annotations(payload)

        @wraps(resolve)
        async def refusable(self: Any, info: Info, input: Input) -> Payload:
            context = info.context
            context.root_field, context.impact = str(info.path.key), None
            context.impact_fields = selected_names(info, "impact") if has_impact else frozenset()
            try:
                resolved = await resolve(self, info, input)
            except Refusal as refusal:
                refused: Payload = payload(user_errors=refusal.faults)
                return refused
            if has_impact:
                resolved.impact = context.impact  # type: ignore[attr-defined]  # `has_impact` means that it has one
            return resolved

        return strawberry.mutation(
            resolver=refusable, graphql_type=payload | None, description=description, extensions=[requires(key)]
        )

    return declare


def described(description: str) -> object:
    """Return the description of a mutation's input, to annotate the argument with."""
    return strawberry.argument(description=description)
