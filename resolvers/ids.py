"""Ids as clients send them."""

import re
from typing import Final
from uuid import UUID

from domain.refusal import Fault, FaultCode, Refusal

_CANONICAL: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)


def parse_id(text: str) -> UUID | None:
    """Return the UUID that the text spells in canonical form, else None."""
    # UUID() also accepts braces, urn: and missing hyphens, so that one id would have many spellings.
    return UUID(text) if _CANONICAL.fullmatch(text) else None


def not_found(what: str, field: str) -> Refusal:
    """Return the refusal of an id that is invalid, or unknown in the caller's organization."""
    return Refusal(Fault(FaultCode.NOT_FOUND, f"There is no {what} with this id.", ("input", field)))
