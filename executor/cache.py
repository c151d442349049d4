"""Compiled regions, kept by operation, in bounded memory.

An operation is told by the text of its document and where in it it starts. What is compiled also holds for one set of
values only of the variables that @skip and @include look at.
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

DEFAULT_PLAN_MEMORY: Final = 24_000_000
_MOST_OPERATIONS: Final = 1_000
_BYTES_PER_FIELD: Final = 3_000
_BYTES_PER_NODE: Final = 600
"""A node, its place and its tokens."""
_TEXTS = frozenset({GraphQLID, GraphQLString})
_CONDITIONS = frozenset({GraphQLSkipDirective.name, GraphQLIncludeDirective.name})
_INCREMENTAL = frozenset({GraphQLDeferDirective.name, GraphQLStreamDirective.name})


@dataclass(slots=True, eq=False)
class Plan:
    """What is compiled of an operation under one set of conditions.

    Attributes:
        guards: The checks that its root fields, and all that is compiled below them, stand behind; None at first.
        whole: The whole of it, where all can be compiled.
        regions: The compiled parts by their place in the answer and their type; None for what cannot be compiled.
        fields: How many fields are compiled.
    """

    guards: tuple[Guard, ...] | None = None
    whole: Region | None = None
    regions: dict[Hashable, Region | None] = field(default_factory=dict)
    fields: int = 0


@dataclass(slots=True, eq=False)
class _Operation:
    schema: GraphQLSchema
    definition: OperationDefinitionNode
    can_be_compiled: bool
    conditions: tuple[str, ...]
    texts: dict[str, GraphQLVariableSignature] | None
    document_memory: int
    plans: dict[Hashable, Plan] = field(default_factory=dict)

    @property
    def memory(self) -> int:
        """About how many bytes it keeps in memory, those of the document that it is of included."""
        return self.document_memory + _BYTES_PER_FIELD * sum(plan.fields for plan in self.plans.values())

    def condition_values(self, variables: Mapping[str, Any]) -> Hashable:
        """Return, of the values of the variables, those that conditions look at."""
        return tuple([variables.get(name) for name in self.conditions]) if self.conditions else ()

    def variable_values(self, inputs: Mapping[str, Any]) -> VariableValues | None:
        """Return the values of the variables, as graphql-core does; None where one of them is wrong."""
        if self.texts is not None:
            # What asks for one thing by its id has these alone, and they are taken as they come.
            values: dict[str, Any] = {}
            sources = {}
            for name, signature in self.texts.items():
                value = inputs.get(name)
                if type(value) is str:
                    values[name], sources[name] = value, VariableValueSource(signature, value)
            if len(values) == len(self.texts):
                return VariableValues(sources, values)
        given = get_variable_values(self.schema, self.definition.variable_definitions or (), dict(inputs))
        return None if isinstance(given, list) else given


class PlanCache:
    """The plans of the operations used last.

    Attributes:
        memory: About how many bytes all of them may keep in memory. The last one that was compiled comes on top.
    """

    def __init__(self, memory: int = DEFAULT_PLAN_MEMORY, variants: int = 16) -> None:
        """Take the bounds.

        Args:
            memory: About how many bytes may be kept.
            variants: How many plans may be kept of one operation.
        """
        self.memory = memory
        self._variants = variants
        self._forgotten = 0  # bytes of what was forgotten since the last collection
        self._operations: OrderedDict[Hashable, _Operation] = OrderedDict()

    def query(
        self, schema: GraphQLSchema, definition: OperationDefinitionNode, inputs: Mapping[str, Any]
    ) -> tuple[Plan, VariableValues] | None:
        """Return the plan of a query that was compiled as a whole before, and its variables; None of any other."""
        key = _key(schema, definition)
        operation = self._operations.get(key)
        if operation is None or not operation.plans:
            return None
        self._operations.move_to_end(key)
        values = operation.variable_values(inputs)
        if values is None:
            return None
        plan = operation.plans.get(operation.condition_values(values.coerced))
        return (plan, values) if plan is not None and plan.whole is not None else None

    def plan(
        self,
        schema: GraphQLSchema,
        definition: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        variables: dict[str, Any],
    ) -> Plan | None:
        """Return the operation's plan, a new one where it has none yet; None where it cannot be compiled."""
        operation = self._operation(schema, definition, fragments)
        if not operation.can_be_compiled:
            return None
        values = operation.condition_values(variables)
        plan = operation.plans.get(values)
        if plan is None:
            if len(operation.plans) >= self._variants:
                self._forgotten += operation.memory
                operation.plans.clear()
            self._make_room()
            plan = operation.plans[values] = Plan()
        return plan

    def _operation(
        self,
        schema: GraphQLSchema,
        definition: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
    ) -> _Operation:
        key = _key(schema, definition)
        found = self._operations.get(key)
        if found is not None:
            self._operations.move_to_end(key)
            return found
        # It holds the schema and the node, so that no other gets the id that it is found by.
        found = self._operations[key] = _operation(schema, definition, fragments)
        self._make_room()
        return found

    def _make_room(self) -> None:
        """Forget those not used for the longest time. What they keep is known only once they have been compiled."""
        kept = sum(operation.memory for operation in self._operations.values())
        while len(self._operations) > 1 and (kept > self.memory or len(self._operations) > _MOST_OPERATIONS):
            forgotten = self._operations.popitem(last=False)[1].memory
            kept -= forgotten
            self._forgotten += forgotten
        if self._forgotten > self.memory:
            # Compiled functions refer to each other in cycles. A server collects so seldom that hundreds of megabytes
            # would wait; as much as may be kept may wait.
            self._forgotten = 0
            gc.collect()


