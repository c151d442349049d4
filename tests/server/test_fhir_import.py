"""Importing FHIR R4 NDJSON: what is taken of a resource, what is refused and why, and what a run tells."""

import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import select

from db.engine import Database
from db.tables import locations, patients, staff_members
from domain.records import Location, Patient, StaffMember
from server.clock import now
from server.command_error import CommandError
from server.fhir import LocationLine, RefusedLine, read_resource
from server.fhir_import import CHUNK, ImportSummary, LineCounts, import_files
from server.fhir_locations import resolve_parts
from server.ndjson import LONGEST_LINE, read_lines

ZONE = "America/Phoenix"
TIME_ZONE_EXTENSION = "http://hl7.org/fhir/StructureDefinition/timezone"


def line(type: str, **fields: Any) -> bytes:
    return json.dumps({"resourceType": type, **fields}).encode()


def patient(**fields: Any) -> bytes:
    return line("Patient", **{"id": "p", "name": [{"given": ["Ada"], "family": "Test"}], **fields})


def read_patient(**fields: Any) -> Patient:
    resource = read_resource(patient(**fields))
    assert isinstance(resource, Patient)
    return resource


def read_staff(**fields: Any) -> StaffMember:
    resource = read_resource(line("Practitioner", **{"id": "s", "name": [{"text": "Eva Test"}], **fields}))
    assert isinstance(resource, StaffMember)
    return resource


def read_location(**fields: Any) -> LocationLine:
    resource = read_resource(line("Location", **{"id": "l", "name": "North", **fields}))
    assert isinstance(resource, LocationLine)
    return resource


def refusal(content: bytes) -> str:
    with pytest.raises(RefusedLine) as refused:
        read_resource(content)
    return refused.value.reason


def test_a_patient_needs_only_a_name() -> None:
    assert read_patient() == Patient("p", "Ada Test", "p", None, active=True)


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (
            [{"use": "old", "text": "Old"}, {"use": "usual", "text": "Usual"}, {"use": "official", "text": "Real"}],
            "Real",
        ),
        ([{"use": "nickname", "text": "Nick"}, {"text": "Plain"}], "Plain"),
        ([{"use": "official", "text": " "}, {"use": "maiden", "family": "Born"}], "Born"),
        ([{"given": ["James", None, "Lee "], "family": "James"}], "James Lee James"),
        ([{"text": "Ada\n  Test", "family": "Other"}], "Ada Test"),
    ],
)
def test_the_official_name_comes_first_and_text_before_parts(names: list[dict[str, Any]], taken: str) -> None:
    assert read_patient(name=names).display_name == taken


def test_the_record_number_is_the_identifier_of_type_mr_that_is_in_use() -> None:
    record_number = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    identifiers = [
        {"value": "no type"},
        {"type": {"coding": [{"code": "SS"}]}, "value": "social"},
        {"type": record_number, "use": "old", "value": "MR-0"},
        {"type": record_number, "value": "MR-1"},
    ]
    assert read_patient(identifier=identifiers).medical_record_number == "MR-1"
    assert read_patient(identifier=identifiers[:2]).medical_record_number == "p"


@pytest.mark.parametrize(
    ("told", "known"), [("1980-02-29", date(1980, 2, 29)), ("1980-02", None), ("1980", None), (None, None)]
)
def test_a_birth_date_is_known_only_as_a_whole(told: str | None, known: date | None) -> None:
    assert read_patient(birthDate=told).birth_date == known


@pytest.mark.parametrize("told", ["1879-12-31", "1879-12", "1850", "0001-01-01"])
def test_a_birth_before_1880_is_refused(told: str) -> None:
    assert refusal(patient(birthDate=told)) == "birthDate is before 1880"
    assert read_patient(birthDate="1880").birth_date is None


def test_a_birth_ahead_of_today_is_refused() -> None:
    today = now().date()
    for told in ((today + timedelta(days=2)).isoformat(), f"{today.year + 1}-01", str(today.year + 1)):
        assert refusal(patient(birthDate=told)) == "birthDate is ahead of today"
    assert read_patient(birthDate=today.isoformat()).birth_date == today


@pytest.mark.parametrize("name", ["\u200b", "\u200e \u202e", "\u3164", "\u2800\ufe0f", "\u0301"])
def test_a_name_that_shows_nothing_is_refused(name: str) -> None:
    assert refusal(patient(name=[{"text": name}])) in {"name is missing", "name shows nothing"}
    seen = read_patient(name=[{"use": "official", "text": name}, {"text": "Ada Test"}])
    assert seen.display_name == "Ada Test"


@pytest.mark.parametrize("told", ["1981-02-29", "1980-13", "0000", "19800229", "29.2.1980", ""])
def test_what_is_no_date_is_refused(told: str) -> None:
    assert refusal(patient(birthDate=told)) == "birthDate is not a date"


@pytest.mark.parametrize(
    "fields",
    [
        {"active": False},
        {"deceasedBoolean": True},
        {"deceasedDateTime": "2020"},
        {"active": False, "deceasedBoolean": False},
    ],
)
def test_the_deactivated_and_the_deceased_are_not_active(fields: dict[str, Any]) -> None:
    assert not read_patient(**fields).active


