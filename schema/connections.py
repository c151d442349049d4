"""Pages as Relay's cursor connections, with `nodes` as a shortcut for `edges { node }`."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import strawberry

from resolvers.context import Context
from resolvers.queries import pages
from schema.relations import LengthBatch

Node = TypeVar("Node")


async def _lengths(lengths: Sequence[pages.Length], _context: Context) -> Sequence[int]:
    return await pages.load_lengths(lengths)


@strawberry.type(description="The position of a page in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there are elements after endCursor.")
    has_previous_page: bool = strawberry.field(description="Whether there are elements before startCursor.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first element; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last element; null on an empty page.")


@strawberry.type(description="An element of a page, with its cursor.")
class Edge(Generic[Node]):
    cursor: str = strawberry.field(
        description="The position of the element in the list, for after and before. It is opaque."
    )
    node: Node = strawberry.field(description="The element.")


@strawberry.type(description="A page of a list. Page forwards with first and after, backwards with last and before.")
class Connection(Generic[Node]):
    nodes: list[Node] = strawberry.field(description="The elements of the page, without cursors.")
    edges: list[Edge[Node]] = strawberry.field(description="The elements of the page, each with its cursor.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")

    @strawberry.field(
        description="The number of elements in the whole list. It is counted only if selected.",
        extensions=[LengthBatch(_lengths, by="total")],
    )
    @staticmethod
    async def total_count(parent: strawberry.Parent[pages.Page[Any]]) -> int:
        return await pages.load_length(parent.total)
