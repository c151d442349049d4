"""Runs one operation of a document that was read by schema.admission.documents: it is not parsed or validated again."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeGuard, cast

import strawberry
from graphql import ExecutionResult, GraphQLSchema
from strawberry.execution import optimized_is_awaitable

from executor import execute as execute_compiled
from resolvers.context import Context
from schema.admission.documents import Document, Operation

# It knows the leaf values' types; its own annotation is wider than what it answers.
_IS_AWAITABLE: Final = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """Return graphql-core's schema of one of Strawberry's."""
    return schema._schema  # noqa: SLF001 - Strawberry gives it no public name


def execute(
    schema: strawberry.Schema,
    document: Document,
    operation: Operation,
    variables: Mapping[str, Any] | None,
    context: Context,
) -> Awaitable[ExecutionResult]:
    """Return the result of an operation.

    Strawberry's own `Schema.execute` would parse and validate the text, and run extensions, of which there are none.
    """
    return execute_compiled(
        schema.execution_context_class,
        graphql_schema(schema),
        document.node,
        operation.node,
        variables or {},
        context,
        is_awaitable=_IS_AWAITABLE,
    )
