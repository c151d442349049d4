"""The regions of an operation that is being executed: found in its plan, or compiled and put there."""

from collections.abc import Hashable, Iterable
from contextlib import suppress
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationType,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.pyutils import Path

from executor.bailout import NotCompiled
from executor.cache import Plan
from executor.compiler import compile_query, compile_region
from executor.extensions import Guard
from executor.fields import guards
from executor.plan import Planner
from executor.region import Region, Write

# A GraphQLError is about the variable of an @include or @skip: graphql-core comes upon it again, and tells it.
_NOT_COMPILED = (NotCompiled, RecursionError, GraphQLError)


class Regions:
    """What of one execution can be completed by compiled code."""

    def __init__(self, executor: Executor[Any], plan: Plan, write: Write | None) -> None:
        self._executor = executor
        self._plan = plan
        self._write = write
        self._passed: set[Guard] = set()
        # By the identity of the details, as graphql-core remembers collected subfields; they are kept beside.
        self._found: dict[tuple[GraphQLObjectType, int, bool], tuple[list[FieldDetails], Region | None]] = {}

    def may_be_tried(self) -> bool:
        """Return whether the request passes every check on its way. Else graphql-core tells what was refused."""
        if self._plan.guards is None:
            self._plan.guards = self._compile_root()
        return self._passes(self._plan.guards)

    @property
    def whole(self) -> Region | None:
        """The whole operation, where all of it is compiled."""
        return self._plan.whole

    def find(
        self, type_: GraphQLObjectType, details: list[FieldDetails], path: Path, *, nullable: bool
    ) -> Region | None:
        """Return the region that completes objects of the type at a place of the answer; None where there is none."""
        key = (type_, id(details), nullable)
        found = self._found.get(key)
        if found is None:
            region = self._region(type_, details, path, nullable=nullable)
            if region is not None and not self._passes(region.guards):
                region = None
            found = self._found[key] = (details, region)
        region = found[1]
        # Inside of a list that graphql-core completes, a batch would be resolved for one parent at a time.
        if region is not None and region.batches and _is_in_list(path):
            return None
        return region

    def _passes(self, checks: Iterable[Guard]) -> bool:
        """Return whether the request passes the checks, each of which is made once."""
        new = [guard for guard in dict.fromkeys(checks) if guard not in self._passed]
        passed = passes(new, self._executor.context_value)
        if passed:
            self._passed.update(new)
        return passed

    def _region(
        self, type_: GraphQLObjectType, details: list[FieldDetails], path: Path, *, nullable: bool
    ) -> Region | None:
        # What is selected at a place follows from the names, and the types of the parents, on the way to it.
        place: Hashable = (type_.name, nullable, _names(path))
        regions = self._plan.regions
        if place not in regions:
            planner = Planner(self._executor.schema, self._executor.collect_subfields)
            try:
                regions[place] = compile_region(planner.selection(type_, nullable, details), self._write)
            except _NOT_COMPILED:
                regions[place] = None
            self._plan.fields += planner.fields
        return regions[place]

    def _compile_root(self) -> tuple[Guard, ...]:
        executor = self._executor
        root = executor.schema.get_root_type(executor.operation.operation)
        if root is None:
            return ()
        found: dict[Guard, None] = {}
        try:
            collected = collect_fields(
                executor.schema,
                executor.fragments,
                executor.variable_values,
                root,
                executor.operation,
                executor.hide_suggestions,
            )
        except _NOT_COMPILED:
            return ()
        if executor.operation.operation is OperationType.QUERY:
            planner = Planner(executor.schema, executor.collect_subfields)
            with suppress(*_NOT_COMPILED):
                self._plan.whole = compile_query(planner.query(root, collected), self._write)
                self._plan.fields += planner.fields
                return tuple(dict.fromkeys(self._plan.whole.guards))
        for name, details in collected.grouped_field_set.items():
            field = executor.schema.get_field(root, details[0].node.name.value)
            if field is None:
                continue
            found.update(dict.fromkeys(guards(field)))
            given = field.type.of_type if is_non_null_type(field.type) else field.type
            # Of an object that is there, null is no question any more.
            type_, nullable = object_type(given.of_type) if is_list_type(given) else (object_type(given)[0], False)
            if type_ is not None:
                region = self._region(type_, details, Path(None, name, root.name), nullable=nullable)
                found.update(dict.fromkeys(region.guards if region else ()))
        return tuple(found)


def passes(checks: Iterable[Guard], context_value: Any) -> bool:
    """Return whether a request passes the checks."""
    try:
        for guard in checks:
            guard.check(context_value)
    except Exception:  # a check may refuse by any
        return False
    return True


def object_type(type_: GraphQLOutputType) -> tuple[GraphQLObjectType | None, bool]:
    """Return the object type that a type is, null or not, and whether null is allowed; None where it is another."""
    nullable = not is_non_null_type(type_)
    if is_non_null_type(type_):
        type_ = type_.of_type
    return (type_ if is_object_type(type_) else None), nullable


def _names(path: Path | None) -> tuple[tuple[str, str | None], ...]:
    names = []
    while path is not None:
        if isinstance(path.key, str):
            names.append((path.key, path.typename))
        path = path.prev
    return tuple(names)


def _is_in_list(path: Path | None) -> bool:
    while path is not None:
        if isinstance(path.key, int):
            return True
        path = path.prev
    return False
