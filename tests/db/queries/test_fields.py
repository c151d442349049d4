"""Reading only some fields of a list returns the same values as reading whole records."""

from collections.abc import Sequence
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import make_url, select, text, update

from db.connections.engine import Database, create_engine
from db.connections.statement_count import count_statements, start_counting
from db.queries.enrollments import ENROLLMENTS_OF_GROUP
from db.queries.pages import find_partial_records
from db.queries.references import PATIENTS
from db.queries.sessions import SESSIONS_OF_GROUP, SessionFilter
from db.sql.layouts import Fields, Records
from db.sql.listings import Window
from db.sql.statement import AnyOf, Statement, of_organization
from db.tables import patients
from db.transactions.snapshots import Snapshot, snapshot
from domain.records import Enrollment, Occurrence, Patient
from tests.support.clinic import OURS, THEIRS, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

DAY = date(2026, 11, 1)
# A database may omit trailing zeros of fractions of a second.
INSTANTS = [
    datetime(2026, 11, 1, 0, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 23, 59, 59, 120000, tzinfo=UTC),
    datetime(2026, 3, 8, 9, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 9, 0, 0, 999999, tzinfo=UTC),
    datetime(2026, 3, 8, 9, 0, 0, 100000, tzinfo=UTC),
]
# PostgreSQL has the first and the last as infinite dates.
DAYS = [date.min, date(1, 1, 2), None, date(2000, 2, 29), date.max]
# Texts that are special in JSON or to its parsers.
ODD_TEXTS = ['"quoted\\"', "a\nb\tc\x1f\x7f", "', null]", "\u2028\U0001f600é", "", "null"]


def names(kind: type) -> list[str]:
    return [field.name for field in dataclass_fields(kind)]


def field_values(records: Records[Any], name: str) -> list[Any]:
    layout = records.layout
    if name in layout.text_columns:
        index, kind = layout.text_columns[name]
        assert {type(row[index]) for row in records.rows} <= {str, type(None)}
        assert kind in {UUID, date, time, datetime}
        return [row[index] for row in records.rows]
    if name in layout.code_columns:
        index, values = layout.code_columns[name]
        return [values[row[index]] for row in records.rows]
    return list(records.values(name))


