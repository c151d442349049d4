"""Keyset pages: complete and in order in both directions, for one list and for many, in one organization."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from db.connections.engine import Database
from db.connections.statement_count import count_statements, start_counting
from db.queries.groups import GROUPS_BY, GroupFilter, GroupOrder
from db.queries.lengths import CountRequest, FilteredRelation, count_lists
from db.queries.pages import read_page
from db.queries.sessions import SESSIONS, SESSIONS_OF_GROUP, SessionFilter
from db.sql.listings import Listing, Window
from db.transactions.snapshots import snapshot
from domain.records import GroupDefinition, Occurrence
from tests.support.clinic import OURS, THEIRS, seed
from tests.support.clinic_rows import add_group, add_sessions

pytestmark = pytest.mark.anyio
DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(5)]


def keys_of(listing: Listing[Any], record: object) -> tuple[Any, ...]:
    values = tuple(getattr(record, name) for name in listing.key_fields)
    return values if listing.keys is None else listing.keys(*values)


@pytest.mark.parametrize("order", list(GroupOrder))
async def test_pages_forwards_and_backwards_hold_every_group_once(engine: Database, order: GroupOrder) -> None:
    await seed(engine)
    await seed(engine, THEIRS)
    await add_group(engine, "not ours", THEIRS)
    for name in ("b", "a", "c", "a", "b"):
        await add_group(engine, name)
    keys = partial(keys_of, GROUPS_BY[order])
    async with snapshot(engine, OURS) as opened:
        whole = list((await read_page(opened, GROUPS_BY[order], GroupFilter(), Window(50))).records)
        assert [keys(group) for group in whole] == sorted(map(keys, whole), reverse=order.endswith("DESC"))
        assert len(whole) == 5
        forwards: list[GroupDefinition] = []
        after = None
        while True:
            page = await read_page(opened, GROUPS_BY[order], GroupFilter(), Window(2, after=after))
            forwards += page.records
            after = keys(page.records[-1])
            if not page.more:
                break
        assert forwards == whole
        backwards: list[GroupDefinition] = []
        before = None
        while True:
            page = await read_page(opened, GROUPS_BY[order], GroupFilter(), Window(2, backwards=True, before=before))
            backwards = [*page.records, *backwards]
            before = keys(page.records[0])
            if not page.more:
                break
        assert backwards == whole


async def test_an_insert_before_a_page_does_not_shift_it(engine: Database) -> None:
    await seed(engine)
    for name in ("b", "c", "d"):
        await add_group(engine, name)
    order = GroupOrder.NAME_ASC
    async with snapshot(engine, OURS) as opened:
        first = await read_page(opened, GROUPS_BY[order], GroupFilter(), Window(2))
    await add_group(engine, "a")
    after = keys_of(GROUPS_BY[order], first.records[-1])
    async with snapshot(engine, OURS) as opened:
        second = await read_page(opened, GROUPS_BY[order], GroupFilter(), Window(2, after=after))
    assert [group.name for group in second.records] == ["d"]


@pytest.mark.parametrize("backwards", [False, True])
async def test_the_pages_of_many_parents_take_one_statement(engine: Database, backwards: bool) -> None:
    await seed(engine)
    await seed(engine, THEIRS)
    theirs = await add_group(engine, "not ours", THEIRS)
    await add_sessions(engine, theirs, DAYS, THEIRS)
    groups = [await add_group(engine, name) for name in "abc"]
    for group, days in zip(groups, (DAYS, DAYS[:1], []), strict=True):
        if days:
            await add_sessions(engine, group, days)
    count_statements(engine)
    list_filter, window = SessionFilter(), Window(2, backwards)
    async with snapshot(engine, OURS) as opened:
        counted = start_counting()
        pages = await SESSIONS_OF_GROUP.read_pages(opened, [*groups, theirs], list_filter, window)
        assert counted.statements == 1
        for group, page in zip(groups, pages, strict=False):
            [single] = await SESSIONS_OF_GROUP.read_pages(opened, [group], list_filter, window)
            assert (list(page.records), page.more) == (list(single.records), single.more)
        assert list(pages[3].records) == []
        assert [len(page.records) for page in pages] == [2, 1, 0, 0]
        assert [page.more for page in pages] == [True, False, False, False]
        assert [session.session_date for session in pages[0].records] == (DAYS[-2:] if backwards else DAYS[:2])
        after = keys_of(SESSIONS, pages[0].records[-1])
        rest = await SESSIONS_OF_GROUP.read_pages(opened, groups, list_filter, Window(50, after=after))
        assert len(rest[0].records) == (0 if backwards else 3)
        lists = FilteredRelation(SESSIONS_OF_GROUP, list_filter)
        assert await count_lists(opened, [CountRequest(lists, (*groups, theirs))]) == [[5, 1, 0, 0]]


async def test_a_column_of_a_page_has_the_values_of_the_records(engine: Database) -> None:
    await seed(engine)
    group = await add_group(engine, "a")
    await add_sessions(engine, group, DAYS)
    async with snapshot(engine, OURS) as opened:
        [page] = await SESSIONS_OF_GROUP.read_pages(opened, [group], SessionFilter(), Window(50))
    records = page.records
    assert list(records.values("session_date")) == [record.session_date for record in records] == DAYS
    for name, index in records.layout.columns.items():
        assert [row[index] for row in records.rows] == [getattr(record, name) for record in records]
    for name, (index, members) in records.layout.code_columns.items():
        assert [members[row[index]] for row in records.rows] == [getattr(record, name) for record in records]
    assert records.layout.columns.keys() | records.layout.code_columns.keys() == set(Occurrence.__annotations__)


async def test_names_are_sorted_without_regard_to_case_or_accents(engine: Database) -> None:
    await seed(engine)
    names = ["apple", "Banana", "éclair", "Fig", "Łódź", "zebra"]
    for name in reversed(names):
        await add_group(engine, name)
    # The longest possible name, of letters that expand when they are compared: it must fit into a database's index.
    await add_group(engine, "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 200)
    async with snapshot(engine, OURS) as opened:
        for order, expected in ((GroupOrder.NAME_ASC, names), (GroupOrder.NAME_DESC, names[::-1])):
            page = await read_page(opened, GROUPS_BY[order], GroupFilter(), Window(50))
            assert [group.name for group in page.records if group.name in names] == expected
