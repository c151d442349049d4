"""Ids as clients send them."""

from uuid import UUID

from domain.refusal import Fault, FaultCode, Refusal


def parse_id(text: str) -> UUID | None:
    """Gives the UUID that the text spells in its usual form, None where it spells none."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    # UUID() also takes braces, urn: and no hyphens: one id would have many spellings.
    return found if str(found) == text.lower() else None


def not_found(what: str, field: str) -> Refusal:
    """The refusal of an id that the caller's organization does not have, or that is no id at all."""
    return Refusal(Fault(FaultCode.NOT_FOUND, f"There is no {what} with this id.", ("input", field)))
