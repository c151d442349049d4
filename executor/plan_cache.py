"""Compiled plans of operations, cached in bounded memory.

The cache finds an operation by the text of its document and the operation's position in it. A plan is valid for one set
of values of the variables that @skip and @include use.
"""

import gc
import sys
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    GraphQLDeferDirective,
    GraphQLError,
    GraphQLID,
    GraphQLIncludeDirective,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLStreamDirective,
    GraphQLString,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from executor.extensions import Guard
from executor.region import Region

DEFAULT_MAX_BYTES: Final = 24_000_000
_MAX_OPERATIONS: Final = 1_000
_BYTES_PER_FIELD: Final = 3_000
_BYTES_PER_NODE: Final = 600
"""The size of a node with its location and its tokens."""
_STRING_TYPES = frozenset({GraphQLID, GraphQLString})
_CONDITIONS = frozenset({GraphQLSkipDirective.name, GraphQLIncludeDirective.name})
_INCREMENTAL = frozenset({GraphQLDeferDirective.name, GraphQLStreamDirective.name})


@dataclass(slots=True, eq=False)
class Plan:
    """The compiled regions of an operation, for one set of condition values.

    Attributes:
        guards: The guards of the root fields and of everything compiled below them; None until they are collected.
        required_guards: Those of non-null fields.
        query: The region of the whole query; None if only parts of it can be compiled.
        regions: The regions of parts, by their place in the response and their type; None for a part that cannot be
            compiled.
        field_count: The number of compiled fields.
    """

    guards: tuple[Guard, ...] | None = None
    required_guards: tuple[Guard, ...] = ()
    query: Region | None = None
    regions: dict[Hashable, Region | None] = field(default_factory=dict)
    field_count: int = 0


class PlanCache:
    """The plans of the most recently used operations.

    Attributes:
        max_bytes: The approximate maximum size of all plans, in bytes. The plan compiled last comes on top.
    """

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES, max_plans_per_operation: int = 16) -> None:
        self.max_bytes = max_bytes
        self._max_plans_per_operation = max_plans_per_operation
        self._evicted_bytes = 0  # since the last garbage collection
        self._operations: OrderedDict[Hashable, _CachedOperation] = OrderedDict()

    def find_query(
        self, schema: GraphQLSchema, definition: OperationDefinitionNode, inputs: Mapping[str, Any]
    ) -> tuple[Plan, Region, VariableValues] | None:
        """Return the plan, the region and the variables of a query that was compiled as a whole.

        Return None for any other operation, and if the value of a variable is invalid.
        """
        key = _key(schema, definition)
        operation = self._operations.get(key)
        if operation is None or not operation.plan_by_conditions:
            return None
        self._operations.move_to_end(key)
        values = operation.variable_values(inputs)
        if values is None:
            return None
        plan = operation.plan_by_conditions.get(operation.condition_values(values.coerced))
        return (plan, plan.query, values) if plan is not None and plan.query is not None else None

    def get_plan(
        self,
        schema: GraphQLSchema,
        definition: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        variables: dict[str, Any],
    ) -> Plan | None:
        """Return the plan of an operation, an empty one at first; None if the operation cannot be compiled."""
        operation = self._get_operation(schema, definition, fragments)
        if not operation.can_be_compiled:
            return None
        conditions = operation.condition_values(variables)
        plan = operation.plan_by_conditions.get(conditions)
        if plan is None:
            if len(operation.plan_by_conditions) >= self._max_plans_per_operation:
                self._evicted_bytes += operation.size
                operation.plan_by_conditions.clear()
            self._evict()
            plan = operation.plan_by_conditions[conditions] = Plan()
        return plan

    def _get_operation(
        self,
        schema: GraphQLSchema,
        definition: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
    ) -> "_CachedOperation":
        key = _key(schema, definition)
        operation = self._operations.get(key)
        if operation is not None:
            self._operations.move_to_end(key)
            return operation
        operation = self._operations[key] = _cached_operation(schema, definition, fragments)
        self._evict()
        return operation

    def _evict(self) -> None:
        """Evict the operations that were not used for the longest time. Their size is known only after compiling."""
        size = sum(operation.size for operation in self._operations.values())
        while len(self._operations) > 1 and (size > self.max_bytes or len(self._operations) > _MAX_OPERATIONS):
            evicted = self._operations.popitem(last=False)[1].size
            size -= evicted
            self._evicted_bytes += evicted
        if self._evicted_bytes > self.max_bytes:
            # Compiled functions form reference cycles. A server may collect garbage so rarely that hundreds of
            # megabytes would wait. Here at most as much waits as the cache may hold.
            self._evicted_bytes = 0
            gc.collect()


