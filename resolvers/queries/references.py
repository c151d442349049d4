"""Patients, staff and locations: one by id, and the lists."""

from collections.abc import Sequence
from typing import TypeVar

from db.queries import references as reference_queries
from db.queries.pages import find_all
from db.queries.references import LOCATION_ORDER, PATIENT_ORDER, STAFF_ORDER
from db.sql.page_statements import Order
from domain.records import Location, Patient, StaffMember
from domain.selections import Fields
from resolvers import arguments
from resolvers.context import Context
from resolvers.queries.pages import Page, fields_to_read, not_a_cursor, window

Record = TypeVar("Record")


async def patient(context: Context, id: str) -> Patient | None:
    """Return the patient; None for an unknown id. Raise BadInput for what no id can be."""
    arguments.storable(id, "id")
    found: Patient | None = await context.loaders.patient.load(id)
    return found


async def patients_by_id(context: Context, ids: Sequence[str], fields: Fields | None) -> Sequence[Patient | None]:
    """Return many patients, all different, or these fields of them; None for ids that the registry does not have."""
    fields = fields_to_read(fields, len(ids))
    if fields is not None:
        async with context.snapshot as snapshot:
            found = await find_all(snapshot, PATIENT_ORDER, ids, fields)
        if found is not None:
            context.disclosures.add(ids)
            return found
    return list((await context.loaders.patient.load_all(ids)).values())


async def patients(context: Context, search: str | None, first: int | None, after: str | None) -> Page[Patient]:
    """Return a page of the patients whose name or record number holds the text. Raise BadInput."""
    page = await _list(context, PATIENT_ORDER, search, first, after)
    context.disclosures.add(patient.id for patient in page.nodes)
    return page


async def staff_members(
    context: Context, search: str | None, first: int | None, after: str | None
) -> Page[StaffMember]:
    """Return a page of the staff whose name holds the text. Raise BadInput."""
    return await _list(context, STAFF_ORDER, search, first, after)


async def locations(context: Context, search: str | None, first: int | None, after: str | None) -> Page[Location]:
    """Return a page of the locations whose site or room holds the text. Raise BadInput."""
    return await _list(context, LOCATION_ORDER, search, first, after)


async def _list(
    context: Context, order: Order[Record], search: str | None, first: int | None, after: str | None
) -> Page[Record]:
    arguments.search(search, "search")
    part = window(order, first, after)
    async with context.snapshot as snapshot:
        found = await reference_queries.page_of_references(snapshot, order, search, part)
        if order.by_id and part.after and not found.records:
            # The place after an id that is not there is nowhere, which is not the end of the list.
            known = await reference_queries.find_references(snapshot, order, part.after)
            if not known:
                raise not_a_cursor("after")

    async def total() -> int:
        async with context.snapshot as snapshot:
            return await reference_queries.count_references(snapshot, order, search)

    return Page(order, part, found, total)
