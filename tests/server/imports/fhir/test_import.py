"""The import of FHIR files: stored records, the report, and complete exports."""

import gzip
import io
import json
import random
from collections.abc import Sequence
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import Table, select

from db.connections.engine import Database
from db.tables import locations, patients, staff_members
from server.imports.fhir.fhir_file import FhirFile
from server.imports.importing import BATCH, import_files
from server.imports.options import ImportOptions
from server.imports.resource_types import ResourceType
from server.imports.results import Note
from server.imports.summary import Counts, ImportSummary, MissingRecords
from server.runtime.command_error import CommandError
from tests.server.imports.fhir.resources import (
    TIME_ZONE,
    ZONE,
    bundle,
    deletions,
    location,
    ndjson,
    patient,
    practitioner,
    role,
    subset,
    updated,
)
from tests.support.databases import operator_of

pytestmark = pytest.mark.anyio

MR = {"coding": [{"code": "MR"}]}
COMPLETE = patient(birthDate="1980-02-29", identifier=[{"type": MR, "value": "MR-1"}])


async def run(engine: Database, *paths: Path, **options: Any) -> tuple[ImportSummary, list[str]]:
    out = io.StringIO()
    system = options.pop("identifier_system", None)
    import_options = ImportOptions(**{"organization_id": "org", "default_time_zone": ZONE, **options})
    files = [FhirFile(path, system) for path in paths]
    summary = await import_files(operator_of(engine), import_options, files, out, Console(file=io.StringIO()))
    return summary, out.getvalue().splitlines()


class Files:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def __call__(self, *values: Any) -> Path:
        self.count += 1
        path = self.folder / f"{self.count}.ndjson"
        path.write_bytes(ndjson(*values))
        return path


