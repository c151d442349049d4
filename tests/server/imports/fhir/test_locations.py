"""Mapping of a Location: name, parent, time zone and status."""

from typing import Any
from zoneinfo import available_timezones

import pytest
from tzlocal.windows_tz import win_tz

from server.imports.results import Note
from server.imports.time_zones import find_time_zone
from tests.server.imports.fhir.resources import TIME_ZONE, location, map_content, mapped_fields, refusal_reason, subset


def zone_of(*extensions: dict[str, Any]) -> tuple[str | None, bool]:
    result = map_content(location(extension=list(extensions)))
    return result.update.fields.get("own_time_zone"), Note.ZONE_UNKNOWN in result.notes


@pytest.mark.parametrize("form", ["valueCode", "valueString"])
@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("America/Denver", "America/Denver"),
        ("america/denver", "America/Denver"),
        ("Mountain Standard Time", "America/Denver"),
        ("US Mountain Standard Time", "America/Phoenix"),
        (" us mountain standard time ", "America/Phoenix"),
        ("Central European Standard Time", "Europe/Warsaw"),
    ],
)
def test_a_time_zone_may_have_its_iana_or_windows_name(form: str, name: str, zone: str) -> None:
    assert zone_of({"url": "other", "valueString": "x"}, {"url": TIME_ZONE, form: name}) == (zone, False)


@pytest.mark.parametrize(
    "extension", [{"valueCode": "America/Nowhere"}, {"valueString": "MST7"}, {"valueString": ""}, {"valueInteger": 7}]
)
def test_an_unknown_time_zone_is_reported_and_not_defaulted(extension: dict[str, Any]) -> None:
    result = map_content(location(extension=[{"url": TIME_ZONE, **extension}]))
    assert "own_time_zone" not in result.update.fields
    assert Note.ZONE_UNKNOWN in result.notes


@pytest.mark.parametrize(
    "url", ["https://hl7.org/fhir/StructureDefinition/timezone", TIME_ZONE.replace("timezone", "tz-code")]
)
def test_a_time_zone_is_read_from_other_urls_of_the_extension(url: str) -> None:
    assert zone_of({"url": url, "valueCode": "America/Denver"}) == ("America/Denver", False)


def test_a_parent_without_a_visible_name_names_no_site() -> None:
    parent = {"reference": "Location/x", "display": "\N{ZERO WIDTH SPACE}"}
    assert mapped_fields(location(partOf=parent))["parent_name"] is None


def test_a_location_may_state_no_time_zone() -> None:
    assert zone_of() == (None, False)


def test_every_windows_name_maps_to_an_existing_time_zone() -> None:
    assert {find_time_zone(name) for name in win_tz} <= available_timezones()


def test_a_site_within_a_site_is_a_site() -> None:
    campus = {"reference": "Location/c", "display": "Campus"}
    values = mapped_fields(location(physicalType={"coding": [{"code": "si"}]}, partOf=campus))
    assert (values["is_part"], values["parent_id"]) == (False, "c")
    values = mapped_fields(location(physicalType={"coding": [{"code": "ro"}]}, partOf=campus))
    assert (values["is_part"], values["parent_id"], values["parent_name"]) == (True, "c", "Campus")


@pytest.mark.parametrize(
    ("status", "active"), [(None, True), ("active", True), ("suspended", False), ("inactive", False)]
)
def test_a_location_keeps_its_status(status: str | None, active: bool) -> None:
    assert mapped_fields(location(status=status))["active"] is active


def test_the_inactive_status_of_an_invalid_location_is_imported() -> None:
    assert dict(map_content(location(status="suspended", name=7)).update.fields) == {"active": False}
    assert refusal_reason(location(status="closed")) == "status must be active, suspended or inactive"
    assert refusal_reason(location(status=["inactive"])) == "status has the wrong type"


def test_a_name_without_a_visible_character_is_refused() -> None:
    assert refusal_reason(location(name="\u200b")) == "name has no visible character"


def test_an_incomplete_location_states_only_what_it_has() -> None:
    minimal = {"resourceType": "Location", "id": "l"}
    assert mapped_fields(subset(minimal)) == {}
    assert mapped_fields(subset({**minimal, "name": "North", "status": "active"})) == {"name": "North"}
