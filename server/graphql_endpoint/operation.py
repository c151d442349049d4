"""The operation of a request: parsed, validated, within the limits, and allowed for the HTTP method."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLSyntaxError, OperationType

from schema.admission.documents import Document, Documents, InvalidDocument, Operation
from schema.admission.limit_checks import MAX_REPORTED, LimitExceeded, check_cost, check_variables
from server.graphql_endpoint.request import GraphQLRefused, GraphQLRequest
from server.responses.errors import ErrorCode
from server.responses.json_responses import RequestRefused
from server.responses.negotiation import GRAPHQL_RESPONSE

ALLOWED_OPERATIONS: Final[Mapping[str, frozenset[OperationType]]] = {
    "GET": frozenset({OperationType.QUERY, OperationType.SUBSCRIPTION}),
    "POST": frozenset(OperationType),
}
"""The operations that each HTTP method may run (GraphQL over HTTP, section Request)."""


@dataclass(frozen=True, slots=True)
class PreparedOperation:
    """An operation that may be executed.

    Attributes:
        document: Its document.
        operation: The operation.
        cost: Its cost with the variables of the request.
        extensions: The `extensions` of the response.
    """

    document: Document
    operation: Operation
    cost: int
    extensions: dict[str, Any]


async def prepare_operation(
    documents: Documents, request: GraphQLRequest, method: str, media_type: str, organization_id: str
) -> PreparedOperation:
    """Return the operation that the request selects.

    Raises:
        RequestRefused: If the document is invalid or exceeds a limit, or has no such operation; 405 if the HTTP method
            does not allow the operation.
    """
    status = refused_document_status(media_type)
    try:
        document = await documents.read(request.query, organization_id, request.sha256)
        check_variables(request.variables, documents.limits)
    except InvalidDocument as invalid:
        raise GraphQLRefused(status, invalid.errors) from None
    except (GraphQLSyntaxError, LimitExceeded) as error:
        raise GraphQLRefused(status, [error]) from None
    operation = document.operation(request.operation_name)
    if operation is None:
        raise RequestRefused(status, ErrorCode.OPERATION_RESOLUTION_FAILURE, _missing_operation(request.operation_name))
    if operation.node.operation not in ALLOWED_OPERATIONS[method]:
        message = "GET requests can only run queries. Use POST for mutations."
        raise RequestRefused(405, ErrorCode.BAD_REQUEST, message, headers={"Allow": "POST"})
    cost = operation.cost(request.variables)
    extensions = {"cost": {"requested": min(cost, MAX_REPORTED), "limit": documents.limits.cost}}
    try:
        check_cost(cost, documents.limits)
    except LimitExceeded as error:
        raise GraphQLRefused(status, [error], extensions=extensions) from None
    return PreparedOperation(document, operation, cost, extensions)


def refused_document_status(media_type: str) -> int:
    """Return the status for a document or variables that cannot be executed (GraphQL over HTTP, section Response)."""
    # Older clients, which accept only application/json, read errors only from responses with the status 200.
    return 400 if media_type == GRAPHQL_RESPONSE else 200


def _missing_operation(name: str | None) -> str:
    if name is None:
        return "The document has several operations. Set operationName to the one to run."
    return "The document has no operation with the name in operationName."
