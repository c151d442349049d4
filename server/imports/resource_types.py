"""The resource types of FHIR that are imported. They also name the types of records in files of other formats."""

from enum import StrEnum
from typing import Final


class ResourceType(StrEnum):
    """The resource types that are imported."""

    PRACTITIONER = "Practitioner"
    PRACTITIONER_ROLE = "PractitionerRole"
    LOCATION = "Location"
    PATIENT = "Patient"


ACTIVE_FIELDS: Final = {
    ResourceType.PATIENT: "active",
    ResourceType.PRACTITIONER: "registry_active",
    ResourceType.PRACTITIONER_ROLE: "active",
    ResourceType.LOCATION: "active",
}
"""The field that says whether a record is active."""
