"""The impact of changes of the schedule on patients' weeks in programs."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.connections.engine import Database
from db.tables import access_log, occurrences
from resolvers.caller import PermissionKey
from tests.schema.test_impact import DAY, EVERY_OTHER_DAY, LONG_AGO, clients, payload_of, program
from tests.schema.test_statement_counts import statements_of
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

__all__ = ["clients"]
pytestmark = pytest.mark.anyio

WEEKS = """impact { patientCompliance {
  before { patient { registryId } program weekStart hours status }
  after { hours days status outlook gaps { message } groupDefinitions { name } } } }"""
CANCEL = f"""mutation ($input: CancelOccurrenceInput!) {{ cancelOccurrence(input: $input) {{
  {WEEKS} userErrors {{ code }} }} }}"""
REOPEN = f"""mutation ($input: ReopenOccurrenceInput!) {{ reopenOccurrence(input: $input) {{
  {WEEKS} userErrors {{ code }} }} }}"""


def _mutation(name: str) -> str:
    input_type = f"{name[0].upper()}{name[1:]}Input!"
    return f"mutation ($input: {input_type}) {{ {name}(input: $input) {{ {WEEKS} userErrors {{ code }} }} }}"


GENERATE, RECONCILE, CREATE, UPDATE, CANCEL_MANY = map(
    _mutation,
    ("generateOccurrences", "reconcileOccurrences", "createOccurrence", "updateOccurrence", "cancelOccurrences"),
)
UPDATE_MANY = f"""mutation ($input: UpdateOccurrencesInput!) {{ updateOccurrences(input: $input) {{
  updatedCount {WEEKS} userErrors {{ code }} }} }}"""


async def weeks_of(client: ApiClient, mutation: str, **values: Any) -> list[dict[str, Any]]:
    weeks: list[dict[str, Any]] = (await payload_of(client, mutation, **values))["impact"]["patientCompliance"]
    return weeks


async def seat(engine: Database, group: Any, *patients: str, **columns: Any) -> None:
    columns = {"enrolled_at": LONG_AGO, "created_at": LONG_AGO, **columns}
    await add_enrollments(engine, group, list(patients), ORGANIZATION, **columns)


async def session_on(engine: Database, day: date) -> str:
    """Return the id of the only session on a day."""
    async with engine.connect() as connection:
        query = select(occurrences.c.id).where(occurrences.c.session_date == day)
        return str((await connection.execute(query)).scalar_one())


async def test_a_cancellation_names_the_patients_it_takes_under(engine: Database, clients: ApiClients) -> None:
    group, sessions = await program(engine)
    skills = await add_group(engine, "Skills", ORGANIZATION, group_type="SKILLS_TRAINING", counts_toward="IOP")
    await add_sessions(engine, skills, [DAY + timedelta(days=3)], ORGANIZATION, end_time=time(12))
    # The second patient keeps nine hours on three days, by the skills group.
    await seat(engine, group, "patient-1", "patient-2")
    await seat(engine, skills, "patient-2")
    client = await clients()
    expected = {
        "before": {
            "patient": {"registryId": "patient-1"},
            "program": "IOP",
            "weekStart": "2031-06-01",
            "hours": 9.0,
            "status": "COMPLIANT",
        },
        "after": {
            "hours": 6.0,
            "days": 2,
            "status": "NON_COMPLIANT",
            "outlook": "CANNOT_BE_MET",
            "gaps": [{"message": "Need 3 more hours/week"}, {"message": "Need 1 more day/week"}],
            "groupDefinitions": [{"name": "Morning IOP"}],
        },
    }
    for dry_run in (True, False):
        assert await weeks_of(client, CANCEL, id=str(sessions[1]), reason="snow", dryRun=dry_run) == [expected]
    [risen] = await weeks_of(client, REOPEN, id=str(sessions[1]))
    assert (risen["before"]["status"], risen["after"]["status"]) == ("NON_COMPLIANT", "COMPLIANT")
    async with engine.connect() as connection:
        logged = list(await connection.scalars(select(access_log.c.patient_ids)))
    assert logged == [["patient-1"]] * 3


@pytest.mark.parametrize(
    ("group_type", "rule", "minutes"), [("IOP", "BYDAY=MO,WE,FR", 180), ("PHP", "BYDAY=MO,TU,WE,TH,FR", 240)]
)
async def test_every_change_of_sessions_names_the_weeks_that_cross_a_minimum(
    engine: Database, clients: ApiClients, group_type: str, rule: str, minutes: int
) -> None:
    series = {**EVERY_OTHER_DAY, "recurrence_rule": f"FREQ=WEEKLY;{rule}"}
    group = await add_group(engine, "G", ORGANIZATION, group_type=group_type, duration_minutes=minutes, **series)
    await seat(engine, group, "patient-1", "patient-2")
    client = await clients()
    window = {"groupDefinitionId": str(group), "from": "2031-06-02", "through": "2031-06-06"}

    async def becomes(mutation: str, **values: Any) -> str:
        """Send a change as a dry run and for real. Return what the week of both patients becomes."""
        dry, real = [await weeks_of(client, mutation, **values, dryRun=dry_run) for dry_run in (True, False)]
        assert dry == real
        assert [week["before"].pop("patient")["registryId"] for week in real] == ["patient-1", "patient-2"]
        week, other = real
        assert week == other
        assert week["before"]["program"] == group_type
        assert week["before"]["status"] != week["after"]["status"]
        return str(week["after"]["status"])

    assert await becomes(GENERATE, **window) == "COMPLIANT"
    [monday, wednesday] = [await session_on(engine, day) for day in (DAY, DAY + timedelta(days=2))]
    assert await becomes(UPDATE, id=monday, endTime="09:30") == "NON_COMPLIANT"
    assert await becomes(RECONCILE, **window, includeEdited=True) == "COMPLIANT"
    assert await becomes(CANCEL, id=wednesday, reason="snow") == "NON_COMPLIANT"
    slot = {"groupDefinitionId": str(group), "sessionDate": "2031-06-04", "startTime": "14:00"}
    assert await becomes(CREATE, **slot) == "COMPLIANT"
    by_day = {"groupDefinitionId": str(group), "from": "2031-06-04", "through": "2031-06-04"}
    assert await becomes(CANCEL_MANY, selection=by_day, reason="snow") == "NON_COMPLIANT"
    assert await becomes(REOPEN, id=wednesday) == "COMPLIANT"
    assert await becomes(UPDATE_MANY, selection={"ids": [wednesday]}, shiftDays=7) == "NON_COMPLIANT"


async def test_a_session_of_a_group_that_counts_changes_weeks_too(engine: Database, clients: ApiClients) -> None:
    group, sessions = await program(engine)
    skills = await add_group(engine, "Skills", ORGANIZATION, group_type="SKILLS_TRAINING", counts_toward="IOP")
    [extra] = await add_sessions(engine, skills, [DAY + timedelta(days=3)], ORGANIZATION, end_time=time(12))
    for both in (group, skills):
        await seat(engine, both, "patient-1")
    client = await clients()
    assert await weeks_of(client, CANCEL, id=str(sessions[0]), reason="snow") == []
    [week] = await weeks_of(client, CANCEL, id=str(extra), reason="snow")
    assert (week["before"]["hours"], week["after"]["hours"]) == (9.0, 6.0)


async def test_only_patients_who_are_expected_have_a_week(engine: Database, clients: ApiClients) -> None:
    group, sessions = await program(engine)
    gone = {"status": "DISENROLLED", "disenrolled_at": LONG_AGO + timedelta(days=1)}
    await seat(engine, group, "patient-1", **gone)
    waiting = {"status": "WAITLISTED", "enrolled_at": None, "waitlisted_at": LONG_AGO, "waitlist_position": 1}
    await seat(engine, group, "patient-2", **waiting)
    assert await weeks_of(await clients(), CANCEL, id=str(sessions[0]), reason="snow") == []


async def test_a_move_into_another_week_changes_both_weeks(engine: Database, clients: ApiClients) -> None:
    group, sessions = await program(engine)
    await add_sessions(
        engine, group, [DAY + timedelta(days=7 + day) for day in (0, 2)], ORGANIZATION, end_time=time(12)
    )
    await seat(engine, group, "patient-1")
    selection = {"ids": [str(sessions[2])]}
    weeks = await weeks_of(await clients(), UPDATE_MANY, selection=selection, shiftDays=7, dryRun=True)
    changes = [(week["before"]["weekStart"], week["before"]["status"], week["after"]["status"]) for week in weeks]
    assert changes == [
        ("2031-06-01", "COMPLIANT", "NON_COMPLIANT"),
        ("2031-06-08", "NON_COMPLIANT", "COMPLIANT"),
    ]


async def test_weeks_of_patients_need_the_view_key_of_enrollments(engine: Database, clients: ApiClients) -> None:
    group, sessions = await program(engine)
    await seat(engine, group, "patient-1")
    client = await clients(permissions=set(PermissionKey) - {PermissionKey.GROUP_ENROLLMENTS_VIEW})
    body = await client.try_execute(CANCEL, {"input": {"id": str(sessions[0]), "reason": "snow"}})
    [error] = body["errors"]
    assert error["extensions"]["requiredPermission"] == "pm.group_enrollments.view"
    assert body["data"]["cancelOccurrence"] == {"impact": {"patientCompliance": None}, "userErrors": []}
    async with engine.connect() as connection:
        assert list(await connection.scalars(select(access_log.c.patient_ids))) == []


async def test_weeks_of_patients_are_read_only_if_they_are_selected(engine: Database, clients: ApiClients) -> None:
    group, sessions = await program(engine)
    await seat(engine, group, "patient-1")
    client = await clients()
    for selected, logged in (
        ("compliance { after { hours } }", []),
        ("patientCompliance { __typename }", ["patient-1"]),
    ):
        mutation = CANCEL.replace(WEEKS, f"impact {{ {selected} }}")
        payload = await payload_of(client, mutation, id=str(sessions[0]), reason="snow", dryRun=True)
        assert len(payload["impact"].popitem()[1]) == 1
        async with engine.connect() as connection:
            rows = await connection.scalars(select(access_log.c.patient_ids))
            assert [patient for row in rows for patient in row] == logged


async def test_weeks_of_many_patients_take_the_statements_of_few(engine: Database, clients: ApiClients) -> None:
    client = await clients()
    groups = [await add_group(engine, f"IOP {number}", ORGANIZATION, group_type="IOP") for number in range(8)]
    for number, group in enumerate(groups):
        days = [date(2031, 6, 2) + timedelta(days=day) for day in range(3 * number + 1)]
        await add_sessions(engine, group, days, ORGANIZATION, start_time=time(9), end_time=time(12))
        await seat(engine, group, *(f"patient-{patient}" for patient in range(1, 3 + number % 2)))
    counts = []
    for through in ("2031-06-02", "2031-06-30"):
        selection = {"from": "2031-06-02", "through": through, "facilitatorId": "staff-1"}
        values = {"selection": selection, "startTime": "09:00", "endTime": "09:30", "dryRun": True}
        response = await client.send(UPDATE_MANY, {"input": values})
        payload = response.json()["data"]["updateOccurrences"]
        assert payload["impact"]["patientCompliance"] != []
        counts.append(statements_of(response))
    assert counts[0] == counts[1]
