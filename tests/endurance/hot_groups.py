"""Many clients at once on a few groups, over any number of servers; and what readers see of the groups meanwhile."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx

from db.connections.engine import Database
from domain.refusal import FaultCode
from tests.endurance.account import Account
from tests.endurance.mutations import Answer, Mutation
from tests.endurance.workload import Workload
from tests.support.api_client import bearer
from tests.support.clinic import make_group, seed

PATIENTS: Final = 24
_REFUSALS: Final = {code.value for code in FaultCode} - {FaultCode.REQUIRED, FaultCode.INVALID}
_ROSTER: Final = """query ($id: ID!) { groupDefinition(id: $id) {
  capacity { enrolled waitlisted max }
  enrollments(first: 200, status: [ENROLLED, WAITLISTED]) { nodes { status waitlistPosition patient { id } } } } }"""


@dataclass
class Crowd:
    """Clients of one organization.

    Attributes:
        addresses: The servers, asked in turn.
        counts: How often each code came back, "accepted" and "unanswered" among them.
        account: What the clients were told.
    """

    http: httpx.AsyncClient
    addresses: list[str]
    organization: str
    authorization: str
    workload: Workload
    account: Account = field(default_factory=Account)
    counts: Counter[str] = field(default_factory=Counter)

    async def send(self, mutation: Mutation) -> Answer | None:
        """Sends a request to one of the servers, and notes what came of it."""
        address = self.workload.random.choice(self.addresses)
        answer = await mutation.send(self.http, address, self.authorization)
        self.account.note(mutation, answer)
        self.workload.learn(mutation, answer)
        self._count(mutation, answer)
        return answer

    async def change(self, times: int) -> None:
        """Is one client who changes something a number of times."""
        for _ in range(times):
            await self.send(self.workload.next())

    async def look(self) -> None:
        """Reads one group's roster: whoever looks, whenever, sees the invariants hold."""
        address = self.workload.random.choice(self.addresses)
        response = await self.http.post(
            f"{address}/graphql",
            json={"query": _ROSTER, "variables": {"id": self.workload.random.choice(self.workload.hot)}},
            headers={"Authorization": self.authorization},
        )
        body = response.json()
        codes = [each["extensions"]["code"] for each in body.get("errors", ())]
        if codes:
            assert codes == ["BUSY"], codes
            self.counts["BUSY"] += 1
            return
        group = body["data"]["groupDefinition"]
        held, capacity = group["enrollments"]["nodes"], group["capacity"]
        places = [each["waitlistPosition"] for each in held if each["status"] == "WAITLISTED"]
        assert places == list(range(1, len(places) + 1))
        assert capacity["waitlisted"] == len(places)
        assert capacity["enrolled"] == len(held) - len(places)
        assert not places or capacity["enrolled"] >= capacity["max"], "somebody waits while a seat is free"
        assert len({each["patient"]["id"] for each in held}) == len(held), "a patient is there twice"
        self.counts["looked"] += 1

    async def watch(self, until: "asyncio.Future[Any]") -> None:
        """Looks again and again."""
        while not until.done():
            await self.look()

    def _count(self, mutation: Mutation, answer: Answer | None) -> None:
        if answer is None:
            self.counts["unanswered"] += 1
            return
        assert set(answer.error_codes) <= {"BUSY"}, (mutation.kind.name, answer)
        assert set(answer.refusals) <= _REFUSALS, (mutation.kind.name, answer)
        self.counts.update([*answer.error_codes, *answer.refusals] or ["accepted"])


async def gather_crowd(
    engine: Database, http: httpx.AsyncClient, addresses: list[str], seed_number: int, groups: int = 3
) -> Crowd:
    """Gives clients of a new organization with a few groups and enough patients to fill them many times."""
    organization = f"org-{uuid4().hex}"
    await seed(engine, organization, PATIENTS)
    chosen = random.Random(seed_number)
    workload = Workload(chosen, [f"patient-{n}" for n in range(1, PATIENTS + 1)] + ["inactive"])
    for _ in range(groups):
        workload.hot.append(str((await make_group(engine, organization, max_capacity=3)).id))
    return Crowd(http, addresses, organization, bearer(organization=organization), workload)
