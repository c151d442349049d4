"""The surviving records of merged patients."""

from collections.abc import Mapping, Sequence

from db.queries.references import PATIENTS
from domain.records import Patient
from resolvers.context import Context


async def survivors(replacing_ids: Sequence[str], context: Context) -> list[Patient | None]:
    """Return the record at the end of each chain of merges that begins with one of these records.

    There is None if it has not been imported, or if the chain is a circle. One statement reads a link of all chains.
    """
    records: dict[str, Patient | None] = {}
    unread = {*replacing_ids}
    while unread:
        records |= await context.loaders.records(PATIENTS).load_all(sorted(unread))
        links = {record.replaced_by for record in records.values() if record is not None}
        unread = {link for link in links if link is not None and link not in records}
    return [_end(id_, records) for id_ in replacing_ids]


def _end(id_: str, records: Mapping[str, Patient | None]) -> Patient | None:
    passed: set[str] = set()
    while id_ not in passed:
        passed.add(id_)
        record = records[id_]
        if record is None or record.replaced_by is None:
            return record
        id_ = record.replaced_by
    return None
