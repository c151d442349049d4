"""SQL statements that count lists."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, JSON, ColumnElement, Integer, any_, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.expression import Subquery

from db.sql.listings import Listing
from db.sql.page_statements import CACHED_STATEMENTS, combined_conditions, numbered_parents
from db.sql.statement import AnyOf, Listed, Statement, of_organization


@lru_cache(CACHED_STATEMENTS)
def count_list(
    listing: Listing[Any], conditions: tuple[str, ...], parent: ColumnElement[Any] | None = None
) -> Statement:
    """Return the statement that counts the organization's list, or one parent's list."""
    clauses = [of_organization(listing.table), *combined_conditions(listing, conditions)]
    if parent is not None:
        clauses.append(parent == bindparam("parent", type_=parent.type))
    return Statement(select(func.count()).select_from(listing.table).where(*clauses))


@lru_cache(CACHED_STATEMENTS)
def count_by_parent(listing: Listing[Any], conditions: tuple[str, ...], parent: ColumnElement[Any]) -> Statement:
    """Return the statement that counts many parents' lists.

    Its one value is an array with the lengths in the order of the parents. On SQLite it is a JSON object with the
    lengths that are not 0, by the number of the parent from 0.
    """

    def counted(of_parents: ColumnElement[bool]) -> Subquery:
        return (
            select(parent.label("parent"), func.count().label("length"))
            .where(of_organization(listing.table), of_parents, *combined_conditions(listing, conditions))
            .group_by(parent)
            .subquery("counted")
        )

    parents, values = numbered_parents(parent)
    lists = counted(parent == any_(values))
    length = func.coalesce(lists.c.length, literal_column("0"))
    in_order = func.array_agg(aggregate_order_by(length, parents.c.number), type_=ARRAY(Integer()))
    of_parent = lists.c.parent == parents.c.parent
    keys = func.json_each(bindparam("parents", type_=Listed(parent.type))).table_valued("key", "value", name="parents")
    found = counted(AnyOf(parent, "parents"))
    by_number = func.json_group_object(keys.c.key, found.c.length, type_=JSON())
    return Statement(
        select(in_order).select_from(parents.outerjoin(lists, of_parent)),
        sqlite=select(by_number).select_from(keys.join(found, found.c.parent == keys.c.value)),
    )
