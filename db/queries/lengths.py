"""The lengths of lists of relations: one statement for many lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.queries.pages import ListFilter
from db.queries.relations import Relation
from db.sql.unions import numbered_union, union_parameters
from db.transactions.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class FilteredRelation:
    """A relation, and what narrows its lists; None for all records."""

    relation: Relation[Any]
    list_filter: ListFilter | None


@dataclass(frozen=True, slots=True)
class CountRequest:
    """The lists to count: those of some parents, by their ids."""

    lists: FilteredRelation
    parents: tuple[Any, ...]


async def count_lists(snapshot: Snapshot, requests: Sequence[CountRequest]) -> list[list[int]]:
    """Return, for each request, the length of each parent's list.

    One statement counts the lists of all parents with the same type of id, for all relations and filters.
    """
    if len(requests) == 1 and len(requests[0].parents) == 1:
        [request] = requests
        lookup = request.lists.relation.count_lookup(request.lists.list_filter)
        return [[await snapshot.find(lookup, request.parents[0])]]
    parents: dict[FilteredRelation, dict[Any, None]] = {}
    for request in requests:
        parents.setdefault(request.lists, {}).update(dict.fromkeys(request.parents))
    by_id_type: dict[type, dict[FilteredRelation, list[Any]]] = {}
    for lists, ids in parents.items():
        by_id_type.setdefault(lists.relation.parent.type.python_type, {})[lists] = list(ids)
    lengths: dict[FilteredRelation, dict[Any, int]] = {}
    for same_type in by_id_type.values():
        lengths |= await _count(snapshot, same_type)
    return [[lengths[request.lists].get(parent, 0) for parent in request.parents] for request in requests]


async def _count(
    snapshot: Snapshot, parents: Mapping[FilteredRelation, list[Any]]
) -> dict[FilteredRelation, dict[Any, int]]:
    statements, parameters = [], []
    for lists, ids in parents.items():
        statement, others = lists.relation.count_statement(lists.list_filter)
        statements.append(statement)
        parameters.append({**others, "parents": ids})
    lengths: list[dict[Any, int]] = [{} for _ in parents]
    for number, parent, length in await snapshot.fetch(numbered_union(tuple(statements)), union_parameters(parameters)):
        lengths[number][parent] = length
    return dict(zip(parents, lengths, strict=True))
