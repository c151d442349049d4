"""The parts of FHIR R4 resources that scheduling needs."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from server.imports.text_fields import InvalidResource


class Element(BaseModel):
    """A part of a resource. It is strict: a number in place of a string is an error, not a value to convert."""

    model_config = ConfigDict(alias_generator=to_camel, strict=True, extra="ignore", frozen=True)


class Coding(Element):
    """A code of a code system."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Element):
    """A concept as codes, text, or both."""

    coding: list[Coding] = []
    text: str | None = None


class Period(Element):
    """The time from start to end, both inclusive. An open period has no end."""

    start: str | None = None
    end: str | None = None


class HumanName(Element):
    """A name of a person."""

    use: str | None = None
    text: str | None = None
    family: str | None = None
    # FHIR uses null for a part of a name that has only extensions.
    given: list[str | None] = []
    suffix: list[str | None] = []
    period: Period | None = None


class Identifier(Element):
    """A text that identifies a person within a system."""

    use: str | None = None
    type: CodeableConcept | None = None
    system: str | None = None
    value: str | None = None
    period: Period | None = None


class Extension(Element):
    """A field that is not part of FHIR itself."""

    url: str | None = None
    value_code: str | None = None
    value_string: str | None = None


class Reference(Element):
    """A reference to another resource."""

    reference: str | None = None
    display: str | None = None


class Link(Element):
    """A link from a patient to another record of the same person."""

    type: str | None = None
    other: Reference | None = None


class Meta(Element):
    """The metadata of a resource."""

    # Any: wrong metadata does not make the resource invalid.
    last_updated: Any = None
    tag: Any = None

    @property
    def is_subset(self) -> bool:
        """Whether the server omitted parts of the resource."""
        tags = self.tag if isinstance(self.tag, list) else []
        return any(isinstance(tag, dict) and tag.get("code") == "SUBSETTED" for tag in tags)


class Qualification(Element):
    """A degree or license."""

    code: CodeableConcept
    period: Period | None = None


class Resource(Element):
    """The fields of every resource."""

    id: str
    meta: Meta = Meta()

    def states(self, *names: str) -> bool:
        """Return whether the resource has a value in any of these fields."""
        return any(getattr(self, name) not in (None, []) for name in names)


class FhirPractitioner(Resource):
    """A member of staff."""

    active: bool | None = None
    name: list[HumanName] = []
    qualification: list[Qualification] = []


class FhirPractitionerRole(Resource):
    """The role of a staff member at an organization, for a period."""

    active: bool | None = None
    practitioner: Reference | None = None
    period: Period | None = None


class FhirLocation(Resource):
    """A site, wing or room."""

    status: str | None = None
    name: str | None = None
    physical_type: CodeableConcept | None = None
    part_of: Reference | None = None
    extension: list[Extension] = []


class FhirPatient(Resource):
    """A patient."""

    active: bool | None = None
    name: list[HumanName] = []
    identifier: list[Identifier] = []
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    # An extension that gives the reason why the date of death is missing.
    deceased_date_time_missing: Any = Field(default=None, alias="_deceasedDateTime")
    link: list[Link] = []


_Model = TypeVar("_Model", bound=Resource)


def parse(model: type[_Model], value: Any) -> _Model:
    """Return the resource. Raise InvalidResource if a field is missing or has the wrong type."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # The path consists of field names of these models and positions in lists, so it contains no personal data.
    path = ".".join(str(step) for step in first["loc"])
    raise InvalidResource(f"{path} is missing" if first["type"] == "missing" else f"{path} has the wrong type")
