"""References between FHIR resources."""

import re
from typing import Final

from server.imports.fhir.resources import Reference
from server.imports.resource_types import ResourceType

_REFERENCE: Final = re.compile(
    r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII
)
_URN: Final = re.compile(r"urn:uuid:([A-Za-z0-9\-]{36})", re.ASCII)


def referenced_id(reference: Reference | None, resource_type: ResourceType) -> str | None:
    """Return the id of the referenced resource, or None if it has another type or no id."""
    target = parse_reference(reference.reference if reference else None)
    return target[1] if target and target[0] in (resource_type, None) else None


def parse_reference(text: object) -> tuple[str | None, str] | None:
    """Return the type (None if unknown) and the id that a reference or URL names, or None if it names no resource."""
    if not isinstance(text, str):
        return None
    if match := _REFERENCE.fullmatch(text):
        return match["type"], match["id"]
    # Within a Bundle, a resource without a URL is referenced by its UUID.
    urn = _URN.fullmatch(text)
    return (None, urn[1]) if urn else None
