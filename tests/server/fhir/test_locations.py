"""What is taken of a Location: name, parent, time zone and status."""

from typing import Any
from zoneinfo import available_timezones

import pytest
from tzlocal.windows_tz import win_tz

from server.fhir.kinds import Note
from server.fhir.time_zones import find_time_zone
from tests.server.fhir.resources import TIME_ZONE, fields, location, mapped, refusal, subset


def zone_of(*extensions: dict[str, Any]) -> tuple[str | None, bool]:
    result = mapped(location(extension=list(extensions)))
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
def test_a_zone_is_taken_by_its_name_in_iana_or_windows(form: str, name: str, zone: str) -> None:
    assert zone_of({"url": "other", "valueString": "x"}, {"url": TIME_ZONE, form: name}) == (zone, False)


@pytest.mark.parametrize(
    "extension", [{"valueCode": "America/Nowhere"}, {"valueString": "MST7"}, {"valueString": ""}, {"valueInteger": 7}]
)
def test_a_zone_that_nobody_knows_is_reported_and_never_defaulted(extension: dict[str, Any]) -> None:
    result = mapped(location(extension=[{"url": TIME_ZONE, **extension}]))
    assert "own_time_zone" not in result.update.fields
    assert Note.ZONE_UNKNOWN in result.notes


@pytest.mark.parametrize(
    "url", ["https://hl7.org/fhir/StructureDefinition/timezone", TIME_ZONE.replace("timezone", "tz-code")]
)
def test_a_zone_is_taken_by_other_addresses_of_the_extension(url: str) -> None:
    assert zone_of({"url": url, "valueCode": "America/Denver"}) == ("America/Denver", False)


def test_a_parent_that_shows_nothing_is_no_site() -> None:
    parent = {"reference": "Location/x", "display": "\N{ZERO WIDTH SPACE}"}
    assert fields(location(partOf=parent))["parent_name"] is None


def test_a_location_may_state_no_zone() -> None:
    assert zone_of() == (None, False)


def test_every_windows_name_leads_to_a_zone_that_exists() -> None:
    assert {find_time_zone(name) for name in win_tz} <= available_timezones()


def test_a_site_within_a_site_is_a_site() -> None:
    campus = {"reference": "Location/c", "display": "Campus"}
    taken = fields(location(physicalType={"coding": [{"code": "si"}]}, partOf=campus))
    assert (taken["is_part"], taken["parent_id"]) == (False, "c")
    taken = fields(location(physicalType={"coding": [{"code": "ro"}]}, partOf=campus))
    assert (taken["is_part"], taken["parent_id"], taken["parent_name"]) == (True, "c", "Campus")


@pytest.mark.parametrize(
    ("status", "active"), [(None, True), ("active", True), ("suspended", False), ("inactive", False)]
)
def test_a_location_keeps_its_status(status: str | None, active: bool) -> None:
    assert fields(location(status=status))["active"] is active


def test_a_clear_status_is_taken_whatever_else_is_wrong() -> None:
    assert dict(mapped(location(status="suspended", name=7)).update.fields) == {"active": False}
    assert refusal(location(status="closed")) == "status is not active, suspended or inactive"
    assert refusal(location(status=["inactive"])) == "status has the wrong type of value"


def test_a_name_that_shows_nothing_is_refused() -> None:
    assert refusal(location(name="\u200b")) == "name shows nothing"


def test_an_incomplete_location_states_only_what_it_has() -> None:
    bare = {"resourceType": "Location", "id": "l"}
    assert fields(subset(bare)) == {}
    assert fields(subset({**bare, "name": "North", "status": "active"})) == {"name": "North"}
