"""Inactive staff and locations cannot be named anew. What names them already stays, and other fields can be edited."""

from pathlib import Path
from typing import Any

import pytest

from db.connections.engine import Database
from tests.server.imports.fhir.resources import location, practitioner
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import everything, seed
from tests.support.registry import import_resources

pytestmark = pytest.mark.anyio

GROUP = {"name": "Anger", "groupType": "THERAPY", "facilitatorId": "staff-1", "maxCapacity": 9, "durationMinutes": 60}
PLACED = {"coFacilitatorId": "staff-2", "locationId": "denver"}
WEEKLY = {"rule": "FREQ=WEEKLY", "startDate": "2027-06-01", "startTime": "09:00:00"}
RECORDS = {
    "createGroupDefinition": "groupDefinition { id }",
    "updateGroupDefinition": "groupDefinition { id }",
    "createOccurrence": "occurrence { id }",
    "updateOccurrence": "occurrence { id }",
    "updateOccurrences": "changes { action }",
    "generateOccurrences": "occurrences { id }",
    "reconcileOccurrences": "changes { action }",
    "reopenOccurrence": "occurrence { id }",
    "cancelOccurrence": "occurrence { id }",
    "createClosure": "closure { id }",
    "updateClosure": "closure { id }",
}
DAY = {"sessionDate": "2027-06-02", "startTime": "09:00:00"}
WINDOW = {"from": "2027-06-01", "through": "2027-06-30"}


class Desk:
    """A client, and the group, session and closure that name staff and places who become inactive."""

    def __init__(self, client: ApiClient, engine: Database, folder: Path) -> None:
        self.client = client
        self.engine = engine
        self.folder = folder
        self.group = ""
        self.session = ""
        self.closure = ""

    async def run(self, mutation: str, **values: Any) -> dict[str, Any]:
        input_type = mutation[0].upper() + mutation[1:] + "Input"
        document = f"""mutation ($input: {input_type}!) {{ {mutation}(input: $input) {{
          {RECORDS[mutation]} userErrors {{ code field message }} }} }}"""
        payload: dict[str, Any] = (await self.client.execute(document, {"input": values}))[mutation]
        return payload

    async def accepted(self, mutation: str, **values: Any) -> Any:
        payload = await self.run(mutation, **values)
        assert payload.pop("userErrors") == []
        (record,) = payload.values()
        return record

    async def faults(self, mutation: str, **values: Any) -> list[tuple[str, str]]:
        before = await everything(self.engine)
        payload = await self.run(mutation, **values)
        assert await everything(self.engine) == before
        return [(error["code"], error["field"][-1]) for error in payload["userErrors"]]

    async def open(self) -> None:
        self.group = (await self.accepted("createGroupDefinition", **GROUP, **PLACED))["id"]
        self.session = (await self.accepted("createOccurrence", groupDefinitionId=self.group, **DAY))["id"]
        days = {"from": "2027-07-01", "through": "2027-07-01"}
        self.closure = (await self.accepted("createClosure", name="Flood", locationId="denver", **days))["id"]

    async def deactivate(self) -> None:
        """Deactivate both members of staff and Denver, as their registries do."""
        staff = [practitioner(id=f"staff-{n}", name=[{"text": f"Staff {n}"}], active=False) for n in (1, 2)]
        place = location(id="denver", name="Denver", status="suspended")
        summary = await import_resources(self.engine, self.folder, ORGANIZATION, *staff, place)
        assert summary.refused == 0


@pytest.fixture
async def desk(engine: Database, app_client: ApiClients, tmp_path: Path) -> Desk:
    await seed(engine, ORGANIZATION)
    await import_resources(engine, tmp_path, ORGANIZATION, practitioner(id="new", name=[{"text": "New"}]))
    desk = Desk(await app_client(), engine, tmp_path)
    await desk.open()
    await desk.deactivate()
    return desk


THREE = [("NOT_ACTIVE", "facilitatorId"), ("NOT_ACTIVE", "coFacilitatorId"), ("NOT_ACTIVE", "locationId")]


async def test_new_records_name_nobody_inactive(desk: Desk) -> None:
    assert await desk.faults("createGroupDefinition", **GROUP, **PLACED) == THREE
    named = {"facilitatorId": "staff-1", **PLACED}
    # Named by the input, they are named anew, although the group names them too.
    new = {"groupDefinitionId": desk.group, "sessionDate": "2027-06-03", "startTime": "09:00:00"}
    assert await desk.faults("createOccurrence", **new, **named) == THREE
    days = {"from": "2027-08-01", "through": "2027-08-01"}
    assert await desk.faults("createClosure", name="Flood", locationId="denver", **days) == [THREE[2]]


