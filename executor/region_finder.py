"""Finds the regions of an operation that is being executed: in its plan, or by compiling them."""

from collections.abc import Hashable, Iterable
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
from graphql.execution.collect_fields import CollectedFields, FieldDetails, collect_fields
from graphql.pyutils import Path

from executor.bailout import NotCompiled
from executor.compiler import compile_query, compile_region
from executor.extensions import Guard
from executor.fields import guards_of
from executor.plan_cache import Plan
from executor.region import Encode, Region
from executor.selection import SelectionBuilder

# A GraphQLError is about a variable of @include or @skip. graphql-core finds the same error and reports it.
_NOT_COMPILED = (NotCompiled, RecursionError, GraphQLError)


class RegionFinder:
    """Finds the regions of one execution."""

    def __init__(self, executor: Executor[Any], plan: Plan, encode: Encode | None) -> None:
        self._executor = executor
        self._plan = plan
        self._encode = encode
        self._passed: set[Guard] = set()
        # Keyed by the identity of the details, as in graphql-core's own cache of subfields. The values keep them alive.
        self._found: dict[tuple[GraphQLObjectType, int, bool], tuple[list[FieldDetails], Region | None]] = {}

    def passes_guards(self) -> bool:
        """Return whether the request passes all guards. If not, graphql-core executes it and reports the errors."""
        if self._plan.guards is None:
            self._plan.guards = self._compile_root()
        return self._passes(self._plan.guards)

    @property
    def query(self) -> Region | None:
        """The region of the whole query, if all of it is compiled."""
        return self._plan.query

    def find(
        self, type_: GraphQLObjectType, details: list[FieldDetails], path: Path, *, nullable: bool
    ) -> Region | None:
        """Return the region that completes objects of the type at a path of the response; None if there is none."""
        key = (type_, id(details), nullable)
        known = self._found.get(key)
        if known is None:
            region = self._region(type_, details, path, nullable=nullable)
            if region is not None and not self._passes(region.guards):
                region = None
            known = self._found[key] = (details, region)
        region = known[1]
        # Inside of a list that graphql-core completes, a batch would be resolved for one parent at a time.
        if region is not None and region.batch_fields and _is_in_list(path):
            return None
        return region

    def _passes(self, guards: Iterable[Guard]) -> bool:
        """Return whether the request passes the guards. Each guard is called once in a request."""
        pending = [guard for guard in dict.fromkeys(guards) if guard not in self._passed]
        passed = passes(pending, self._executor.context_value)
        if passed:
            self._passed.update(pending)
        return passed

    def _region(
        self, type_: GraphQLObjectType, details: list[FieldDetails], path: Path, *, nullable: bool
    ) -> Region | None:
        # The names on the path and the types of the parents determine the selection.
        place: Hashable = (type_.name, nullable, _names(path))
        regions = self._plan.regions
        if place not in regions:
            builder = SelectionBuilder(self._executor.schema, self._executor.collect_subfields)
            try:
                regions[place] = compile_region(builder.object_selection(type_, nullable, details), self._encode)
            except _NOT_COMPILED:
                regions[place] = None
            self._plan.field_count += builder.field_count
        return regions[place]

    def _compile_root(self) -> tuple[Guard, ...]:
        """Compile the whole query if possible, else the root fields. Return the guards."""
        executor = self._executor
        root = executor.schema.get_root_type(executor.operation.operation)
        if root is None:
            return ()
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
        query = self._compile_query(root, collected)
        if query is not None:
            self._plan.query = query
            return tuple(dict.fromkeys(query.guards))
        return self._compile_root_fields(root, collected)

    def _compile_query(self, root: GraphQLObjectType, collected: CollectedFields) -> Region | None:
        executor = self._executor
        if executor.operation.operation is not OperationType.QUERY:
            return None
        builder = SelectionBuilder(executor.schema, executor.collect_subfields)
        try:
            query = compile_query(builder.query_selection(root, collected), self._encode)
        except _NOT_COMPILED:
            return None
        self._plan.field_count += builder.field_count
        return query

    def _compile_root_fields(self, root: GraphQLObjectType, collected: CollectedFields) -> tuple[Guard, ...]:
        guards: dict[Guard, None] = {}
        for name, details in collected.grouped_field_set.items():
            field = self._executor.schema.get_field(root, details[0].node.name.value)
            if field is None:
                continue
            guards.update(dict.fromkeys(guards_of(field)))
            type_ = field.type.of_type if is_non_null_type(field.type) else field.type
            # Only items of a list may be null here: graphql-core completes a null object without a region.
            item, nullable = object_type(type_.of_type) if is_list_type(type_) else (object_type(type_)[0], False)
            if item is not None:
                region = self._region(item, details, Path(None, name, root.name), nullable=nullable)
                guards.update(dict.fromkeys(region.guards if region else ()))
        return tuple(guards)


def passes(guards: Iterable[Guard], context_value: Any) -> bool:
    """Return whether a request passes the guards."""
    try:
        for guard in guards:
            guard.check(context_value)
    except Exception:  # a guard may raise any exception
        return False
    return True


def object_type(type_: GraphQLOutputType) -> tuple[GraphQLObjectType | None, bool]:
    """Return the object type without its non-null wrapper, and whether null is allowed; None for any other type."""
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
