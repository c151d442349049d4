"""Calendar feeds: who may have them, what they say, and how calendar programs read them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar
from sqlalchemy import select, text, update

from db.connections.engine import Database
from db.tables import calendar_feeds, idempotency_keys, idempotency_steps, occurrences
from domain.wall_time import local_date
from resolvers.caller import PermissionKey
from resolvers.commands.calendar_feeds import MAX_FEEDS
from server.runtime.clock import now
from tests.support.api_client import ApiClient, ApiClients
from tests.support.clinic import NOW, OURS, THEIRS, make_group, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

VIEW, EDIT = PermissionKey.GROUP_SCHEDULE_VIEW, PermissionKey.GROUP_SCHEDULE_EDIT
TODAY = NOW.date()
CREATE = """mutation ($input: CreateCalendarFeedInput!) { createCalendarFeed(input: $input) {
  path calendarFeed { id ownerId facilitator { registryId } location { registryId } createdAt rotatedAt }
  userErrors { code field message } } }"""
ROTATE = """mutation ($id: ID!) { rotateCalendarFeed(input: {id: $id}) {
  path calendarFeed { id } userErrors { code field } } }"""
DELETE = "mutation ($id: ID!) { deleteCalendarFeed(input: {id: $id}) { deletedId userErrors { code field } } }"
LIST = "{ calendarFeeds { totalCount nodes { id ownerId } } }"


@pytest.fixture
async def owner(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine)
    return await app_client(organization=OURS, subject="owner", permissions=[VIEW])


async def create(client: ApiClient, **subject: str) -> tuple[str, str]:
    """Create a feed, and return its id and its address."""
    payload = (await client.execute(CREATE, {"input": subject}))["createCalendarFeed"]
    assert payload["userErrors"] == []
    return payload["calendarFeed"]["id"], f"/{payload['path']}"


async def events(client: ApiClient, path: str) -> list[Any]:
    """Return the events of a feed, which two libraries read alike."""
    response = await client.http.get(path, headers={"Authorization": ""})
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    found = list(Calendar.from_ical(response.content).events)
    others = IcsCalendarStream.calendar_from_ics(response.text).events
    assert {(str(event["UID"]), event.start, event.end, str(event["SUMMARY"])) for event in found} == {
        (other.uid, other.dtstart, other.dtend, other.summary) for other in others
    }
    return found


def ids(found: Iterable[Any]) -> list[str]:
    return [str(event["UID"]).removesuffix("@group-sessions") for event in found]


async def edit_session(engine: Database, session: UUID, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(occurrences).where(occurrences.c.id == session).values(**values))


async def test_a_feed_has_the_sessions_of_its_facilitator(engine: Database, owner: ApiClient) -> None:
    group = await add_group(engine, "Anger management")
    days = [TODAY + timedelta(days=number) for number in (1, 2, 3)]
    [mine] = await add_sessions(engine, group, days[:1], facilitator_id="staff-1")
    [shared] = await add_sessions(engine, group, days[1:2], facilitator_id="staff-2", co_facilitator_id="staff-1")
    await add_sessions(engine, group, days[2:], facilitator_id="staff-2")
    _, path = await create(owner, facilitatorId="staff:staff-1")
    assert ids(await events(owner, path)) == [str(mine), str(shared)]


async def test_a_feed_of_a_site_has_the_sessions_in_its_rooms(engine: Database, owner: ApiClient) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO pm_group_locations (organization_id, id, site, room, time_zone, active, search_text)"
                " VALUES ('org-ours', 'attic', 'Denver', 'Attic', 'America/Denver', true, 'denver attic')"
            )
        )
    group = await add_group(engine, "Grief")
    [there] = await add_sessions(engine, group, [TODAY], location_id="denver")
    [above] = await add_sessions(engine, group, [TODAY + timedelta(days=1)], location_id="attic")
    await add_sessions(engine, group, [TODAY + timedelta(days=2)], location_id="phoenix")
    _, site = await create(owner, locationId="denver")
    _, room = await create(owner, locationId="location:attic")
    assert ids(await events(owner, site)) == [str(there), str(above)]
    [event] = await events(owner, room)
    assert (ids([event]), str(event["LOCATION"])) == ([str(above)], "Denver, Attic")


async def test_a_feed_has_sessions_of_13_months(engine: Database, owner: ApiClient) -> None:
    group = await add_group(engine, "Grief")
    today = local_date(now(), "America/Phoenix")
    days = [today + timedelta(days=number) for number in (-31, -30, 365, 366)]
    sessions = await add_sessions(engine, group, days)
    _, path = await create(owner, groupDefinitionId=str(group))
    assert ids(await events(owner, path)) == [str(sessions[1]), str(sessions[2])]


async def test_an_event_says_when_and_where_a_session_is(engine: Database, owner: ApiClient) -> None:
    group = await add_group(engine, "Grief; and, loss\n")
    [session] = await add_sessions(engine, group, [date(2026, 12, 1)], location_id="phoenix", version=7)
    _, path = await create(owner, groupDefinitionId=str(group))
    [event] = await events(owner, path)
    zone = ZoneInfo("America/Phoenix")
    assert str(event["UID"]) == f"{session}@group-sessions"
    assert event["SEQUENCE"] == 7
    assert str(event["SUMMARY"]) == "Grief; and, loss\n"
    assert str(event["LOCATION"]) == "Phoenix, Room 1"
    assert str(event["STATUS"]) == "CONFIRMED"
    assert (event.start, event.end) == (
        datetime(2026, 12, 1, 9, tzinfo=zone),
        datetime(2026, 12, 1, 10, tzinfo=zone),
    )


async def test_a_cancelled_session_stays_as_cancelled_without_its_reason(engine: Database, owner: ApiClient) -> None:
    group = await add_group(engine, "Grief")
    cancelled: dict[str, Any] = {"status": "CANCELLED", "cancellation_reason": "Dana is ill", "cancelled_at": NOW}
    await add_sessions(engine, group, [TODAY], **cancelled)
    _, path = await create(owner, groupDefinitionId=str(group))
    [event] = await events(owner, path)
    assert str(event["STATUS"]) == "CANCELLED"
    assert "Dana" not in (await owner.http.get(path)).text


async def test_times_are_right_on_both_sides_of_a_clock_change(engine: Database, owner: ApiClient) -> None:
    group = await add_group(engine, "Grief")
    for day, offset in [(date(2027, 3, 13), 7), (date(2027, 3, 14), 6), (date(2027, 11, 7), 7)]:
        starts_at = datetime(day.year, day.month, day.day, 9 + offset, tzinfo=UTC)
        await add_sessions(
            engine,
            group,
            [day],
            time_zone="America/Denver",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
        )
    _, path = await create(owner, groupDefinitionId=str(group))
    found = await events(owner, path)
    assert [event.start.astimezone(UTC).hour for event in found] == [16, 15, 16]
    assert [event.start.hour for event in found] == [9, 9, 9]


async def test_an_hour_that_clocks_show_twice_is_in_utc(engine: Database, owner: ApiClient) -> None:
    group = await add_group(engine, "Night watch")
    first = datetime(2027, 11, 7, 7, 30, tzinfo=UTC)
    await add_sessions(
        engine,
        group,
        [date(2027, 11, 7)],
        start_time=time(1, 30),
        end_time=time(2, 30),
        time_zone="America/Denver",
        starts_at=first,
        ends_at=first + timedelta(hours=2),
    )
    await add_sessions(
        engine,
        group,
        [date(2027, 11, 7)],
        start_time=time(1, 31),
        end_time=time(2, 30),
        time_zone="America/Denver",
        starts_at=first + timedelta(hours=1),
        ends_at=first + timedelta(hours=2),
    )
    _, path = await create(owner, groupDefinitionId=str(group))
    assert [event.start.astimezone(UTC).hour for event in await events(owner, path)] == [7, 8]


async def test_a_feed_shows_no_patient_whatever_its_subject(engine: Database, owner: ApiClient) -> None:
    group = await add_group(engine, "Grief")
    await add_sessions(engine, group, [TODAY], location_id="phoenix", facilitator_id="staff-1")
    await add_enrollments(engine, group, ["patient-1"])
    subjects = ({"groupDefinitionId": str(group)}, {"locationId": "phoenix"}, {"facilitatorId": "staff-1"})
    for subject in subjects:
        _, path = await create(owner, **subject)
        text_of_feed = (await owner.http.get(path)).text
        assert "BEGIN:VEVENT" in text_of_feed
        assert not any(mark in text_of_feed for mark in ("Patient", "MR1", "patient-1", "Staff"))


async def test_a_feed_that_is_known_is_not_sent_again(engine: Database, owner: ApiClient) -> None:
    group = await add_group(engine, "Grief")
    [session] = await add_sessions(engine, group, [TODAY])
    _, path = await create(owner, groupDefinitionId=str(group))
    etag = (await owner.http.get(path)).headers["ETag"]
    for value in (etag, f'"other", W/{etag}', "*"):
        known = await owner.http.get(path, headers={"If-None-Match": value})
        assert (known.status_code, known.content) == (304, b"")
    await edit_session(engine, session, version=2)
    changed = await owner.http.get(path, headers={"If-None-Match": etag})
    assert (changed.status_code, changed.headers["ETag"] == etag) == (200, False)


async def test_an_unknown_address_tells_nothing(engine: Database, owner: ApiClient, app_client: ApiClients) -> None:
    feed, rotated = await create(owner, facilitatorId="staff-1")
    await owner.execute(ROTATE, {"id": feed})
    feed, deleted = await create(owner, facilitatorId="staff-1")
    await owner.execute(DELETE, {"id": feed})
    _, path = await create(owner, facilitatorId="staff-1")
    other = path.replace(path.split("_")[1].split(".")[0], "b3JnLXRoZWlycw")
    responses = [
        await owner.http.get(address)
        for address in (rotated, deleted, other, "/calendars/x.ics", "/calendars/gsc_%00.ics", path[:-5] + "a.ics")
    ]
    assert {(response.status_code, response.text) for response in responses} == {(404, "There is no calendar here.")}


async def test_rotating_a_feed_gives_it_another_address(engine: Database, owner: ApiClient) -> None:
    feed, old = await create(owner, facilitatorId="staff-1")
    new = (await owner.execute(ROTATE, {"id": feed}))["rotateCalendarFeed"]["path"]
    statuses = [(await owner.http.get(path)).status_code for path in (old, f"/{new}")]
    assert statuses == [404, 200]


async def test_only_the_digest_of_a_token_is_stored(engine: Database, owner: ApiClient) -> None:
    async def create_once() -> dict[str, Any]:
        body = {"query": CREATE, "variables": {"input": {"facilitatorId": "staff-1"}}}
        response = await owner.http.post("/graphql", json=body, headers={"Idempotency-Key": '"feed-1"'})
        payload: dict[str, Any] = response.json()["data"]["createCalendarFeed"]
        return payload

    async def stored() -> str:
        async with engine.connect() as connection:
            tables = (calendar_feeds, idempotency_keys, idempotency_steps)
            return repr([(await connection.execute(select(table))).all() for table in tables])

    payload = await create_once()
    secret = payload["path"].rpartition(".")[0].rpartition(".")[2]
    feed = payload["calendarFeed"]["id"]
    assert (feed in await stored(), secret in await stored()) == (True, False)
    for _ in range(2):
        assert await create_once() == payload | {"path": None}
    assert (feed in await stored(), secret in await stored()) == (True, False)
    assert (await owner.execute(LIST))["calendarFeeds"]["totalCount"] == 1


async def test_a_caller_lists_only_their_own_feeds(engine: Database, owner: ApiClient, app_client: ApiClients) -> None:
    other = await app_client(organization=OURS, subject="other", permissions=[VIEW])
    manager = await app_client(organization=OURS, subject="manager", permissions=[VIEW, EDIT])
    mine, _ = await create(owner, facilitatorId="staff-1")
    theirs, _ = await create(other, facilitatorId="staff-2")
    listed = [(await client.execute(LIST))["calendarFeeds"] for client in (owner, other, manager)]
    assert [[node["id"] for node in page["nodes"]] for page in listed] == [[mine], [theirs], [mine, theirs]]
    assert [page["totalCount"] for page in listed] == [1, 1, 2]


async def test_a_feed_of_another_person_needs_the_edit_key(
    engine: Database, owner: ApiClient, app_client: ApiClients
) -> None:
    other = await app_client(organization=OURS, subject="other", permissions=[VIEW])
    manager = await app_client(organization=OURS, subject="manager", permissions=[VIEW, EDIT])
    feed, path = await create(owner, facilitatorId="staff-1")
    for document in (ROTATE, DELETE):
        [error] = (await other.try_execute(document, {"id": feed}))["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "requiredPermission": EDIT}
    assert (await other.http.get(path)).status_code == 200
    assert (await manager.execute(ROTATE, {"id": feed}))["rotateCalendarFeed"]["calendarFeed"]["id"] == feed
    assert (await manager.execute(DELETE, {"id": feed}))["deleteCalendarFeed"]["deletedId"] == feed


async def test_a_feed_of_another_organization_does_not_exist(
    engine: Database, owner: ApiClient, app_client: ApiClients
) -> None:
    await seed(engine, THEIRS)
    theirs = await app_client(organization=THEIRS, subject="owner")
    feed, _ = await create(theirs, facilitatorId="staff-1")
    group = await make_group(engine, THEIRS)
    for document, name in ((ROTATE, "rotateCalendarFeed"), (DELETE, "deleteCalendarFeed")):
        [error] = (await owner.execute(document, {"id": feed}))[name]["userErrors"]
        assert (error["code"], error["field"]) == ("NOT_FOUND", ["input", "id"])
    refused = await owner.execute(CREATE, {"input": {"groupDefinitionId": str(group.id)}})
    assert [error["code"] for error in refused["createCalendarFeed"]["userErrors"]] == ["NOT_FOUND"]
    assert (await owner.execute(LIST))["calendarFeeds"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("subject", "faults"),
    [
        ({}, [("INVALID", ["input"])]),
        ({"facilitatorId": "staff-1", "locationId": "denver"}, [("INVALID", ["input"])]),
        ({"facilitatorId": "nobody"}, [("NOT_FOUND", ["input", "facilitatorId"])]),
        ({"facilitatorId": "location:denver"}, [("NOT_FOUND", ["input", "facilitatorId"])]),
        ({"locationId": "nowhere"}, [("NOT_FOUND", ["input", "locationId"])]),
        ({"groupDefinitionId": "x"}, [("NOT_FOUND", ["input", "groupDefinitionId"])]),
    ],
)
async def test_a_feed_needs_one_subject_that_exists(
    owner: ApiClient, subject: dict[str, str], faults: list[tuple[str, list[str]]]
) -> None:
    payload = (await owner.execute(CREATE, {"input": subject}))["createCalendarFeed"]
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == faults
    assert (payload["calendarFeed"], payload["path"]) == (None, None)


async def test_a_person_has_a_limited_number_of_feeds(engine: Database, owner: ApiClient) -> None:
    for _ in range(MAX_FEEDS):
        await create(owner, facilitatorId="staff-1")
    payload = (await owner.execute(CREATE, {"input": {"facilitatorId": "staff-1"}}))["createCalendarFeed"]
    assert [error["code"] for error in payload["userErrors"]] == ["OUT_OF_RANGE"]


async def test_a_feed_that_is_read_too_often_is_refused(owner: ApiClient) -> None:
    _, path = await create(owner, facilitatorId="staff-1")
    _, other = await create(owner, facilitatorId="staff-1")
    statuses = [(await owner.http.get(path)).status_code for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    assert int((await owner.http.get(path)).headers["Retry-After"]) > 0
    assert (await owner.http.get(other)).status_code == 200


async def test_unknown_addresses_are_refused_after_many(owner: ApiClient) -> None:
    _, path = await create(owner, facilitatorId="staff-1")
    statuses = [(await owner.http.get(f"/calendars/gsc_{number}.ics")).status_code for number in range(61)]
    assert statuses == [404] * 60 + [429]
    assert (await owner.http.get(path)).status_code == 200


async def test_a_head_request_has_the_headers_of_the_feed(owner: ApiClient) -> None:
    _, path = await create(owner, facilitatorId="staff-1")
    head: httpx.Response = await owner.http.head(path)
    assert (head.status_code, head.headers["ETag"]) == (200, (await owner.http.get(path)).headers["ETag"])
