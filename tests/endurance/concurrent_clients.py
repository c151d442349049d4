"""Concurrent clients that change a few groups over several servers, and readers that check the rosters meanwhile."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx

from db.connections.engine import Database
from domain.refusal import FaultCode
from tests.endurance.mutations import TRANSFER, MutationResponse, SentMutation
from tests.endurance.response_log import ResponseLog
from tests.endurance.workload import ClientWorkload
from tests.support.api_client import bearer
from tests.support.clinic import make_group, seed

PATIENTS: Final = 24
_REFUSALS: Final = {code.value for code in FaultCode} - {FaultCode.REQUIRED, FaultCode.INVALID}
_ROSTER: Final = """query ($id: ID!) { groupDefinition(id: $id) {
  capacity { enrolled waitlisted max }
  enrollments(first: 200, status: [ENROLLED, WAITLISTED]) { nodes { status waitlistPosition patient { id } } } } }"""


@dataclass
class ConcurrentClients:
    """Clients of one organization.

    Attributes:
        addresses: The servers. Each request goes to a random one.
        counts: The number of responses by code, including "accepted" and "unanswered".
        log: The responses that the clients received.
    """

    http: httpx.AsyncClient
    addresses: list[str]
    organization: str
    authorization: str
    workload: ClientWorkload
    log: ResponseLog = field(default_factory=ResponseLog)
    counts: Counter[str] = field(default_factory=Counter)

    async def send(self, mutation: SentMutation) -> MutationResponse | None:
        """Send a request to one of the servers, and log the outcome."""
        address = self.workload.random.choice(self.addresses)
        response = await mutation.send(self.http, address, self.authorization)
        self.log.add(mutation, response)
        self.workload.learn(mutation, response)
        self._count(mutation, response)
        return response

    async def change(self, times: int) -> None:
        """Send a number of random mutations, one after the other."""
        for _ in range(times):
            await self.send(self.workload.next())

    async def check_roster(self) -> None:
        """Read the roster of a group, and assert that the invariants hold."""
        address = self.workload.random.choice(self.addresses)
        response = await self.http.post(
            f"{address}/graphql",
            json={"query": _ROSTER, "variables": {"id": self.workload.random.choice(self.workload.hot)}},
            headers={"Authorization": self.authorization},
        )
        body = response.json()
        codes = [error["extensions"]["code"] for error in body.get("errors", ())]
        if codes:
            assert codes == ["BUSY"], codes
            self.counts["BUSY"] += 1
            return
        group = body["data"]["groupDefinition"]
        enrollments, capacity = group["enrollments"]["nodes"], group["capacity"]
        positions = [item["waitlistPosition"] for item in enrollments if item["status"] == "WAITLISTED"]
        assert positions == list(range(1, len(positions) + 1))
        assert capacity["waitlisted"] == len(positions)
        assert capacity["enrolled"] == len(enrollments) - len(positions)
        assert not positions or capacity["enrolled"] >= capacity["max"], "a patient waits while a seat is free"
        assert len({item["patient"]["id"] for item in enrollments}) == len(enrollments), "a patient is enrolled twice"
        self.counts["reads"] += 1

    async def check_rosters(self, until: "asyncio.Future[Any]") -> None:
        """Check rosters until a future is done."""
        while not until.done():
            await self.check_roster()

    def _count(self, mutation: SentMutation, response: MutationResponse | None) -> None:
        if response is None:
            self.counts["unanswered"] += 1
            return
        assert set(response.error_codes) <= {"BUSY"}, (mutation.type.name, response)
        # A transfer's random list may have an enrollment twice, or two of one patient.
        possible = _REFUSALS | {FaultCode.INVALID} if mutation.type is TRANSFER else _REFUSALS
        assert set(response.refusals) <= possible, (mutation.type.name, response)
        self.counts.update([*response.error_codes, *response.refusals] or ["accepted"])


async def create_clients(
    engine: Database, http: httpx.AsyncClient, addresses: list[str], seed_number: int, groups: int = 3
) -> ConcurrentClients:
    """Return clients of a new organization with a few groups, and with more patients than seats."""
    organization = f"org-{uuid4().hex}"
    await seed(engine, organization, PATIENTS)
    workload = ClientWorkload(
        random.Random(seed_number), [f"patient-{n}" for n in range(1, PATIENTS + 1)] + ["inactive"]
    )
    for _ in range(groups):
        workload.hot.append(str((await make_group(engine, organization, max_capacity=3)).id))
    return ConcurrentClients(http, addresses, organization, bearer(organization=organization), workload)
