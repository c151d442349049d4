"""Compiled regions, kept by operation, in bounded memory.

An operation is told by the text of its document and where in it it starts. What is compiled also holds for one set of
values only of the variables that @skip and @include look at.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

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
    """

    guards: tuple[Guard, ...] | None = None
    whole: Region | None = None
    regions: dict[Hashable, Region | None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Operation:
    schema: GraphQLSchema
    definition: OperationDefinitionNode
    can_be_compiled: bool
    conditions: tuple[str, ...]
    texts: dict[str, GraphQLVariableSignature] | None
    weight: int
    plans: dict[Hashable, Plan] = field(default_factory=dict)

    def condition_values(self, variables: Mapping[str, Any]) -> Hashable:
        """Gives, of the values of the variables, those that conditions look at."""
        return tuple([variables.get(name) for name in self.conditions]) if self.conditions else ()

    def variable_values(self, inputs: Mapping[str, Any]) -> VariableValues | None:
        """Gives the values of the variables, as graphql-core does; None where one of them is wrong."""
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

    Args:
        characters: How long the texts of all operations kept may be together. What is compiled of an operation takes
            some hundred times the memory of its text.
        variants: How many plans may be kept of one operation.
    """

    def __init__(self, characters: int = 300_000, variants: int = 16) -> None:
        self._characters = characters
        self._variants = variants
        self._weight = 0
        self._operations: OrderedDict[Hashable, _Operation] = OrderedDict()

    def query(
        self, schema: GraphQLSchema, definition: OperationDefinitionNode, inputs: Mapping[str, Any]
    ) -> tuple[Plan, VariableValues] | None:
        """Gives the plan of a query that was compiled as a whole before, and its variables; None of any other."""
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
        """Gives the operation's plan, a new one where it has none yet; None where it cannot be compiled."""
        operation = self._operation(schema, definition, fragments)
        if not operation.can_be_compiled:
            return None
        values = operation.condition_values(variables)
        plan = operation.plans.get(values)
        if plan is None:
            if len(operation.plans) >= self._variants:
                operation.plans.clear()
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
        length = len(definition.loc.source.body) if definition.loc else 0
        found = _operation(schema, definition, fragments, max(length, 1_000))
        self._operations[key] = found
        self._weight += found.weight
        while self._weight > self._characters and len(self._operations) > 1:
            _, forgotten = self._operations.popitem(last=False)
            self._weight -= forgotten.weight
        return found


def _key(schema: GraphQLSchema, definition: OperationDefinitionNode) -> Hashable:
    place = definition.loc
    return (id(schema), place.source.body, place.start) if place else (id(schema), id(definition))


def _operation(
    schema: GraphQLSchema,
    definition: OperationDefinitionNode,
    fragments: dict[str, FragmentDefinitionNode],
    weight: int,
) -> _Operation:
    conditions: dict[str, None] = {}
    can_be_compiled = not any(fragment.variable_definitions for fragment in fragments.values())
    for part in (definition, *fragments.values()):
        for directive in _directives(part.selection_set):
            if directive.name.value in _INCREMENTAL:
                can_be_compiled = False
            if directive.name.value in _CONDITIONS:
                values = (argument.value for argument in directive.arguments or ())
                conditions.update((value.name.value, None) for value in values if isinstance(value, VariableNode))
    texts = _texts(schema, definition)
    return _Operation(schema, definition, can_be_compiled, tuple(conditions), texts, weight)


def _texts(schema: GraphQLSchema, definition: OperationDefinitionNode) -> dict[str, GraphQLVariableSignature] | None:
    """Gives the variables of an operation, where all are texts that must be given; None where one is another."""
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
