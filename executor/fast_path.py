"""The entry point: graphql-core's `execute`, with a fast path for repeated queries."""

from collections.abc import Awaitable, Mapping
from typing import Any, Final

from graphql import DocumentNode, ExecutionResult, Executor, GraphQLSchema, OperationDefinitionNode
from graphql import execute as graphql_execute

from executor.executor import CompiledExecutor
from executor.located_errors import sort_errors

# Options that can observe or change the execution of a single field.
_FIELD_OPTIONS: Final = frozenset({"middleware", "hooks", "abort_signal"})


async def execute(
    executor_class: type[Executor[Any]],
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    inputs: Mapping[str, Any],
    context_value: Any,
    **options: Any,
) -> ExecutionResult:
    """Return the result of an operation: the same as graphql-core's `execute` returns with the executor class.

    Errors are in the order of the response, for every executor class.

    A query that was compiled before takes the fast path: no executor is created for it.

    Args:
        executor_class: The executor class. The fast path needs a `CompiledExecutor`.
        schema: The schema, created by Strawberry.
        document: The document. It must be valid.
        operation: The operation of the document to execute.
        inputs: The values of the variables, as sent by the client.
        context_value: The request's context value.
        options: Further options of graphql-core's `execute`.
    """
    if issubclass(executor_class, CompiledExecutor) and not options.keys() & _FIELD_OPTIONS:
        try:
            attempt = executor_class.try_cached(schema, operation, inputs, context_value)
            if attempt is not None:
                return await attempt
        except Exception:  # graphql-core meets the same error and reports it
            executor_class.on_fallback(context_value)
            options["compiled"] = False
    result = graphql_execute(
        schema,
        document,
        context_value=context_value,
        variable_values=dict(inputs),
        operation_name=operation.name.value if operation.name else None,
        executor_class=executor_class,
        **options,
    )
    result = await result if isinstance(result, Awaitable) else result
    if result.errors:
        result.errors = sort_errors(result.data, result.errors)
    return result
