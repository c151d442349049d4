"""The parts of FHIR's resources that scheduling needs, as FHIR R4 defines them."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from server.fhir.refusal import RefusedLine


class Element(BaseModel):
    """A part of a resource. Strict: a number where FHIR has a text is a fault of the file, not something to guess."""

    model_config = ConfigDict(alias_generator=to_camel, strict=True, extra="ignore", frozen=True)


class Coding(Element):
    """A code of a system of codes."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Element):
    """A concept as codes, text, or both."""

    coding: list[Coding] = []
    text: str | None = None


class Period(Element):
    """The time from start to end, both inclusive; an open one has no end."""

    start: str | None = None
    end: str | None = None


class HumanName(Element):
    """A name of a person."""

    use: str | None = None
    text: str | None = None
    family: str | None = None
    # FHIR writes null where a part of a name has only extensions.
    given: list[str | None] = []
    suffix: list[str | None] = []
    period: Period | None = None


class Identifier(Element):
    """A number or another text that identifies within a system."""

    use: str | None = None
    type: CodeableConcept | None = None
    system: str | None = None
    value: str | None = None
    period: Period | None = None


class Extension(Element):
    """What a system adds to FHIR's own fields."""

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
    """What a server says about a resource."""

    # Not strict: whatever is wrong here does not make the resource wrong.
    last_updated: Any = None
    tag: Any = None

    @property
    def is_subset(self) -> bool:
        """Whether the server left parts of the resource out."""
        tags = self.tag if isinstance(self.tag, list) else []
        return any(isinstance(tag, dict) and tag.get("code") == "SUBSETTED" for tag in tags)


class Qualification(Element):
    """A degree or a license."""

    code: CodeableConcept
    period: Period | None = None


class Resource(Element):
    """What every resource has."""

    id: str
    meta: Meta = Meta()

    def states(self, *names: str) -> bool:
        """Return whether the resource has a value in any of these fields."""
        return any(getattr(self, name) not in (None, []) for name in names)


class Practitioner(Resource):
    """A member of staff."""

    active: bool | None = None
    name: list[HumanName] = []
    qualification: list[Qualification] = []


class PractitionerRole(Resource):
    """What a member of staff does, where and when."""

    active: bool | None = None
    practitioner: Reference | None = None
    period: Period | None = None


class Location(Resource):
    """A site, a wing, a room."""

    status: str | None = None
    name: str | None = None
    physical_type: CodeableConcept | None = None
    part_of: Reference | None = None
    extension: list[Extension] = []


class Patient(Resource):
    """A patient."""

    active: bool | None = None
    name: list[HumanName] = []
    identifier: list[Identifier] = []
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    # The day of death may be left out, and the reason told instead.
    deceased_date_time_missing: Any = Field(default=None, alias="_deceasedDateTime")
    link: list[Link] = []


_Model = TypeVar("_Model", bound=Resource)


def parse(model: type[_Model], value: Any) -> _Model:
    """Return the resource. Raise RefusedLine where a field is missing or has the wrong type."""
    try:
        return model.model_validate(value)
    except ValidationError as invalid:
        fault = invalid.errors(include_url=False, include_input=False, include_context=False)[0]
    # The places are names of our own models and positions in lists: nothing of what the line says.
    path = ".".join(str(step) for step in fault["loc"])
    raise RefusedLine(f"{path} is missing" if fault["type"] == "missing" else f"{path} has the wrong type of value")