def written(value: object) -> object:
    if isinstance(value, date | time | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


async def sessions(
    opened: Snapshot, groups: Sequence[UUID], window: Window, fields: Fields | None
) -> list[Records[Occurrence]]:
    return [
        page.records for page in await SESSIONS_OF_GROUP.read_pages(opened, groups, SessionFilter(), window, fields)
    ]


async def enrollments(
    opened: Snapshot, groups: Sequence[UUID], window: Window, fields: Fields | None
) -> list[Records[Enrollment]]:
    return [page.records for page in await ENROLLMENTS_OF_GROUP.read_pages(opened, groups, None, window, fields)]


async def fill(engine: Database) -> list[UUID]:
    """Add groups. Return one with many rows, one with few, an empty one, one of another clinic, and the first again."""
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
    theirs = await add_group(engine, "not ours", THEIRS)
    await add_sessions(engine, theirs, [DAY], THEIRS)
    await add_enrollments(engine, theirs, ["patient-1"], THEIRS)
    full, little, empty = [await add_group(engine, name) for name in ("full", "little", "empty")]
    for number, reason in enumerate(ODD_TEXTS):
        at = INSTANTS[number % len(INSTANTS)]
        cancelled: dict[str, Any] = {
            "status": "CANCELLED",
            "cancelled_at": at,
            "cancellation_reason": reason,
            "created_at": at,
        }
        await add_sessions(engine, full, [DAY + timedelta(days=number)], **cancelled)
    await add_sessions(engine, little, [DAY], start_time=time(0), location_id="denver")
    for patient, at in zip(("patient-1", "patient-2"), INSTANTS, strict=False):
        await add_enrollments(engine, full, [patient], enrolled_at=at, created_at=at)
    waiting: dict[str, Any] = {
        "status": "WAITLISTED",
        "waitlist_position": 1,
        "enrolled_at": None,
        "waitlisted_at": INSTANTS[2],
    }
    await add_enrollments(engine, full, ["patient-3"], **waiting)
    await add_enrollments(engine, little, ["patient-1"])
    return [full, little, empty, theirs, full]


@pytest.mark.parametrize("window", [Window(50), Window(2), Window(2, backwards=True)], ids=["all", "first", "last"])
async def test_fields_of_many_lists_are_those_of_their_records(engine: Database, window: Window) -> None:
    groups = await fill(engine)
    count_statements(engine)
    lists: list[tuple[Any, type]] = [(sessions, Occurrence), (enrollments, Enrollment)]
    async with snapshot(engine, OURS) as opened:
        for read, kind in lists:
            records = [list(page) for page in await read(opened, groups, window, None)]
            assert [bool(page) for page in records] == [True, True, False, False, True]
            for name in names(kind):
                only = frozenset({name})
                counted = start_counting()
                as_values, as_texts = [
                    [field_values(page, name) for page in await read(opened, groups, window, fields)]
                    for fields in (Fields(only), Fields(frozenset(), only))
                ]
                assert counted.statements == 2
                assert as_values == [[getattr(record, name) for record in page] for page in records], name
                if opened.on_postgresql:
                    as_values = [list(map(written, page)) for page in as_values]
                assert as_texts == as_values, name
            everything = await read(opened, groups, window, Fields(frozenset(), frozenset(names(kind))))
            assert everything[0].layout.text_columns.keys() >= {"id", "created_at"} or not opened.on_postgresql
            # A field that is requested both as a value and as a text is read as a value.
            both = await read(opened, groups, window, Fields(frozenset({"id"}), frozenset({"id", "version"})))
            assert [field_values(page, "id") for page in both] == [[record.id for record in page] for page in records]


async def test_a_page_without_fields_has_a_row_for_each_record(engine: Database) -> None:
    groups = await fill(engine)
    async with snapshot(engine, OURS) as opened:
        pages = await SESSIONS_OF_GROUP.read_pages(opened, groups, SessionFilter(), Window(3), Fields(frozenset()))
        assert [(len(page.records), page.more) for page in pages] == [
            (3, True),
            (1, False),
            (0, False),
            (0, False),
            (3, True),
        ]


async def test_enrollments_are_read_with_fields_of_their_patients(engine: Database) -> None:
    groups = await fill(engine)
    async with engine.begin() as connection:
        for number in (1, 2, 3):
            values = {"display_name": ODD_TEXTS[number], "birth_date": DAYS[number]}
            one = patients.c.id == f"patient-{number}"
            await connection.execute(update(patients).where(patients.c.organization_id == OURS, one).values(values))
    of_patient = Fields(frozenset({"id"}), frozenset({"display_name", "birth_date"}))
    fields = Fields(frozenset(), frozenset({"version"}), frozenset({("patient", of_patient)}))
    count_statements(engine)
    async with snapshot(engine, OURS) as opened:
        counted = start_counting()
        pages = await enrollments(opened, groups, Window(2, backwards=True), fields)
        assert counted.statements == (2 if opened.on_postgresql else 1)
        if not opened.on_postgresql:
            assert [page.layout.row_layouts for page in pages] == [{}] * 5
            return
        read = []
        for page in pages:
            layout = page.layout.row_layouts["patient"]
            columns = [layout.column(name) for name in ("id", "display_name", "birth_date")]
            read.append([tuple(row[column] for column in columns) for row in page.rows])
            assert field_values(page, "patient_id") == [row[0] for row in read[-1]]
        expected = [(f"patient-{number}", ODD_TEXTS[number], written(DAYS[number])) for number in (1, 2, 3)]
        assert read == [expected[1:], expected[:1], [], [], expected[1:]]


async def test_a_list_of_texts_may_contain_any_text(engine: Database) -> None:
    await seed(engine, OURS)
    named = Statement(
        select(patients.c.display_name).where(of_organization(patients), AnyOf(patients.c.display_name, "names"))
    )
    for odd in [*ODD_TEXTS, "\\", "{}", '"', "NULL", ",", "a b"]:
        async with engine.begin() as connection:
            one = patients.c.id == "patient-1"
            await connection.execute(
                update(patients).where(patients.c.organization_id == OURS, one).values(display_name=odd)
            )
        async with snapshot(engine, OURS) as opened:
            for names_ in ([odd], ["other", odd, "x"], [odd, odd]):
                assert [tuple(row) for row in await opened.fetch(named, {"names": names_})] == [(odd,)]
            assert not await opened.fetch(named, {"names": []})
            assert not await opened.fetch(named, {"names": [f"{odd}x"]})


async def test_partial_patients_are_in_the_order_of_the_ids(engine: Database) -> None:
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
    async with engine.begin() as connection:
        ours = patients.c.organization_id == OURS
        for number, day in enumerate(DAYS, 1):
            survivor = f"patient-{number - 1}" if number > 1 else None
            texts = {"display_name": ODD_TEXTS[number], "preferred_name": ODD_TEXTS[-number]}
            values = {**texts, "birth_date": day, "replaced_by": survivor}
            one = patients.c.id == f"patient-{number}"
            await connection.execute(update(patients).where(ours, one).values(values))
    ids = [f"patient-{number}" for number in range(len(DAYS), 0, -1)]
    async with snapshot(engine, OURS) as opened:
        for name in names(Patient):
            partial = await find_partial_records(opened, PATIENTS, ids, Fields(frozenset(), frozenset({name})))
            assert partial is not None
            expected: dict[str, list[Any]] = {
                "id": ids,
                "display_name": ODD_TEXTS[len(DAYS) : 0 : -1],
                "preferred_name": ODD_TEXTS[-len(DAYS) :],
                "birth_date": [written(day) if opened.on_postgresql else day for day in reversed(DAYS)],
                "active": [True] * len(DAYS),
                "medical_record_number": [f"MR{number}" for number in range(len(DAYS), 0, -1)],
                "replaced_by": [*ids[1:], None],
            }
            assert field_values(partial, name) == expected[name]
        partial = await find_partial_records(opened, PATIENTS, ids, Fields(frozenset({"birth_date"})))
        assert partial is not None
        assert field_values(partial, "birth_date") == DAYS[::-1]
        assert await find_partial_records(opened, PATIENTS, [*ids, "nobody"], Fields(frozenset({"active"}))) is None
    async with snapshot(engine, "nobody's") as opened:
        assert await find_partial_records(opened, PATIENTS, ids, Fields(frozenset({"active"}))) is None


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_values_that_python_cannot_represent_are_refused(engine: Database) -> None:
    groups = await fill(engine)
    odd = {"end_time": "TIME '23:00:00.5'", "created_at": "TIMESTAMPTZ 'infinity'"}
    for name, value in odd.items():
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE pm_group_schedule SET {name} = {value}"))
        async with snapshot(engine, OURS) as opened:
            with pytest.raises(ValueError, match=r"of a second|cannot represent"):
                await sessions(opened, groups, Window(50), Fields(frozenset(), frozenset({name})))


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_instants_are_written_in_utc_in_any_time_zone_of_the_database(
    database_url: str, engine: Database
) -> None:
    groups = await fill(engine)
    async with engine.begin() as connection:
        name = make_url(database_url).database
        await connection.execute(text(f"ALTER DATABASE \"{name}\" SET timezone TO 'Asia/Kathmandu'"))
        await connection.execute(text(f"ALTER DATABASE \"{name}\" SET datestyle TO 'German, DMY'"))
    there = create_engine(database_url)
    fields = Fields(frozenset(), frozenset({"session_date", "start_time", "starts_at", "created_at"}))
    async with snapshot(engine, OURS) as here, snapshot(there, OURS) as opened:
        expected, actual = [await sessions(reader, groups, Window(50), fields) for reader in (here, opened)]
        for name in ("session_date", "start_time", "starts_at", "created_at"):
            assert [field_values(page, name) for page in actual] == [field_values(page, name) for page in expected]
        assert field_values(actual[0], "created_at")[1] == "2026-11-01T23:59:59.120000+00:00"
    await there.dispose()
