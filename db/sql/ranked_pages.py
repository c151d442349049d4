"""SQL statements of pages of a search that lists exact matches first, in the order of their ranks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.sql.expression import Select

from db.sql.listings import Listing, Ranking
from db.sql.page_statements import CACHED_STATEMENTS, ROWS, Shape, combined_conditions, directed
from db.sql.statement import AnyOf, Statement, of_organization

_RANK: Final = "search_rank"


@lru_cache(CACHED_STATEMENTS)
def select_ranked_page(listing: Listing[Any], ranking: Ranking, shape: Shape) -> Statement:
    """Return the statement that selects a page of the organization's list, ordered by rank and then as the list is.

    Cursors hold only the id: the rank of a cursor's record, as its other keys, is looked up.
    """
    page = _RankedPage(listing, ranking, shape)
    if ranking.few in shape.conditions:
        return Statement(page.select_sorted())
    return Statement(page.select_by_ranks(_unless_full), sqlite=page.select_by_ranks(_unless_full_on_sqlite))


@dataclass(frozen=True, slots=True)
class _RankedPage:
    listing: Listing[Any]
    ranking: Ranking
    shape: Shape

    def select_sorted(self) -> Select[Any]:
        """Return the query of a page of few matches, which are all sorted."""
        table = self.listing.table
        keys = (self._rank(table), *self.listing.columns)
        return self._window(self.listing.layout.selected, keys, self._bounds(keys))

    def select_by_ranks(self, unless_full: Callable[[Select[Any], ColumnElement[int]], Select[Any]]) -> Select[Any]:
        """Return the query of a page of many matches.

        The exact matches whose ids are known are sorted. The others are read in the order of an index, as far as the
        page goes: first those with whole words, if the search asks for them, then those of the least rank. A part
        is read only if those before it do not fill the page, because the last may be rare.
        """
        table, selected = self.listing.table, self.listing.layout.selected
        columns = (*selected, *(column for column in self.listing.columns if column not in set(selected)))
        keys = (self._rank(table), *self.listing.columns)
        known = AnyOf(table.c.id, self.ranking.exact)
        parts = [self._window((*columns, keys[0].label(_RANK)), keys, self._bounds(keys), known)]
        for rank, conditions in self._ranks_in_order_of_index():
            labelled = (*columns, _constant(rank).label(_RANK))
            bounds = self._bounds_of_rank(rank)
            parts.append(self._window(labelled, self.listing.columns, bounds, not_(known), *conditions))
        read: list[FromClause] = []
        for part in reversed(parts) if self.shape.backwards else parts:
            counts = [select(func.count()).select_from(one).scalar_subquery() for one in read]
            needed = unless_full(part, sum(counts, _constant(0))) if counts else part
            read.append(needed.cte(f"part_{len(read)}").prefix_with("MATERIALIZED"))
        merged = union_all(*(select(*one.c) for one in read)).subquery()
        order = (merged.c[_RANK], *(merged.c[str(column.key)] for column in self.listing.columns))
        return select(*list(merged.c)[: len(selected)]).order_by(*self._directed(order)).limit(ROWS)

    def _ranks_in_order_of_index(self) -> Iterator[tuple[int, list[ColumnElement[bool]]]]:
        whole = self._whole_words(self.listing.table)
        if whole:
            yield self.ranking.least - 1, whole
        yield self.ranking.least, [not_(and_(*whole))] if whole else []

    def _whole_words(self, rows: FromClause) -> list[ColumnElement[bool]]:
        return [condition(rows) for name, condition in self.ranking.whole.items() if name in self.shape.conditions]

    def _rank(self, rows: FromClause) -> ColumnElement[int]:
        least, whole = self.ranking.least, self._whole_words(rows)
        other = case((and_(*whole), _constant(least - 1)), else_=_constant(least)) if whole else _constant(least)
        return self.ranking.rank(rows, other)

    def _window(
        self,
        selected: Sequence[ColumnElement[Any]],
        order: Sequence[ColumnElement[Any]],
        bounds: Sequence[ColumnElement[bool]],
        *conditions: ColumnElement[bool],
    ) -> Select[Any]:
        listing = self.listing
        narrowed = combined_conditions(listing, self.shape.conditions)
        return (
            select(*selected)
            .where(of_organization(listing.table), *narrowed, *conditions, *bounds)
            .order_by(*self._directed(order))
            .limit(ROWS)
        )

    def _bounds(self, keys: Sequence[ColumnElement[Any]]) -> list[ColumnElement[bool]]:
        """Return the conditions that a row, by its rank and the keys of the list, is between the cursors."""
        bounds: list[ColumnElement[bool]] = []
        if self.shape.after:
            bounds.append(tuple_(*keys) > self._of_cursor("after", with_rank=True))
        if self.shape.before:
            bounds.append(tuple_(*keys) < self._of_cursor("before", with_rank=True))
        return bounds

    def _bounds_of_rank(self, rank: int) -> list[ColumnElement[bool]]:
        """Return the conditions that a row of one rank is between the cursors. An index of the list's keys helps."""
        bounds: list[ColumnElement[bool]] = []
        keys, is_least = tuple_(*self.listing.columns), rank == self.ranking.least
        if self.shape.after:
            bounds.append(keys > self._of_cursor("after", first_of=rank))
            if not is_least:
                bounds.append(self._rank_of_cursor("after") <= rank)
        if self.shape.before:
            precedes = keys < self._of_cursor("before", first_of=rank)
            bounds.append(precedes if is_least else or_(self._rank_of_cursor("before") > rank, precedes))
        return bounds

    def _of_cursor(self, side: str, *, with_rank: bool = False, first_of: int | None = None) -> ColumnElement[Any]:
        """Return the keys of a cursor's record. `first_of` puts records of lesser ranks before all those of a rank."""
        rows = self.listing.table.alias()
        keys: list[ColumnElement[Any]] = [rows.c[str(column.key)] for column in self.listing.columns]
        if first_of is not None:
            # The keys of this list are texts, which are greater than an empty one.
            keys = [case((self._rank(rows) < first_of, ""), else_=key) for key in keys]
        return self._select_of_cursor(side, rows, [self._rank(rows), *keys] if with_rank else keys)

    def _rank_of_cursor(self, side: str) -> ColumnElement[int]:
        rows = self.listing.table.alias()
        return self._select_of_cursor(side, rows, [self._rank(rows)])

    def _select_of_cursor(
        self, side: str, rows: FromClause, values: Sequence[ColumnElement[Any]]
    ) -> ColumnElement[Any]:
        has_id = rows.c.id == bindparam(f"{side}_0", type_=rows.c.id.type)
        return select(*values).where(of_organization(rows), has_id).scalar_subquery()

    def _directed(self, order: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
        return directed(self.listing, self.shape, order)


def _unless_full(part: Select[Any], rows_read: ColumnElement[int]) -> Select[Any]:
    """Return the query of a part that reads nothing if a page is full."""
    return part.where(rows_read < ROWS)


def _unless_full_on_sqlite(part: Select[Any], rows_read: ColumnElement[int]) -> Select[Any]:
    # SQLite would evaluate a condition for each row. A limit of 0 ends the reading before the first one.
    return part.limit(func.max(0, ROWS - rows_read))


def _constant(number: int) -> ColumnElement[int]:
    return literal_column(str(number), Integer())
