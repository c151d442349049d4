"""Where an execution begins: graphql-core's `execute`, with a shorter way for a query that comes again."""

from collections.abc import Awaitable, Mapping
from typing import Any, Final

from graphql import DocumentNode, ExecutionResult, Executor, GraphQLSchema, OperationDefinitionNode
from graphql import execute as graphql_execute

from executor.executor import CompiledExecutor

# What may see, or change, what happens at a single field.
_WATCHING: Final = frozenset({"middleware", "hooks", "abort_signal"})


async def execute(
    executor_class: type[Executor[Any]],
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    inputs: Mapping[str, Any],
    context_value: Any,
    **options: Any,
) -> ExecutionResult:
    """Return the result of an operation of a valid document.

    The same as graphql-core's `execute` gives with the executor class. A query that was compiled before takes a shorter
    way.

    Args:
        executor_class: The executor; a shorter way there is with a `CompiledExecutor`.
        schema: The schema, made by Strawberry.
        document: The document.
        operation: The operation of it.
        inputs: The values of the variables, as the client sent them.
        context_value: The context.
        options: What else graphql-core's `execute` takes.
    """
    if issubclass(executor_class, CompiledExecutor) and not options.keys() & _WATCHING:
        try:
            attempt = executor_class.try_cached(schema, operation, inputs, context_value)
            if attempt is not None:
                return ExecutionResult(attempt if isinstance(attempt, dict) else await attempt, None)
        except Exception:  # whatever it is, graphql-core comes upon it again, and tells it
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
    return await result if isinstance(result, Awaitable) else result
