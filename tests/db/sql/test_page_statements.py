"""The caches of statements are bounded, whatever combinations of conditions clients use."""

import gc
import tracemalloc
from itertools import combinations, product

from sqlalchemy.dialects.sqlite import dialect

from db.queries.groups import GROUPS
from db.sql.listings import Listing
from db.sql.page_statements import Shape, select_page
from domain.records import GroupDefinition

MEGABYTE = 1_000_000
STATEMENTS = 400


def shapes(listing: Listing[GroupDefinition]) -> list[Shape]:
    sides = (False, True)
    names = listing.conditions
    subsets = [subset for size in range(len(names), 3, -1) for subset in combinations(names, size)]
    return [Shape(*values) for values in product(subsets, sides, sides, sides)][:STATEMENTS]


def test_statements_of_many_shapes_are_cached_within_bounds() -> None:
    sqlite = dialect()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    try:
        for shape in shapes(GROUPS):
            select_page(GROUPS, shape).compiled(sqlite)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 3 * MEGABYTE
