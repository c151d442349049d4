"""What follows for rosters if the registry deactivates patients, or activates them again."""

from collections.abc import Collection

from db.stores.groups import lock_groups
from db.stores.rosters import groups_where_waiting, load_rosters, save_roster
from db.transactions.unit_of_work import UnitOfWork
from domain.roster import settle


async def settle_rosters(work: UnitOfWork, patient_ids: Collection[str]) -> int:
    """Give the free seats of the groups in which these patients wait, and return how many seats were given.

    Call this at the end of the transaction that stores that the patients became active or inactive. Patients who are
    active again get the seats that are free. For patients who became inactive there is nothing to give, but the lock of
    the group matters: a request that seats one of them has committed before, or it waits for this transaction and sees
    that the patient is inactive. Requests lock no patients, and imports lock groups last, so neither waits for the
    other in a circle.

    The number of statements does not depend on the number of patients and groups.
    """
    if not patient_ids:
        return 0
    groups = await lock_groups(work, await groups_where_waiting(work, patient_ids))
    changes = [settle(roster, work.now) for roster in await load_rosters(work, groups.values())]
    await save_roster(work, *changes)
    return sum(len(change.promoted) for change in changes)