async def test_edited_records_name_nobody_inactive_anew(desk: Desk) -> None:
    group = {**GROUP, "facilitatorId": "new"}
    other = (await desk.accepted("createGroupDefinition", **group))["id"]
    swapped = {"facilitatorId": "staff-2", **PLACED}
    assert await desk.faults("updateGroupDefinition", id=other, **swapped) == THREE
    session = (await desk.accepted("createOccurrence", groupDefinitionId=other, **DAY))["id"]
    named = {"facilitatorId": "staff-1", **PLACED}
    assert await desk.faults("updateOccurrence", id=session, **named) == THREE
    selection = {"ids": [session]}
    assert await desk.faults("updateOccurrences", selection=selection, **named) == THREE
    days = {"from": "2027-08-01", "through": "2027-08-01"}
    closure = (await desk.accepted("createClosure", name="Holiday", **days))["id"]
    assert await desk.faults("updateClosure", id=closure, locationId="denver") == [THREE[2]]


async def test_facilitators_do_not_change_places_once_inactive(desk: Desk) -> None:
    swapped = {"facilitatorId": "staff-2", "coFacilitatorId": "staff-1"}
    assert await desk.faults("updateGroupDefinition", id=desk.group, **swapped) == THREE[:2]
    assert await desk.faults("updateOccurrence", id=desk.session, **swapped) == THREE[:2]


async def test_a_bulk_edit_names_the_sessions_that_an_inactive_facilitator_would_be_new_to(desk: Desk) -> None:
    other = (await desk.accepted("createGroupDefinition", **{**GROUP, "facilitatorId": "new"}))["id"]
    session = (await desk.accepted("createOccurrence", groupDefinitionId=other, **DAY))["id"]
    payload = await desk.run(
        "updateOccurrences", selection={"ids": [session, desk.session]}, facilitatorId="staff-1", dryRun=True
    )
    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("NOT_ACTIVE", ["input", "facilitatorId"])
    assert error["message"].endswith("Choose another one. It concerns the session on 2027-06-02 at 09:00.")


async def test_records_that_name_inactive_ones_can_be_edited(desk: Desk) -> None:
    named = {"facilitatorId": "staff-1", **PLACED}
    await desk.accepted("updateGroupDefinition", id=desk.group, name="Renamed")
    await desk.accepted("updateGroupDefinition", id=desk.group, name="Renamed again", **named)
    await desk.accepted("updateOccurrence", id=desk.session, startTime="10:00:00")
    await desk.accepted("updateOccurrence", id=desk.session, startTime="11:00:00", **named)
    [change] = await desk.accepted("updateOccurrences", selection={"ids": [desk.session]}, shiftDays=1, **named)
    assert change["action"] != "KEEP"
    await desk.accepted("updateClosure", id=desk.closure, name="High water")
    await desk.accepted("updateClosure", id=desk.closure, name="Low water", locationId="denver")


async def test_sessions_are_planned_with_the_group_s_own_staff_and_place(desk: Desk) -> None:
    await desk.accepted("updateGroupDefinition", id=desk.group, recurrence=WEEKLY)
    assert len(await desk.accepted("generateOccurrences", groupDefinitionId=desk.group, **WINDOW)) == 5
    await desk.accepted("reconcileOccurrences", groupDefinitionId=desk.group, **WINDOW)
    later = {"sessionDate": "2027-06-30", "startTime": "15:00:00"}
    session = (await desk.accepted("createOccurrence", groupDefinitionId=desk.group, **later))["id"]
    await desk.accepted("cancelOccurrence", id=session, reason="snow")
    await desk.accepted("reopenOccurrence", id=session)


async def test_an_inactive_facilitator_s_sessions_can_be_given_to_another(desk: Desk) -> None:
    selection = {"facilitatorId": "staff-1", "locationId": "denver", **WINDOW}
    [change] = await desk.accepted("updateOccurrences", selection=selection, facilitatorId="new")
    assert change["action"] != "KEEP"
    assert (await desk.run("updateGroupDefinition", id=desk.group, facilitatorId="new"))["userErrors"] == []
    assert await desk.faults("updateGroupDefinition", id=desk.group, facilitatorId="staff-1") == [THREE[0]]


async def test_all_faults_of_an_unknown_group_s_session_come_at_once(desk: Desk) -> None:
    values = {"groupDefinitionId": "unknown", "facilitatorId": "staff-1", **DAY}
    assert await desk.faults("createOccurrence", **values) == [("NOT_FOUND", "groupDefinitionId"), THREE[0]]
