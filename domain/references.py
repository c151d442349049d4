"""The staff members and locations that an input names, and the faults of those names."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.records import Location
from domain.refusal import Fault, FaultCode


@dataclass(frozen=True, slots=True)
class References:
    """The staff members and locations of an input that exist in the organization.

    Attributes:
        staff_ids: The ids of the staff members.
        locations: The locations by their ids.
        inactive_staff: The ids of those staff members who are inactive in the registry.
    """

    staff_ids: frozenset[str]
    locations: Mapping[str, Location]
    inactive_staff: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CurrentNames:
    """The staff and the location that a record names already. They stay, also if they have become inactive since."""

    facilitator_id: str | None = None
    co_facilitator_id: str | None = None
    location_id: str | None = None


NOTHING_NAMED = CurrentNames()


def facilitator_faults(
    subject: str,
    facilitator_id: str | None,
    co_facilitator_id: str | None,
    references: References,
    current: CurrentNames,
    *,
    is_co_facilitator_edited: bool = True,
) -> list[Fault]:
    """Return the faults of the facilitators: one is required, both exist and are active, and they are different people.

    Args:
        subject: What needs a facilitator, for the message: "group" or "session".
        facilitator_id: The facilitator.
        co_facilitator_id: The co-facilitator, if any.
        references: The staff members that exist.
        current: Those that the record names already.
        is_co_facilitator_edited: Whether the input has the co-facilitator. If not, it has the facilitator, and the
            fault of two equal ones is there.
    """
    faults: list[Fault] = []
    if facilitator_id is None:
        message = f"A {subject} must have a facilitator."
        faults.append(Fault(FaultCode.REQUIRED, message, ("input", "facilitatorId")))
    elif facilitator_id not in references.staff_ids:
        faults.append(_unknown_staff("facilitatorId"))
    elif facilitator_id in references.inactive_staff and facilitator_id != current.facilitator_id:
        faults.append(_inactive_staff("facilitatorId"))
    if co_facilitator_id is not None:
        if co_facilitator_id not in references.staff_ids:
            faults.append(_unknown_staff("coFacilitatorId"))
        elif co_facilitator_id in references.inactive_staff and co_facilitator_id != current.co_facilitator_id:
            faults.append(_inactive_staff("coFacilitatorId"))
        elif co_facilitator_id == facilitator_id:
            message = "The facilitator and the co-facilitator must be different people."
            edited = "coFacilitatorId" if is_co_facilitator_edited else "facilitatorId"
            faults.append(Fault(FaultCode.INVALID, message, ("input", edited)))
    return faults


def location_faults(location_id: str | None, references: References, current: CurrentNames) -> list[Fault]:
    """Return NOT_FOUND for a location that does not exist, and NOT_ACTIVE for an inactive one that is named anew."""
    if location_id is None:
        return []
    location = references.locations.get(location_id)
    if location is None:
        return [Fault(FaultCode.NOT_FOUND, "No location has this id.", ("input", "locationId"))]
    if location.active or location_id == current.location_id:
        return []
    message = "This location is suspended or inactive in the registry. Choose another one."
    return [Fault(FaultCode.NOT_ACTIVE, message, ("input", "locationId"))]


def _unknown_staff(field: str) -> Fault:
    return Fault(FaultCode.NOT_FOUND, "No staff member has this id.", ("input", field))


def _inactive_staff(field: str) -> Fault:
    message = "This staff member is inactive in the registry. Choose another one."
    return Fault(FaultCode.NOT_ACTIVE, message, ("input", field))
