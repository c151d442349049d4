"""One request, executed twice: by graphql-core alone, and with what can be compiled."""

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


def valid_document(schema: GraphQLSchema, request: Request) -> DocumentNode | None:
    """Gives the parsed document; None for one that is not valid."""
    document = parse(request.document)
    return None if validate(schema, document, max_errors=1) else document


async def answer(
    schema: GraphQLSchema,
    document: DocumentNode,
    request: Request,
    context: Any,
    executor: type[Executor[Any]] = StrawberryGraphQLCoreExecutionContext,
) -> str:
    """Gives the answer as it is sent, errors and their order included; by default Strawberry's and graphql-core's."""
    if issubclass(executor, CompiledExecutor):
        [operation] = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
        result = await compiled_execute(executor, schema, document, operation, request.variables, context)
    else:
        # The very function of graphql-core, with its own idea of everything.
        found = execute(
            schema, document, context_value=context, variable_values=request.variables, executor_class=executor
        )
        result = await found if isawaitable(found) else found
    told = {"data": result.data, "errors": [_told(error) for error in result.errors or ()]}
    # The scalar JSON lets pass whatever it is given.
    return orjson.dumps(told, default=lambda value: type(value).__name__).decode()


def _told(error: GraphQLError) -> dict[str, Any]:
    return {**error.formatted, "from": type(error.original_error).__name__}
