"""The lengths of lists of relations: one statement for many lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.queries.pages import ListFilter
from db.queries.relations import Relation
from db.sql.unions import numbered_union
from db.transactions.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class FilteredRelation:
    """A relation, and what narrows its lists; None for all records."""

    relation: Relation[Any]
    list_filter: ListFilter | None


@dataclass(frozen=True, slots=True, eq=False)
class CountRequest:
    """The lists to count: those of some parents, by their ids. Requests are compared by identity."""

    lists: FilteredRelation
    parents: tuple[Any, ...]


async def count_lists(snapshot: Snapshot, requests: Sequence[CountRequest]) -> list[list[int]]:
    """Return, for each request, the length of each parent's list, by one statement."""
    if len(requests) == 1 and len(requests[0].parents) == 1:
        [request] = requests
        lookup = request.lists.relation.count_lookup(request.lists.list_filter)
        return [[await snapshot.find(lookup, request.parents[0])]]
    same_lists: dict[FilteredRelation, list[CountRequest]] = {}
    for request in requests:
        same_lists.setdefault(request.lists, []).append(request)
    parents = {lists: _parents(same) for lists, same in same_lists.items()}
    lengths = await _count(snapshot, parents)
    return [_lengths(request, parents[request.lists], lengths[request.lists]) for request in requests]


def _parents(requests: Sequence[CountRequest]) -> tuple[Any, ...]:
    if len(requests) == 1:
        return requests[0].parents
    return tuple(dict.fromkeys(parent for request in requests for parent in request.parents))


def _lengths(request: CountRequest, parents: tuple[Any, ...], lengths: list[int]) -> list[int]:
    if request.parents is parents:
        return lengths
    by_parent = dict(zip(parents, lengths, strict=True))
    return [by_parent[parent] for parent in request.parents]


async def _count(
    snapshot: Snapshot, parents: Mapping[FilteredRelation, tuple[Any, ...]]
) -> dict[FilteredRelation, list[int]]:
    statements, parameters = [], []
    for lists, ids in parents.items():
        statement, others = lists.relation.count_statement(lists.list_filter)
        statements.append(statement)
        parameters.append({**others, "parents": ids})
    by_number = dict(await snapshot.fetch(*numbered_union(statements, parameters)))
    lengths = {}
    for number, (lists, ids) in enumerate(parents.items()):
        counted = by_number[number]
        # SQLite tells only the lengths that are not 0, by the numbers of the parents as texts.
        in_order = counted if snapshot.on_postgresql else [counted.get(str(index), 0) for index in range(len(ids))]
        lengths[lists] = in_order
    return lengths
