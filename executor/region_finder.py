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
from executor.execution_context import ExecutionContext
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
        self._checked: dict[Guard, Exception | None] = {}
        # Keyed by the identity of the details, as in graphql-core's own cache of subfields. The values keep them alive.
        self._cache: dict[tuple[GraphQLObjectType, int, bool], tuple[list[FieldDetails], Region | None]] = {}

    def prepare(self) -> bool:
        """Compile the operation and check its guards. Return whether compiled code can execute it.

        Return False if a guard of a non-null field refuses the request: the null propagates.
        """
        if self._plan.guards is None:
            self._plan.guards, self._plan.required_guards = self._compile_root()
        self._check(self._plan.guards)
        return not any(self._checked[guard] for guard in self._plan.required_guards)

    def context(self) -> ExecutionContext:
        """Return the context for the execution of one region."""
        executor = self._executor
        refusals = {guard: exception for guard, exception in self._checked.items() if exception is not None}
        return ExecutionContext(
            executor.schema, executor.variable_values, executor.context_value, executor.hide_suggestions, refusals
        )

    @property
    def query(self) -> Region | None:
        """The region of the whole query, if all of it is compiled."""
        return self._plan.query

    def find(
        self, type_: GraphQLObjectType, details: list[FieldDetails], path: Path, *, nullable: bool
    ) -> Region | None:
        """Return the region that completes objects of the type at a path of the response; None if there is none."""
        key = (type_, id(details), nullable)
        cached = self._cache.get(key)
        if cached is None:
            region = self._region(type_, details, path, nullable=nullable)
            if region is not None:
                self._check(region.guards)
                if any(self._checked[guard] for guard in region.required_guards):
                    region = None
            cached = self._cache[key] = (details, region)
        region = cached[1]
        # Inside of a list that graphql-core completes, a batch would be resolved for one parent at a time.
        if region is not None and region.batch_fields and _is_in_list(path):
            return None
        return region

    def _check(self, guards: Iterable[Guard]) -> None:
        """Check the guards that were not checked yet. Each guard is called once in a request."""
        for guard in guards:
            if guard not in self._checked:
                self._checked[guard] = check_guard(guard, self._executor.context_value)

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

    def _compile_root(self) -> tuple[tuple[Guard, ...], tuple[Guard, ...]]:
        """Compile the query if possible, else its root fields. Return the guards, and those of non-null fields."""
        executor = self._executor
        root = executor.schema.get_root_type(executor.operation.operation)
        if root is None:
            return (), ()
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
            return (), ()
        query = self._compile_query(root, collected)
        if query is not None:
            self._plan.query = query
            return tuple(dict.fromkeys(query.guards)), tuple(dict.fromkeys(query.required_guards))
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

    def _compile_root_fields(
        self, root: GraphQLObjectType, collected: CollectedFields
    ) -> tuple[tuple[Guard, ...], tuple[Guard, ...]]:
        guards: dict[Guard, None] = {}
        required: dict[Guard, None] = {}
        for name, details in collected.grouped_field_set.items():
            field = self._executor.schema.get_field(root, details[0].node.name.value)
            if field is None:
                continue
            guards.update(dict.fromkeys(guards_of(field)))
            required.update(dict.fromkeys(guards_of(field) if is_non_null_type(field.type) else ()))
            type_ = field.type.of_type if is_non_null_type(field.type) else field.type
            # Only items of a list may be null here: graphql-core completes a null object without a region.
            item, nullable = object_type(type_.of_type) if is_list_type(type_) else (object_type(type_)[0], False)
            if item is not None:
                region = self._region(item, details, Path(None, name, root.name), nullable=nullable)
                guards.update(dict.fromkeys(region.guards if region else ()))
                required.update(dict.fromkeys(region.required_guards if region else ()))
        return tuple(guards), tuple(required)


def check_guard(guard: Guard, context_value: Any) -> Exception | None:
    """Return the exception with which a guard refuses a request; None if the request passes."""
    try:
        guard.check(context_value)
    except Exception as exception:  # a guard may raise any exception
        return exception
    return None


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
