"""Statements of lists are kept for the next request, within bounds that no combination of filters exceeds."""

import gc
import tracemalloc
from itertools import combinations, product

from sqlalchemy.dialects.sqlite import dialect

from db.queries.groups import GROUP_ORDERS
from db.sql.page_statements import Order, Shape, page
from domain.records import GroupDefinition

MEGABYTE = 1_000_000
STATEMENTS = 400


def shapes(order: Order[GroupDefinition]) -> list[Shape]:
    sides = (False, True)
    filters = [each for size in range(len(order.filters), 3, -1) for each in combinations(order.filters, size)]
    return [Shape(*each) for each in product(filters, sides, sides, sides)][:STATEMENTS]


def test_statements_of_many_shapes_are_kept_within_bounds() -> None:
    order = next(iter(GROUP_ORDERS.values()))
    sqlite = dialect()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    try:
        for shape in shapes(order):
            page(order, shape).compiled(sqlite)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 3 * MEGABYTE
