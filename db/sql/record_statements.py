"""SQL statements of records by their ids. Each is built once for a listing."""

from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select

from db.sql.json_rows import JsonLayout
from db.sql.listings import Listing
from db.sql.page_statements import CACHED_STATEMENTS
from db.sql.statement import AnyOf, Statement, of_organization


@lru_cache(CACHED_STATEMENTS)
def select_by_ids(listing: Listing[Any]) -> Statement:
    """Return the statement that selects the records with some ids."""
    has_id = AnyOf(listing.table.c.id, "ids")
    return Statement(select(*listing.layout.selected).where(of_organization(listing.table), has_id))


@lru_cache(CACHED_STATEMENTS)
def select_existing_ids(listing: Listing[Any]) -> Statement:
    """Return the statement that selects those of some ids that a record has."""
    table = listing.table
    return Statement(select(table.c.id).where(of_organization(table), AnyOf(table.c.id, "ids")))


@lru_cache(CACHED_STATEMENTS)
def select_by_ids_as_json(listing: Listing[Any]) -> Statement:
    """Return the statement for PostgreSQL that selects the same records as one row of JSON texts."""
    has_id = AnyOf(listing.table.c.id, "ids")
    rows = select(*listing.layout.selected).where(of_organization(listing.table), has_id).subquery()
    return Statement(select(*JsonLayout.texts_of(rows)))


@lru_cache(CACHED_STATEMENTS)
def select_by_id(listing: Listing[Any]) -> Statement:
    """Return the statement that selects the record with an id."""
    # PostgreSQL would plan a list of one id again at each execution.
    has_id = listing.table.c.id == bindparam("id", type_=listing.table.c.id.type)
    return Statement(select(*listing.layout.selected).where(of_organization(listing.table), has_id))
