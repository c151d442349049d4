"""Ids as clients send them."""

import re
from typing import Final
from uuid import UUID

from domain.refusal import Fault, FaultCode, Refusal

_USUAL: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def parse_id(text: str) -> UUID | None:
    """Return the UUID that the text spells in its usual form, None where it spells none."""
    # UUID() also takes braces, urn: and no hyphens: one id would have many spellings.
    return UUID(text) if _USUAL.fullmatch(text) else None


def not_found(what: str, field: str) -> Refusal:
    """Return the refusal of an id that the caller's organization does not have, or that is no id at all."""
    return Refusal(Fault(FaultCode.NOT_FOUND, f"There is no {what} with this id.", ("input", field)))
