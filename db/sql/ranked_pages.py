"""SQL statements of pages of a search that lists exact matches first, in the order of their ranks."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, bindparam, case, literal_column, not_, select, tuple_, union_all
from sqlalchemy.sql.expression import Select

from db.sql.listings import Listing, Ranking
from db.sql.page_statements import CACHED_STATEMENTS, ROWS, Shape, combined_conditions, directed
from db.sql.statement import AnyOf, Statement, of_organization

_Keys = Callable[[FromClause], tuple[ColumnElement[Any], ...]]
_RANK: Final = "search_rank"


@lru_cache(CACHED_STATEMENTS)
def select_ranked_page(listing: Listing[Any], ranking: Ranking, shape: Shape) -> Statement:
    """Return the statement that selects a page of the organization's list, ordered by rank and then as the list is.

    Cursors hold only the id: the rank of a cursor's record, as its other keys, is looked up.
    """
    table, selected = listing.table, listing.layout.selected
    names = [str(column.key) for column in listing.columns]
    least: ColumnElement[int] = literal_column(str(ranking.least))

    def ranked_keys(rows: FromClause) -> tuple[ColumnElement[Any], ...]:
        return ranking.rank(rows), *(rows.c[name] for name in names)

    if ranking.few in shape.conditions:
        return Statement(_select_window(listing, shape, selected, ranked_keys(table), ranked_keys))

    def keys_of_others(rows: FromClause) -> tuple[ColumnElement[Any], ...]:
        # An exact match precedes all others, whose keys are greater than empty texts.
        return tuple(case((ranking.rank(rows) < least, ""), else_=rows.c[name]) for name in names)

    # The exact matches are sorted. The others are read in the order of an index, as far as the page goes.
    is_exact = AnyOf(table.c.id, ranking.exact)
    added = [column for column in listing.columns if column not in set(selected)]
    exact = (*selected, *added, ranking.rank(table).label(_RANK))
    others = (*selected, *added, least.label(_RANK))
    windows = [
        _select_window(listing, shape, exact, ranked_keys(table), ranked_keys, is_exact).subquery(),
        _select_window(listing, shape, others, listing.columns, keys_of_others, not_(is_exact)).subquery(),
    ]
    merged = union_all(*(select(*window.c) for window in windows)).subquery()
    order = (merged.c[_RANK], *(merged.c[name] for name in names))
    return Statement(select(*list(merged.c)[: len(selected)]).order_by(*directed(listing, shape, order)).limit(ROWS))


def _select_window(
    listing: Listing[Any],
    shape: Shape,
    selected: Sequence[ColumnElement[Any]],
    order: Sequence[ColumnElement[Any]],
    keys: _Keys,
    *conditions: ColumnElement[bool],
) -> Select[Any]:
    """Return the query of a page in an order. `keys` returns the keys in that order of the record of a cursor."""
    bounds: list[ColumnElement[bool]] = []
    if shape.after:
        bounds.append(tuple_(*order) > _cursor_keys(listing, keys, "after"))
    if shape.before:
        bounds.append(tuple_(*order) < _cursor_keys(listing, keys, "before"))
    return (
        select(*selected)
        .where(of_organization(listing.table), *combined_conditions(listing, shape.conditions), *conditions, *bounds)
        .order_by(*directed(listing, shape, order))
        .limit(ROWS)
    )


def _cursor_keys(listing: Listing[Any], keys: _Keys, side: str) -> ColumnElement[Any]:
    listed = listing.table.alias()
    has_id = listed.c.id == bindparam(f"{side}_0", type_=listed.c.id.type)
    return select(*keys(listed)).where(of_organization(listed), has_id).scalar_subquery()
