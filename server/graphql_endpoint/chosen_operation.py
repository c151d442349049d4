"""The operation that a request asks to run: its document read, within every limit, and allowed by the method."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import GraphQLSyntaxError, OperationType

from schema.admission.documents import Document, Documents, InvalidDocument, Operation
from schema.admission.limit_checks import MOST_TOLD, LimitExceeded, check_cost, check_variables
from server.graphql_endpoint.request import GraphQLRequest
from server.responses.errors import ErrorCode, error, errors_before_execution

ALLOWED: Final[Mapping[str, frozenset[OperationType]]] = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}
"""What each HTTP method may run (GraphQL over HTTP, section Request)."""


@dataclass(frozen=True, slots=True)
class ChosenOperation:
    """An operation that may run, its cost with its variables, and what its answer tells of that."""

    document: Document
    operation: Operation
    cost: int
    extensions: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """Why a request runs nothing: the answer that says so, and a status where it is the same for each media type."""

    answer: dict[str, Any]
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


async def choose_operation(documents: Documents, asked: GraphQLRequest, method: str) -> ChosenOperation | NotExecuted:
    """Return the operation to run, or why there is none."""
    try:
        document = await documents.read(asked.query)
        check_variables(asked.variables, documents.limits)
    except InvalidDocument as refused:
        return NotExecuted({"errors": errors_before_execution(refused.errors)})
    except (GraphQLSyntaxError, LimitExceeded) as refused:
        return NotExecuted({"errors": errors_before_execution([refused])})
    operation = document.operation(asked.operation_name)
    if operation is None:
        return _no_operation(asked.operation_name)
    if operation.node.operation not in ALLOWED[method]:
        return NotExecuted({"errors": [error("Mutations need POST.", ErrorCode.BAD_REQUEST)]}, 405, {"Allow": "POST"})
    cost = operation.cost(asked.variables)
    extensions = {"cost": {"requested": min(cost, MOST_TOLD), "limit": documents.limits.cost}}
    try:
        check_cost(cost, documents.limits)
    except LimitExceeded as refused:
        return NotExecuted({"errors": errors_before_execution([refused]), "extensions": extensions})
    return ChosenOperation(document, operation, cost, extensions)


def _no_operation(name: str | None) -> NotExecuted:
    words = "Say which operation to run: operationName." if name is None else "The document has no such operation."
    return NotExecuted({"errors": [error(words, ErrorCode.OPERATION_RESOLUTION_FAILURE)]})
