"""Execution of an operation of a document that `schema.admission.documents` has parsed and validated."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, TypeGuard, cast

import strawberry
from graphql import ExecutionResult, GraphQLSchema
from graphql import subscribe as graphql_subscribe
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from executor import execute as execute_compiled
from resolvers.context import Context
from schema.admission.documents import Document, Operation
from schema.admission.input_errors import restated_errors

# It is fast for the types of leaf values. Its own annotation is not a type guard.
_IS_AWAITABLE: Final = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """Return the graphql-core schema of a Strawberry schema."""
    return schema._schema  # noqa: SLF001 - it has no public name


async def execute(
    schema: strawberry.Schema,
    document: Document,
    operation: Operation,
    variables: Mapping[str, Any] | None,
    context: Context,
) -> ExecutionResult:
    """Return the result of an operation. Errors about variables do not contain their values.

    Strawberry's own `Schema.execute` would parse and validate the text again, and run extensions, which are not used.
    """
    core = graphql_schema(schema)
    result = await execute_compiled(
        schema.execution_context_class,
        core,
        document.node,
        operation.node,
        variables or {},
        context,
        is_awaitable=_IS_AWAITABLE,
    )
    if result.errors:
        result.errors = restated_errors(result.errors, core, operation.node, variables)
    return result


async def subscribe(
    schema: strawberry.Schema,
    document: Document,
    operation: Operation,
    variables: Mapping[str, Any] | None,
    context: Context,
) -> AsyncIterator[ExecutionResult] | ExecutionResult:
    """Return the results of a subscription, or the result with its errors if it cannot start.

    graphql-core executes the selection of each event. Errors about variables do not contain their values.
    """
    core = graphql_schema(schema)
    stream = graphql_subscribe(
        core,
        document.node,
        context_value=context,
        variable_values=dict(variables or {}),
        operation_name=operation.name,
        executor_class=StrawberryGraphQLCoreExecutionContext,
    )
    if isinstance(stream, Awaitable):
        stream = await stream
    if isinstance(stream, ExecutionResult) and stream.errors:
        stream.errors = restated_errors(stream.errors, core, operation.node, variables)
    return stream