def test_the_living_are_active() -> None:
    assert read_patient(active=True, deceasedBoolean=False).active


@pytest.mark.parametrize(
    ("fields", "credentials"),
    [
        ({}, None),
        ({"name": [{"text": "Eva Test", "suffix": ["MD", "PhD"]}]}, "MD, PhD"),
        ({"qualification": [{"code": {"coding": [{"code": "1", "display": "Nurse"}]}}]}, "Nurse"),
        (
            {"qualification": [{"code": {"text": "LCSW"}}, {"code": {"text": "LCSW"}}, {"code": {"text": "MFT"}}]},
            "LCSW, MFT",
        ),
        (
            {
                "qualification": [
                    {
                        "code": {
                            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0360/2.7", "code": "MD"}],
                            "text": "Doctor of Medicine",
                        }
                    }
                ]
            },
            "MD",
        ),
    ],
)
def test_credentials_come_from_qualifications_or_else_the_suffix(
    fields: dict[str, Any], credentials: str | None
) -> None:
    assert read_staff(**fields) == StaffMember("s", "Eva Test", credentials, active=True)


def test_staff_that_left_is_not_active() -> None:
    assert not read_staff(active=False).active


def test_a_location_keeps_its_zone_only_where_that_exists() -> None:
    zone = [{"url": "other", "valueString": "x"}, {"url": TIME_ZONE_EXTENSION, "valueCode": "America/Denver"}]
    assert read_location(extension=zone).time_zone == "America/Denver"
    assert read_location(extension=[{"url": TIME_ZONE_EXTENSION, "valueCode": "America/Nowhere"}]).time_zone is None


def test_a_site_within_a_site_is_a_site() -> None:
    site = {"coding": [{"code": "si"}]}
    assert not read_location(physicalType=site, partOf={"display": "Campus"}).is_part
    assert read_location(physicalType={"coding": [{"code": "ro"}]}, partOf={"display": "Campus"}).is_part


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "the line is not JSON"),
        (b"[]", "the line is not a JSON object"),
        (b'{"resourceType": "Patient", "id": "\xff"}', "the line is not UTF-8"),
        (b'{"id": "p"}', "resourceType is missing"),
        (line("Secret Name"), "only Practitioner, Location and Patient resources are imported"),
        (line("Patient", name=[{"text": "Secret"}]), "id is missing"),
        (patient(id="Secret Name"), "id is not a FHIR id: 1 to 64 letters, digits, hyphens and dots"),
        (patient(id="x" * 65), "id is not a FHIR id: 1 to 64 letters, digits, hyphens and dots"),
        (patient(id="x\n"), "id is not a FHIR id: 1 to 64 letters, digits, hyphens and dots"),
        (patient(name=[]), "name is missing"),
        (patient(name=[{"text": "\u2003"}]), "name is missing"),
        (line("Location", id="l"), "name is missing"),
        (patient(name=[{"text": "Secret" * 51}]), "name is longer than 300 characters"),
        (patient(name=[{"text": "Secret\x00"}]), "name holds a character that is not text"),
        (patient(name=[{"family": 7}]), "name.0.family has the wrong type of value"),
        (patient(active="Secret"), "active has the wrong type of value"),
        (
            patient(identifier=[{"type": {"coding": [{"code": "MR"}]}, "value": "9" * 101}]),
            "identifier.value is longer than 100 characters",
        ),
    ],
)
def test_a_refusal_tells_the_field_and_never_its_value(content: bytes, reason: str) -> None:
    assert refusal(content) == reason


def part(id: str, parent: str | None, display: str | None = None, zone: str | None = None) -> LocationLine:
    return LocationLine(id, f"Room {id}", zone, True, parent, display)


def test_a_room_takes_site_and_zone_from_what_it_is_part_of() -> None:
    stored = {"site": Location("site", "North", None, "America/Denver")}
    parts = [
        part("bed", "wing"),
        part("wing", "site"),
        part("own", "site", "Norte", "America/Chicago"),
        part("far", "?", "South"),
    ]
    assert resolve_parts(parts, stored, ZONE) == [
        Location("bed", "North", "Room bed", "America/Denver"),
        Location("wing", "North", "Room wing", "America/Denver"),
        Location("own", "Norte", "Room own", "America/Chicago"),
        Location("far", "South", "Room far", ZONE),
    ]


def test_a_room_of_nowhere_and_a_room_within_itself_are_refused() -> None:
    outcomes = resolve_parts([part("a", "b"), part("b", "a"), part("c", "gone"), part("d", "d")], {}, ZONE)
    assert all(isinstance(outcome, RefusedLine) for outcome in outcomes)


def test_a_long_chain_of_rooms_is_followed() -> None:
    parts = [part("0", None, "North"), *(part(str(number), str(number - 1)) for number in range(1, 5000))]
    outcomes = resolve_parts(parts[::-1], {}, ZONE)
    assert {outcome.site for outcome in outcomes if isinstance(outcome, Location)} == {"North"}
    assert len(outcomes) == 5000


