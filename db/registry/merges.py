"""Merges of patients: records that the registry has replaced by others."""

from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from db.registry.rows import load_rows
from db.tables import patients


async def merged_in_circles(connection: AsyncConnection, organization_id: str, ids: Collection[str]) -> set[str]:
    """Return those of the patients whose merges lead back to themselves, so that no record survives."""
    links: dict[str, str] = {}
    seen: set[str] = set()
    unread = {*ids}
    while unread:
        rows = await load_rows(connection, organization_id, patients, ("id", "replaced_by"), unread)
        seen |= unread
        new = {id_: row["replaced_by"] for id_, row in rows.items() if row["replaced_by"] is not None}
        links |= new
        unread = {*new.values()} - seen
    return {id_ for id_ in ids if _leads_back(id_, links)}


def _leads_back(start: str, links: Mapping[str, str]) -> bool:
    passed: set[str] = set()
    link = links.get(start)
    while link is not None and link != start and link not in passed:
        passed.add(link)
        link = links.get(link)
    return link == start
