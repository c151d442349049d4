"""The cache of plans is bounded, and evicted plans are freed soon although compiled code forms reference cycles."""

import gc
import weakref
from typing import Any

from graphql import OperationDefinitionNode, build_schema, parse

from executor.plan_cache import PlanCache
from tests.executor.library import schema

core = schema._schema


class Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_evicted_plans_are_freed_without_waiting_for_the_collector() -> None:
    schema = build_schema("type Query { id: ID }")
    cache = PlanCache(max_bytes=1)
    cycles: list[weakref.ref[Cycle]] = []
    gc.disable()
    try:
        for number in range(3):
            [operation] = parse(f"{{ a{number}: id }}").definitions
            assert isinstance(operation, OperationDefinitionNode)
            plan = cache.get_plan(schema, operation, {}, {})
            assert plan is not None
            cycle = Cycle()
            cycles.append(weakref.ref(cycle))
            plan.regions["a"] = cycle  # type: ignore[assignment]  # stands for a region, which is part of such a cycle
            del plan, cycle
        assert cycles[0]() is None
    finally:
        gc.enable()


def test_the_cache_evicts_the_plans_that_were_not_used_for_longest() -> None:
    cache = PlanCache(max_bytes=15_000, max_plans_per_operation=2)

    def plan(text: str, **variables: Any) -> Any:
        [operation] = parse(text).definitions
        assert isinstance(operation, OperationDefinitionNode)
        return cache.get_plan(core, operation, {}, variables)

    first, second = "{ shop { __typename } }", "{ shelf { id } }"
    first_plan = plan(first)
    assert plan(first) is first_plan
    plan(second)
    plan("{ books { id } }")
    assert plan(first) is first_plan
    plan("{ a: books { id } }")
    assert plan(first) is first_plan
    assert len(cache._operations) == 3
    condition = "query ($on: Boolean!) { shelf @include(if: $on) { id } }"
    assert plan(condition, on=True) is plan(condition, on=True)
    assert plan(condition, on=True) is not plan(condition, on=False)
