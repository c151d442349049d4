"""Automatic persisted queries: clients send the SHA-256 hash of a document instead of its text.

The protocol is Apollo's, which urql uses too. A client first sends only the hash. If the server does not know it, the
client sends the text with the hash, and from then on the hash is enough. The server forgets rarely used documents.
"""

import hashlib
from dataclasses import replace

from schema.admission.documents import Documents
from server.graphql_endpoint.operation import refused_document_status
from server.graphql_endpoint.request import GraphQLRequest
from server.responses.errors import ErrorCode
from server.responses.json_responses import RequestRefused


def resolve_persisted_query(
    request: GraphQLRequest, documents: Documents, media_type: str, *, enabled: bool
) -> GraphQLRequest:
    """Return the request with the text of its document.

    Raises:
        RequestRefused: If the hash is unknown, so that the client must send the text; if the text has another hash; or
            if persisted queries are off.
    """
    if request.sha256 is None:
        return request
    # Clients compare these two messages, so the protocol prescribes them.
    if not enabled:
        raise _refused(media_type, ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
    if not request.query:
        text = documents.text_of(request.sha256)
        if text is None:
            raise _refused(media_type, ErrorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        return replace(request, query=text)
    if hashlib.sha256(request.query.encode()).hexdigest() != request.sha256:
        raise RequestRefused(400, ErrorCode.BAD_REQUEST, "provided sha does not match query")
    return request


def _refused(media_type: str, code: ErrorCode, message: str) -> RequestRefused:
    return RequestRefused(refused_document_status(media_type), code, message)
