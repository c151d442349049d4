"""Executes one request with graphql-core's executor or the compiled executor, and returns the response as text."""

from inspect import isawaitable
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    Executor,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    execute,
    parse,
    validate,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from executor import CompiledExecutor
from executor import execute as compiled_execute
from tests.executor.documents import Request


def parse_valid(schema: GraphQLSchema, request: Request) -> DocumentNode | None:
    """Return the parsed document; None if it is not valid."""
    document = parse(request.document)
    return None if validate(schema, document, max_errors=1) else document


async def response_text(
    schema: GraphQLSchema,
    document: DocumentNode,
    request: Request,
    context: Any,
    executor: type[Executor[Any]] = StrawberryGraphQLCoreExecutionContext,
) -> str:
    """Return the response as JSON, with the errors in the order of the response and the class behind each error."""
    if issubclass(executor, CompiledExecutor):
        [operation] = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
        result = await compiled_execute(executor, schema, document, operation, request.variables, context)
    else:
        # graphql-core's own function, so that nothing of the compiled executor takes part.
        pending = execute(
            schema, document, context_value=context, variable_values=request.variables, executor_class=executor
        )
        result = await pending if isawaitable(pending) else pending
        # graphql-core reports errors when they occur. Their order depends on when data arrives.
        result.errors = sorted(result.errors or (), key=lambda error: _place(result.data, error.path or []))
    response = {"data": result.data, "errors": [_error(error) for error in result.errors or ()]}
    # The scalar JSON accepts any object.
    return orjson.dumps(response, default=lambda value: type(value).__name__).decode()


def _place(value: Any, path: list[str | int]) -> list[int]:
    """Return the position at each level of the path, down to the first null."""
    if not path or value is None:
        return []
    position = list(value).index(path[0]) if isinstance(value, dict) else int(path[0])
    return [position, *_place(value[path[0]], path[1:])]


def _error(error: GraphQLError) -> dict[str, Any]:
    return {**error.formatted, "from": type(error.original_error).__name__}