@dataclass(slots=True, eq=False)
class _CachedOperation:
    """An operation with its plans.

    Attributes:
        schema: The schema. The reference keeps its id, which is a part of the cache key, from being reused.
        definition: The operation's node, kept for the same reason.
        can_be_compiled: False if it uses @defer, @stream or fragment variables.
        conditions: The variables that @skip and @include use.
        string_variables: The variables, if all are required strings or ids; else None.
        document_size: The approximate size of the document's nodes, in bytes.
        plan_by_conditions: The plans by the values of `conditions`.
    """

    schema: GraphQLSchema
    definition: OperationDefinitionNode
    can_be_compiled: bool
    conditions: tuple[str, ...]
    string_variables: dict[str, GraphQLVariableSignature] | None
    document_size: int
    plan_by_conditions: dict[Hashable, Plan] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The approximate size of the document and the plans, in bytes."""
        return self.document_size + _BYTES_PER_FIELD * sum(
            plan.field_count for plan in self.plan_by_conditions.values()
        )

    def condition_values(self, variables: Mapping[str, Any]) -> Hashable:
        """Return the values of the variables that conditions use."""
        return tuple([variables.get(name) for name in self.conditions]) if self.conditions else ()

    def variable_values(self, inputs: Mapping[str, Any]) -> VariableValues | None:
        """Return the variable values as graphql-core does; None if one of them is invalid."""
        if self.string_variables is not None:
            # Most queries for one record have only these variables. Strings need no coercion.
            values: dict[str, Any] = {}
            sources = {}
            for name, signature in self.string_variables.items():
                value = inputs.get(name)
                if type(value) is str:
                    values[name], sources[name] = value, VariableValueSource(signature, value)
            if len(values) == len(self.string_variables):
                return VariableValues(sources, values)
        result = get_variable_values(self.schema, self.definition.variable_definitions or (), dict(inputs))
        return None if isinstance(result, list) else result


def _key(schema: GraphQLSchema, definition: OperationDefinitionNode) -> Hashable:
    location = definition.loc
    return (id(schema), location.source.body, location.start) if location else (id(schema), id(definition))


def _cached_operation(
    schema: GraphQLSchema,
    definition: OperationDefinitionNode,
    fragments: dict[str, FragmentDefinitionNode],
) -> _CachedOperation:
    conditions: dict[str, None] = {}
    can_be_compiled = not any(fragment.variable_definitions for fragment in fragments.values())
    parts = (definition, *fragments.values())
    for part in parts:
        for directive in _directives(part.selection_set):
            if directive.name.value in _INCREMENTAL:
                can_be_compiled = False
            if directive.name.value in _CONDITIONS:
                values = (argument.value for argument in directive.arguments or ())
                conditions.update((value.name.value, None) for value in values if isinstance(value, VariableNode))
    return _CachedOperation(
        schema,
        definition,
        can_be_compiled,
        tuple(conditions),
        _string_variables(schema, definition),
        _document_size(parts),
    )


def _document_size(parts: Iterable[Node]) -> int:
    """Return the approximate size of definitions in bytes: their nodes, and the document's text that these refer to."""
    pending, node_count = list(parts), 0
    text = pending[0].loc.source.body if pending and pending[0].loc else ""
    while pending:
        node = pending.pop()
        node_count += 1
        for key in node.keys:
            value = getattr(node, key, None)
            if isinstance(value, Node):
                pending.append(value)
            elif isinstance(value, tuple | list):
                pending.extend(item for item in value if isinstance(item, Node))
    return 2 * sys.getsizeof(text) + _BYTES_PER_NODE * node_count


def _string_variables(
    schema: GraphQLSchema, definition: OperationDefinitionNode
) -> dict[str, GraphQLVariableSignature] | None:
    signatures: dict[str, GraphQLVariableSignature] = {}
    for variable in definition.variable_definitions or ():
        signature = get_variable_signature(schema, variable)
        if isinstance(signature, GraphQLError) or not is_non_null_type(signature.type):
            return None
        if signature.default is not None or signature.type.of_type not in _STRING_TYPES:
            return None
        signatures[signature.name] = signature
    return signatures


def _directives(selection_set: SelectionSetNode) -> Iterator[DirectiveNode]:
    pending: list[SelectionNode] = list(selection_set.selections)
    while pending:
        node = pending.pop()
        yield from node.directives or ()
        nested = getattr(node, "selection_set", None)
        pending.extend(nested.selections if nested else ())
