"""Activating and deactivating patients, as an import from the registry does, and the model's rule for it."""

from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.connections.roles import Role
from db.registry.records import PATIENTS, store_updates
from db.transactions.all_organizations import writing_all
from db.transactions.unit_of_work import Actor, unit_of_work_in
from domain.registry import RegistryUpdate
from resolvers.commands.registry import settle_rosters
from server.runtime.clock import now
from tests.stateful.model import Model
from tests.stateful.roster_rules import settle
from tests.support.databases import operator_of

ACTOR = "registry"


async def store_activity(engine: Database, organization: str, patient: str, *, active: bool) -> None:
    """Store whether a patient is active, and give free seats to those who are active again."""
    async with (
        writing_all(operator_of(engine), Role.OPERATOR) as connection,
        unit_of_work_in(connection, Actor(ACTOR, organization, "import"), now, uuid7) as work,
    ):
        update = RegistryUpdate(patient, {"active": active})
        stored = await store_updates(connection, organization, PATIENTS, [update])
        await settle_rosters(work, stored.switched)


def set_activity(model: Model, patient: str, *, active: bool) -> None:
    """Set whether a patient is active in the model."""
    (model.inactive.discard if active else model.inactive.add)(patient)
    waiting = [item for item in model.enrollments.values() if item["status"] == "WAITLISTED"]
    for group in {item["groupDefinition"]["id"] for item in waiting if item["patient"] == {"id": patient}}:
        settle(model, group, ACTOR)