def _key(schema: GraphQLSchema, definition: OperationDefinitionNode) -> Hashable:
    place = definition.loc
    return (id(schema), place.source.body, place.start) if place else (id(schema), id(definition))


def _operation(
    schema: GraphQLSchema,
    definition: OperationDefinitionNode,
    fragments: dict[str, FragmentDefinitionNode],
) -> _Operation:
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
    texts = _texts(schema, definition)
    return _Operation(schema, definition, can_be_compiled, tuple(conditions), texts, _document_memory(parts))


def _document_memory(parts: Iterable[Node]) -> int:
    """Return about how many bytes definitions of a document keep: their nodes, and the text that nodes refer to."""
    waiting, nodes = list(parts), 0
    text = waiting[0].loc.source.body if waiting and waiting[0].loc else ""
    while waiting:
        node = waiting.pop()
        nodes += 1
        for key in node.keys:
            value = getattr(node, key, None)
            if isinstance(value, Node):
                waiting.append(value)
            elif isinstance(value, tuple | list):
                waiting.extend(each for each in value if isinstance(each, Node))
    return 2 * sys.getsizeof(text) + _BYTES_PER_NODE * nodes


def _texts(schema: GraphQLSchema, definition: OperationDefinitionNode) -> dict[str, GraphQLVariableSignature] | None:
    """Return the variables of an operation, where all are texts that must be given; None where one is another."""
    found: dict[str, GraphQLVariableSignature] = {}
    for variable in definition.variable_definitions or ():
        signature = get_variable_signature(schema, variable)
        if isinstance(signature, GraphQLError) or not is_non_null_type(signature.type):
            return None
        if signature.default is not None or signature.type.of_type not in _TEXTS:
            return None
        found[signature.name] = signature
    return found


def _directives(selections: SelectionSetNode) -> Iterator[DirectiveNode]:
    waiting: list[SelectionNode] = list(selections.selections)
    while waiting:
        node = waiting.pop()
        yield from node.directives or ()
        below = getattr(node, "selection_set", None)
        waiting.extend(below.selections if below else ())
