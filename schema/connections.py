"""Pages of lists, in the shape of Relay's cursor connections, with nodes as the short way past edges."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import strawberry

from resolvers.context import Context
from resolvers.queries import pages
from schema.batches import Totals

Node = TypeVar("Node")


async def _totals(counts: Sequence[pages.Total], _context: Context) -> Sequence[int]:
    return await pages.totals(counts)


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follows after endCursor.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before startCursor.")
    start_cursor: str | None = strawberry.field(description="The first element's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last element's cursor; null on an empty page.")


@strawberry.type(description="An element of a page, with its cursor.")
class Edge(Generic[Node]):
    cursor: str = strawberry.field(description="The element's place in the list, for after and before. It is opaque.")
    node: Node = strawberry.field(description="The element.")


@strawberry.type(description="One page of a list. Ask with first and after, or backwards with last and before.")
class Connection(Generic[Node]):
    nodes: list[Node] = strawberry.field(description="The elements of the page: the short way past edges.")
    edges: list[Edge[Node]] = strawberry.field(description="The elements of the page, each with its cursor.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")

    @strawberry.field(
        description="How many elements the whole list has. Counted only where it is asked for.",
        extensions=[Totals(_totals, by="total")],
    )
    @staticmethod
    async def total_count(parent: strawberry.Parent[pages.Page[Any]]) -> int:
        return await parent.total()
