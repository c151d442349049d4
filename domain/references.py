"""The staff members and locations that an input names, and the faults of those names."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.records import Location
from domain.refusal import Fault, FaultCode


@dataclass(frozen=True, slots=True)
class References:
    """The staff members and locations of an input that exist in the organization."""

    staff_ids: frozenset[str]
    locations: Mapping[str, Location]


def facilitator_faults(
    subject: str,
    facilitator_id: str | None,
    co_facilitator_id: str | None,
    references: References,
    *,
    is_co_facilitator_edited: bool = True,
) -> list[Fault]:
    """Return the faults of the facilitators: one is required, both exist, and they are different people.

    Args:
        subject: What needs a facilitator, for the message: "group" or "session".
        facilitator_id: The facilitator.
        co_facilitator_id: The co-facilitator, if any.
        references: The staff members that exist.
        is_co_facilitator_edited: Whether the input has the co-facilitator. If not, it has the facilitator, and the
            fault of two equal ones is there.
    """
    faults: list[Fault] = []
    if facilitator_id is None:
        message = f"A {subject} must have a facilitator."
        faults.append(Fault(FaultCode.REQUIRED, message, ("input", "facilitatorId")))
    elif facilitator_id not in references.staff_ids:
        faults.append(_unknown_staff("facilitatorId"))
    if co_facilitator_id is not None:
        if co_facilitator_id not in references.staff_ids:
            faults.append(_unknown_staff("coFacilitatorId"))
        elif co_facilitator_id == facilitator_id:
            message = "The facilitator and the co-facilitator must be different people."
            edited = "coFacilitatorId" if is_co_facilitator_edited else "facilitatorId"
            faults.append(Fault(FaultCode.INVALID, message, ("input", edited)))
    return faults


def location_faults(location_id: str | None, references: References) -> list[Fault]:
    """Return NOT_FOUND for a location that does not exist."""
    if location_id is None or location_id in references.locations:
        return []
    return [Fault(FaultCode.NOT_FOUND, "No location has this id.", ("input", "locationId"))]


def _unknown_staff(field: str) -> Fault:
    return Fault(FaultCode.NOT_FOUND, "No staff member has this id.", ("input", field))