def test_lines_are_numbered_and_a_huge_one_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    huge = b"x" * (3 * LONGEST_LINE)
    longest = b"y" * LONGEST_LINE
    path.write_bytes(b"\xef\xbb\xbfone\r\n\n  \n" + huge + b"\n" + longest + b"\r\n" + longest + b"z\nend")
    found = [(found.number, found.content) for found in read_lines(path)]
    assert found == [(1, b"one"), (4, None), (5, longest), (6, None), (7, b"end")]
    assert [found.end for found in read_lines(path)][-1] == path.stat().st_size


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


async def run(engine: Database, *paths: Path, organization: str = "org") -> tuple[ImportSummary, list[str]]:
    report = io.StringIO()
    summary = await import_files(engine, organization, paths, ZONE, report, Console(file=io.StringIO()))
    return summary, report.getvalue().splitlines()


@pytest.mark.anyio
async def test_files_are_imported_and_a_second_run_changes_nothing(engine: Database, tmp_path: Path) -> None:
    rooms = write(
        tmp_path / "Location.ndjson",
        line("Location", id="r1", name="Room 1", partOf={"reference": "https://fhir.test/Location/site/_history/2"}),
        line("Location", id="r2", name="Room 2", partOf={"reference": "Location/gone"}),
    )
    others = write(
        tmp_path / "others.ndjson",
        line(
            "Location", id="site", name="North", extension=[{"url": TIME_ZONE_EXTENSION, "valueCode": "America/Denver"}]
        ),
        line("Practitioner", id="s", name=[{"family": "Test"}]),
        patient(),
        b"",
        patient(id="nobody", name=[]),
        line("Observation", id="o"),
    )
    summary, report = await run(engine, rooms, others)
    assert summary.by_type == {
        "Practitioner": LineCounts(new=1),
        "Location": LineCounts(new=2, refused=1),
        "Patient": LineCounts(new=1, refused=1),
        "Other": LineCounts(refused=1),
    }
    assert report == [
        f"{others}:5: name is missing",
        f"{others}:6: only Practitioner, Location and Patient resources are imported",
        f"{rooms}:2: partOf has no display and names a location that is neither here nor stored",
        "Practitioner: 1 new, 0 changed, 0 unchanged, 0 refused",
        "Location: 2 new, 0 changed, 0 unchanged, 1 refused",
        "Patient: 1 new, 0 changed, 0 unchanged, 1 refused",
        "Other: 0 new, 0 changed, 0 unchanged, 1 refused",
    ]
    again, _ = await run(engine, rooms, others)
    assert [(counts.new, counts.changed, counts.unchanged) for counts in again.by_type.values()] == [
        (0, 0, 1),
        (0, 0, 2),
        (0, 0, 1),
        (0, 0, 0),
    ]
    async with engine.connect() as connection:
        places = await connection.execute(select(locations).order_by(locations.c.id))
        assert [(place.id, place.site, place.room, place.time_zone) for place in places] == [
            ("r1", "North", "Room 1", "America/Denver"),
            ("site", "North", None, "America/Denver"),
        ]
        assert await connection.scalar(select(staff_members.c.display_name)) == "Test"


@pytest.mark.anyio
async def test_what_a_file_does_not_tell_stays(engine: Database, tmp_path: Path) -> None:
    await run(engine, write(tmp_path / "first", patient(), patient(id="q")))
    summary, _ = await run(engine, write(tmp_path / "second", patient(active=False)))
    assert summary.by_type["Patient"] == LineCounts(changed=1)
    async with engine.connect() as connection:
        rows = await connection.execute(select(patients.c.id, patients.c.active).order_by(patients.c.id))
        assert [tuple(row) for row in rows] == [("p", False), ("q", True)]


@pytest.mark.anyio
async def test_an_id_that_comes_twice_is_counted_twice_also_across_chunks(engine: Database, tmp_path: Path) -> None:
    many = [patient(id=f"p{number}") for number in range(CHUNK)]
    summary, _ = await run(engine, write(tmp_path / "file", *many, patient(id="p0", active=False), many[1]))
    assert summary.by_type["Patient"] == LineCounts(new=CHUNK, changed=1, unchanged=1)


@pytest.mark.anyio
async def test_a_missing_file_is_told_before_anything_is_stored(engine: Database, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="missing: No such file"):
        await run(engine, write(tmp_path / "file", patient()), tmp_path / "missing")
    with pytest.raises(CommandError, match="Is a directory"):
        await run(engine, tmp_path)
    with pytest.raises(CommandError, match="organization"):
        await run(engine, tmp_path / "file", organization="x" * 65)
    async with engine.connect() as connection:
        assert (await connection.execute(select(patients))).first() is None


@pytest.mark.anyio
async def test_a_terminal_shows_progress_and_makes_room_for_refusals(engine: Database, tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    path = write(tmp_path / "[red]file", patient(), b"{")
    await import_files(engine, "org", [path], ZONE, Terminal(), console)
    assert "[red]file:2: the line is not JSON" in screen.getvalue()
    assert "100%" in screen.getvalue()
