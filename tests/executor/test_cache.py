"""Plans that are forgotten leave memory soon, though what is compiled refers to itself."""

import gc
import weakref

from graphql import OperationDefinitionNode, build_schema, parse

from executor.cache import PlanCache


class Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_forgotten_plans_do_not_wait_for_the_collector() -> None:
    schema = build_schema("type Query { id: ID }")
    cache = PlanCache(memory=1)
    cycles: list[weakref.ref[Cycle]] = []
    gc.disable()
    try:
        for number in range(3):
            [operation] = parse(f"{{ a{number}: id }}").definitions
            assert isinstance(operation, OperationDefinitionNode)
            plan = cache.plan(schema, operation, {}, {})
            assert plan is not None
            cycle = Cycle()
            cycles.append(weakref.ref(cycle))
            plan.regions["a"] = cycle  # type: ignore[assignment]  # stands for a region, which such a cycle is part of
            del plan, cycle
        assert cycles[0]() is None
    finally:
        gc.enable()