@pytest.fixture
def file(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def rows(engine: Database, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        result = await connection.execute(select(*(table.c[name] for name in columns)).order_by(table.c.id))
        return [tuple(row) for row in result]


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def names(engine: Database) -> list[Any]:
    return [row[0] for row in await rows(engine, patients, "display_name")]


async def active(engine: Database) -> dict[str, bool]:
    return {row[0]: row[1] for row in await rows(engine, patients, "id", "active")}


async def test_a_second_import_of_the_same_files_changes_nothing(engine: Database, file: Files) -> None:
    rooms = file(
        location(id="r1", name="Room 1", partOf={"reference": "https://fhir.test/Location/site/_history/2"}),
        location(id="r2", name="Room 2", partOf={"reference": "Location/gone"}),
    )
    others = file(
        location(id="site", extension=[{"url": TIME_ZONE, "valueCode": "America/Denver"}]),
        practitioner(),
        role(),
        patient(),
        patient(id="nobody", name=[]),
        {"resourceType": "Observation", "id": "o"},
        {"resourceType": "Observation", "id": "o2"},
        {},
    )
    summary, report = await run(engine, rooms, others)
    assert summary.counts == {
        "Practitioner": Counts(new=1),
        "PractitionerRole": Counts(new=1),
        "Location": Counts(new=2, refused=1),
        "Patient": Counts(new=1, refused=1),
        "Observation": Counts(skipped=2),
        "Other": Counts(refused=1),
    }
    assert (summary.refused, summary.unreadable) == (3, 1)
    assert report[:3] == [
        f"{others}:5: name is missing",
        f"{others}:8: resourceType is missing",
        f"{rooms}:2: partOf has no display and names a location that is neither in the files nor stored",
    ]
    assert [line.split() for line in report if line.startswith(" Observation")] == [
        ["Observation", "0", "0", "0", "0", "2", "0"]
    ]
    second_run, _ = await run(engine, rooms, others)
    assert {name: counts.unchanged for name, counts in second_run.counts.items() if counts.unchanged} == {
        "Practitioner": 1,
        "PractitionerRole": 1,
        "Location": 2,
        "Patient": 1,
    }
    assert sum(counts.new + counts.changed for counts in second_run.counts.values()) == 0
    assert await rows(engine, locations, "id", "site", "room", "time_zone") == [
        ("r1", "North", "Room 1", "America/Denver"),
        ("site", "North", None, "America/Denver"),
    ]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("indent", [None, 2])
async def test_a_bundle_is_imported_like_single_lines(
    engine: Database, tmp_path: Path, compressed: bool, indent: int | None
) -> None:
    content = json.dumps(bundle(COMPLETE, practitioner(), patient(id="q", name=[])), indent=indent).encode()
    path = tmp_path / "bundle"
    path.write_bytes(gzip.compress(content) if compressed else content)
    summary, report = await run(engine, path)
    assert summary.counts == {"Patient": Counts(new=1, refused=1), "Practitioner": Counts(new=1)}
    assert report[0] == (f"{path}: entry 3: name is missing" if indent else f"{path}:1: entry 3: name is missing")


async def test_records_missing_from_a_file_do_not_change(engine: Database, file: Files) -> None:
    await run(engine, file(patient(), patient(id="q")))
    summary, _ = await run(engine, file(patient(active=False)))
    assert summary.counts["Patient"] == Counts(changed=1)
    assert await active(engine) == {"p": False, "q": True}


async def test_a_repeated_id_is_counted_twice_also_across_batches(engine: Database, file: Files) -> None:
    many = [patient(id=f"p{number}") for number in range(BATCH)]
    summary, _ = await run(engine, file(*many, patient(id="p0", active=False), many[1]))
    assert summary.counts["Patient"] == Counts(new=BATCH, changed=1, unchanged=1)


async def test_an_incomplete_resource_erases_no_field(engine: Database, file: Files) -> None:
    await run(engine, file(COMPLETE))
    summary, _ = await run(engine, file(subset(patient(name=[{"text": "Ada Other"}]))))
    assert summary.counts["Patient"] == Counts(changed=1)
    assert summary.notes[ResourceType.PATIENT, Note.INCOMPLETE] == 1
    assert await rows(engine, patients, "display_name", "birth_date", "medical_record_number") == [
        ("Ada Other", date(1980, 2, 29), "MR-1")
    ]


@pytest.mark.parametrize("together", [True, False])
async def test_an_older_complete_resource_fills_in_missing_fields(
    engine: Database, file: Files, together: bool
) -> None:
    tagged = subset(patient(name=[{"text": "Ada Other"}]))
    newer = {**tagged, "meta": {**tagged["meta"], "lastUpdated": "2026-01-05T08:00:00Z"}}
    complete = updated(COMPLETE, "2026-01-04T08:00:00Z")
    for lines in [(newer, complete)] if together else [(newer,), (complete,)]:
        await run(engine, file(*lines))
    expected = [("Ada Other", date(1980, 2, 29), "MR-1")]
    assert await rows(engine, patients, "display_name", "birth_date", "medical_record_number") == expected
    summary, _ = await run(engine, file(complete, newer))
    assert summary.counts["Patient"] == Counts(unchanged=2)


async def test_an_older_complete_location_fills_in_missing_fields(engine: Database, file: Files) -> None:
    tagged = subset(location(name="South"))
    newer = {**tagged, "meta": {**tagged["meta"], "lastUpdated": "2026-01-05T08:00:00Z"}}
    await run(engine, file(newer))
    complete = location(extension=[{"url": TIME_ZONE, "valueCode": "America/Denver"}], status="inactive")
    await run(engine, file(updated(complete, "2026-01-04T08:00:00Z")))
    assert await rows(engine, locations, "site", "time_zone", "active") == [("South", "America/Denver", False)]


async def test_an_incomplete_resource_reactivates_no_patient(engine: Database, file: Files) -> None:
    await run(engine, file(patient(deceasedBoolean=True)))
    await run(engine, file(subset(patient(active=True))))
    assert await active(engine) == {"p": False}


VERSIONS = [
    updated(patient(name=[{"text": "Oldest"}]), "2026-01-05T08:00:00Z"),
    updated(patient(name=[{"text": "Newest"}]), "2026-01-05T03:00:00-07:00"),
    updated(patient(name=[{"text": "Older"}]), "2026-01-05T11:30:00+02:00"),
]


@pytest.mark.parametrize("order", list(permutations(VERSIONS)))
@pytest.mark.parametrize("files", ["one", "several", "bundle"])
async def test_the_newest_version_wins_in_any_order(
    engine: Database, file: Files, tmp_path: Path, order: Sequence[dict[str, Any]], files: str
) -> None:
    if files == "one":
        await run(engine, file(*order))
    elif files == "several":
        await run(engine, *map(file, order))
    else:
        for version in order:
            await run(engine, file(bundle(version)))
    assert await names(engine) == ["Newest"]


async def test_older_versions_are_counted_and_not_refused(engine: Database, file: Files) -> None:
    summary, _ = await run(engine, file(VERSIONS[1], VERSIONS[0], VERSIONS[1]))
    assert summary.counts["Patient"] == Counts(new=1, older=1, unchanged=1)
    assert summary.refused == 0


@pytest.mark.parametrize("wrong", [{"name": []}, {"birthDate": "nonsense"}, {"name": [{"text": "*****"}]}])
async def test_the_status_of_an_invalid_resource_updates_a_stored_record(
    engine: Database, file: Files, wrong: dict[str, Any]
) -> None:
    await run(engine, file(COMPLETE))
    merged = {"link": [{"type": "replaced-by", "other": {"reference": "Patient/survivor"}}]}
    path = file(patient(**wrong, **merged))
    summary, report = await run(engine, path)
    assert summary.counts["Patient"] == Counts(changed=1)
    assert report[0].startswith(f"{path}:1: refused, except for the inactive status: ")
    assert await rows(engine, patients, "display_name", "birth_date", "active", "replaced_by") == [
        ("Ada Test", date(1980, 2, 29), False, "survivor")
    ]


async def test_a_status_older_than_the_record_is_ignored(engine: Database, file: Files) -> None:
    await run(engine, file(updated(patient(), "2026-01-05T08:00:00Z")))
    summary, _ = await run(engine, file(updated(patient(active=False, name=[]), "2026-01-04T08:00:00Z")))
    assert summary.counts["Patient"] == Counts(older=1)
    assert await active(engine) == {"p": True}


async def test_a_status_without_a_stored_record_is_skipped(engine: Database, file: Files) -> None:
    summary, _ = await run(engine, file(patient(active=False, name=[]), subset(patient(id="q", name=[]))))
    assert summary.counts["Patient"] == Counts(skipped=2)
    assert await active(engine) == {}


async def test_a_status_may_come_before_the_record_itself(engine: Database, file: Files) -> None:
    status_only = updated(patient(active=False, name=[]), "2026-01-05T08:00:00Z")
    summary, _ = await run(engine, file(status_only), file(updated(patient(), "2026-01-04T08:00:00Z")))
    assert summary.counts["Patient"] == Counts(new=1, changed=1)
    assert await active(engine) == {"p": False}


async def test_a_merge_can_be_undone(engine: Database, file: Files) -> None:
    await run(engine, file(patient(link=[{"type": "replaced-by", "other": {"reference": "Patient/q"}}])))
    await run(engine, file(patient()))
    assert await rows(engine, patients, "active", "replaced_by") == [(True, None)]


async def test_staff_whose_roles_have_ended_are_inactive(engine: Database, file: Files) -> None:
    ended = role(period={"end": "2020-12-31"})
    await run(engine, file(ended), file(practitioner(), practitioner(id="t")))
    assert await rows(engine, staff_members, "id", "active") == [("s", False), ("t", True)]
    await run(engine, file(role(id="r2")))
    assert await rows(engine, staff_members, "id", "active") == [("s", True), ("t", True)]
    await run(engine, file(role(id="r2", practitioner={"reference": "Practitioner/t"})))
    assert await rows(engine, staff_members, "id", "active") == [("s", False), ("t", True)]


async def test_staff_whose_role_is_deleted_are_inactive(engine: Database, file: Files) -> None:
    await run(engine, file(practitioner(), role()))
    await run(engine, file(deletions("PractitionerRole/r")))
    assert await rows(engine, staff_members, "active") == [(False,)]


async def test_bulk_deletions_make_records_inactive_and_delete_none(engine: Database, file: Files) -> None:
    await run(engine, file(COMPLETE, practitioner(), location()))
    urls = ("Patient/p", "Patient/unknown", "Practitioner/s", "Location/l", "Observation/o")
    summary, _ = await run(engine, file(deletions(*urls)))
    assert summary.counts == {
        "Patient": Counts(changed=1, skipped=1),
        "Practitioner": Counts(changed=1),
        "Location": Counts(changed=1),
        "Observation": Counts(skipped=1),
    }
    assert await rows(engine, patients, "display_name", "active") == [("Ada Test", False)]
    assert await rows(engine, staff_members, "active", "registry_active") == [(False, False)]
    assert await rows(engine, locations, "site", "active") == [("North", False)]


async def test_rooms_change_with_their_site(engine: Database, file: Files) -> None:
    room = location(id="r", name="Room", partOf={"reference": "Location/l", "display": "North"})
    await run(engine, file(room, location(extension=[{"url": TIME_ZONE, "valueCode": "America/Denver"}])))
    zone = [{"url": TIME_ZONE, "valueString": "Central Standard Time"}]
    summary, _ = await run(engine, file(location(name="Norte", extension=zone, status="suspended")))
    assert summary.counts["Location"] == Counts(changed=1)
    assert summary.notes == {(ResourceType.LOCATION, Note.FOLLOWED): 1}
    assert await rows(engine, locations, "id", "site", "room", "time_zone", "active") == [
        ("l", "Norte", None, "America/Chicago", False),
        ("r", "Norte", "Room", "America/Chicago", True),
    ]


async def test_cycles_and_refused_parents_are_reported(engine: Database, file: Files) -> None:
    def part(id: str, parent: str) -> dict[str, Any]:
        return location(id=id, partOf={"reference": f"Location/{parent}"})

    path = file(part("a", "b"), part("b", "a"), part("c", "bad"), location(id="bad", name=None), part("d", "gone"))
    summary, report = await run(engine, path)
    assert summary.counts["Location"] == Counts(refused=5)
    assert report[:5] == [
        f"{path}:4: name is missing",
        f"{path}:1: partOf leads back to the location itself",
        f"{path}:2: partOf leads back to the location itself",
        f"{path}:3: partOf names a location that was refused, and has no display",
        f"{path}:5: partOf has no display and names a location that is neither in the files nor stored",
    ]


async def test_an_unknown_time_zone_is_reported_and_the_stored_one_kept(engine: Database, file: Files) -> None:
    await run(engine, file(location(extension=[{"url": TIME_ZONE, "valueCode": "America/Denver"}])))
    path = file(location(name="Norte", extension=[{"url": TIME_ZONE, "valueString": "Ruritania"}]))
    _, report = await run(engine, path)
    assert report[0] == f"{path}:1: unknown time zone, neither in IANA's nor in CLDR's list: ignored"
    assert await rows(engine, locations, "site", "time_zone") == [("Norte", "America/Denver")]


async def test_default_values_are_counted(engine: Database, file: Files) -> None:
    summary, report = await run(engine, file(patient(), COMPLETE, location()))
    assert summary.notes == {
        (ResourceType.PATIENT, Note.RECORD_NUMBER_IS_ID): 1,
        (ResourceType.LOCATION, Note.ZONE_DEFAULTED): 1,
    }
    assert any(line.split()[-1:] == ["1"] and "no record number" in line for line in report)


async def test_the_record_number_comes_from_the_chosen_system(engine: Database, file: Files) -> None:
    numbers = [{"type": MR, "value": "MR-1"}, {"system": "urn:ours", "value": "O-1"}]
    await run(engine, file(patient(identifier=numbers)), identifier_system="urn:ours")
    assert await rows(engine, patients, "medical_record_number") == [("O-1",)]


async def test_a_full_export_changes_nothing_until_confirmed(engine: Database, file: Files) -> None:
    await run(engine, file(*(patient(id=str(number)) for number in range(5)), practitioner(), location()))
    export = file(patient(id="0", name=[{"text": "Changed"}]), patient(id="1", name=[]), patient(id="9"))
    before = await rows(engine, patients, "id", "display_name", "active")
    summary, report = await run(engine, export, full=True)
    assert summary.missing_records == {ResourceType.PATIENT: MissingRecords(in_files=3, active=5, missing=3)}
    assert await rows(engine, patients, "id", "display_name", "active") == before
    assert ["Patient", "3", "5", "3"] in [line.split() for line in report]

    summary, _ = await run(engine, export, full=True, confirm=2)
    assert not summary.deactivated
    assert all((await active(engine)).values())

    summary, _ = await run(engine, export, full=True, confirm=3)
    assert summary.deactivated
    # A refused resource counts as present.
    assert await active(engine) == {"0": True, "1": True, "2": False, "3": False, "4": False, "9": True}
    assert await rows(engine, staff_members, "active") == [(True,)]
    assert await rows(engine, locations, "active") == [(True,)]


async def test_a_full_export_with_unreadable_parts_deactivates_nobody(engine: Database, file: Files) -> None:
    await run(engine, file(patient(id="a"), patient(id="b")))
    export = file(patient(id="a"), {"resourceType": "Patient"})
    summary, _ = await run(engine, export, full=True, confirm=1)
    assert (summary.missing, summary.unreadable, summary.deactivated) == (1, 1, False)
    assert await active(engine) == {"a": True, "b": True}


async def test_a_full_export_with_deletions_has_the_same_count_twice(engine: Database, file: Files) -> None:
    await run(engine, file(*(patient(id=key) for key in "abc"), *(practitioner(id=key) for key in "st")))
    paths = (file(patient(id="a"), practitioner(id="s")), file(deletions("Patient/b")))
    planned, _ = await run(engine, *paths, full=True)
    confirmed, _ = await run(engine, *paths, full=True, confirm=planned.missing)
    assert (planned.missing, confirmed.deactivated) == (2, True)
    assert await active(engine) == {"a": True, "b": False, "c": False}
    assert await rows(engine, staff_members, "id", "active") == [("s", True), ("t", False)]


async def test_a_missing_file_is_reported_before_anything_is_stored(
    engine: Database, file: Files, tmp_path: Path
) -> None:
    valid_file = file(patient())
    with pytest.raises(CommandError, match="missing: No such file"):
        await run(engine, valid_file, tmp_path / "missing")
    with pytest.raises(CommandError, match="Is a directory"):
        await run(engine, tmp_path)
    with pytest.raises(CommandError, match="organization"):
        await run(engine, valid_file, organization_id="x" * 65)
    with pytest.raises(CommandError, match="No such file"):
        await run(engine, valid_file, report=tmp_path / "gone" / "report.json")
    assert await active(engine) == {}


async def test_the_json_report_lists_everything(engine: Database, file: Files, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    path = file(*(patient(id=f"p{number}", name=[]) for number in range(30)), patient(), {"resourceType": "Task"})
    _, lines = await run(engine, path, report=report)
    assert lines[:20] == [f"{path}:{number}: name is missing" for number in range(1, 21)]
    assert lines[20] == "10 more: name is missing (--report FILE lists all)"
    content = json.loads(report.read_bytes())
    assert content["problems"][29] == {
        "file": str(path),
        "line": 30,
        "entry": None,
        "type": "Patient",
        "level": "refused",
        "reason": "name is missing",
    }
    assert len(content["problems"]) == 30
    assert content["counts"]["Patient"] == {
        "new": 1,
        "changed": 0,
        "unchanged": 0,
        "older": 0,
        "skipped": 0,
        "refused": 30,
    }
    assert content["counts"]["Task"]["skipped"] == 1
    assert content["notes"][0]["note"] == "RECORD_NUMBER_IS_ID"
    assert content["dryRun"] is False
    await run(engine, path, report=report)
    assert json.loads(report.read_bytes())["counts"]["Patient"]["unchanged"] == 1


async def test_the_report_does_not_overwrite_other_files(engine: Database, file: Files) -> None:
    first, second = file(patient()), file(patient(id="q"))
    with pytest.raises(CommandError, match="not a report"):
        await run(engine, second, report=first)
    assert first.read_bytes() == ndjson(patient())


async def test_the_report_contains_no_personal_data(engine: Database, file: Files, tmp_path: Path) -> None:
    secret = "Zyxwv"
    wrong: list[Any] = [
        patient(id=f"{secret} 1"),
        patient(id=f"{secret}2", name=[{"text": secret * 100}]),
        patient(id=f"{secret}3", birthDate=secret),
        patient(id=f"{secret}4", active=secret),
        {"resourceType": secret},
        secret,
        patient(id=f"{secret}5", name=[{"text": secret}], identifier=[{"type": MR, "value": secret * 30}]),
        patient(id=f"{secret}6", name=[{"text": secret}]),
        location(partOf={"reference": f"Location/{secret}"}),
        deletions(f"Patient?name={secret}"),
    ]
    report = tmp_path / "report.json"
    _, lines = await run(engine, file(*wrong), report=report)
    assert len(json.loads(report.read_bytes())["problems"]) == 9
    assert secret not in "\n".join(lines)
    assert secret not in report.read_text()


async def test_an_interrupted_import_is_continued_by_the_next(engine: Database, file: Files, tmp_path: Path) -> None:
    class InterruptedOutput(io.StringIO):
        def write(self, text: str) -> int:
            if "name is missing" in text:
                raise KeyboardInterrupt
            return super().write(text)

    many = [patient(id=f"p{number:04}") for number in range(BATCH + 10)]
    random.Random(1).shuffle(many)
    path = file(*many, patient(id="bad", name=[]), location())
    out, report = InterruptedOutput(), tmp_path / "report.json"
    options = ImportOptions("org", ZONE, report=report)
    with pytest.raises(KeyboardInterrupt):
        await import_files(operator_of(engine), options, [FhirFile(path)], out, Console(file=io.StringIO()))
    assert len(await active(engine)) == BATCH
    assert "The import was interrupted." in out.getvalue()
    assert [name for name in names_in(tmp_path) if name.startswith("report")] == []
    summary, _ = await run(engine, path)
    assert summary.counts["Patient"] == Counts(new=10, unchanged=BATCH, refused=1)
    assert summary.counts["Location"] == Counts(new=1)


async def test_a_terminal_shows_progress_and_refused_lines(engine: Database, tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    path = tmp_path / "[red]file"
    path.write_bytes(ndjson(patient()) + b"{")
    await import_files(operator_of(engine), ImportOptions("org", ZONE), [FhirFile(path)], Terminal(), console)
    assert "[red]file:2: the line is not JSON" in screen.getvalue()
    assert "100%" in screen.getvalue()
