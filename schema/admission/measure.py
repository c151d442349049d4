"""Measures documents in one pass. Each fragment is measured once, however often it is spread."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Final

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NamedTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_introspection_type,
)

from schema.admission.cost import Cost, CostModel, size_of
from schema.admission.cost_directives import DEFAULT_SIZE, declared_size, declared_weight

_INTROSPECTED_LIST: Final = 3
"""The assumed size of a list of introspection: the usual number of fields, values or arguments of a type."""


@dataclass(slots=True)
class SelectionMeasures:
    """The measures of a selection, including the fragments that it spreads.

    Attributes:
        fields: The number of fields, without those nested in them.
        depth: The maximum nesting of fields.
        value_depth: The maximum nesting of values in an argument.
        aliases: The number of aliases, and of repetitions of a field in the same selection.
        directives: The number of directives.
        cost: The cost, without `cost_per_element`.
        cost_per_element: The additional cost for each element of the page that the selection is on.
    """

    fields: int = 0
    depth: int = 0
    value_depth: int = 0
    aliases: int = 0
    directives: int = 0
    cost: Cost = 0
    cost_per_element: Cost = 0


def fragments_in_order(document: DocumentNode) -> tuple[list[FragmentDefinitionNode], int]:
    """Return a document's fragments, each after those that it spreads, and the number of spreads and inline fragments.

    Raises:
        graphlib.CycleError: A fragment spreads itself.
    """
    fragments: dict[str, FragmentDefinitionNode] = {}
    spread_by: dict[str, list[str]] = {}
    count = 0
    for definition in document.definitions:
        if not isinstance(definition, FragmentDefinitionNode | OperationDefinitionNode):
            continue  # validation reports that it cannot be executed
        spread: list[str] = []
        for fragment in _fragments_in(definition.selection_set):
            count += 1
            if isinstance(fragment, FragmentSpreadNode):
                spread.append(fragment.name.value)
        if isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = definition
            spread_by[definition.name.value] = spread
    # The order also contains undefined fragments, which validation reports.
    return [fragments[name] for name in TopologicalSorter(spread_by).static_order() if name in fragments], count


def _fragments_in(selection_set: SelectionSetNode) -> Iterator[FragmentSpreadNode | InlineFragmentNode]:
    pending = [selection_set]
    while pending:
        for selection in pending.pop().selections:
            if isinstance(selection, FragmentSpreadNode | InlineFragmentNode):
                yield selection
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                pending.append(selection.selection_set)


class DocumentMeasurer:
    """Measures the definitions of one document. Fragments must be measured first, in the order of spreads."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.costs = CostModel()
        self._schema = schema
        self._fragments: dict[str, SelectionMeasures] = {}

    def fragment(self, definition: FragmentDefinitionNode) -> None:
        """Measure a fragment for all its spreads."""
        measures = self._selection(definition.selection_set, self._named(definition.type_condition))
        _add_directives(measures, definition.directives)
        self._fragments[definition.name.value] = measures

    def operation(self, definition: OperationDefinitionNode) -> SelectionMeasures:
        """Return the measures of an operation."""
        measures = self._selection(definition.selection_set, self._schema.get_root_type(definition.operation))
        _add_directives(measures, definition.directives)
        for variable in definition.variable_definitions or ():
            _add_directives(measures, variable.directives)
            if variable.default_value is not None:
                measures.value_depth = max(measures.value_depth, _nesting(variable.default_value))
        measures.cost = self.costs.total([measures.cost, self.costs.times(DEFAULT_SIZE, measures.cost_per_element)])
        return measures

    def _selection(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None) -> SelectionMeasures:
        measures = SelectionMeasures()
        costs: list[Cost] = []
        costs_per_element: list[Cost] = []
        selected: dict[GraphQLNamedType | None, set[str]] = defaultdict(set)
        # Inline fragments belong to the selection around them.
        pending = [(selection_set, parent)]
        while pending:
            current, on = pending.pop()
            for selection in current.selections:
                _add_directives(measures, selection.directives)
                if isinstance(selection, FieldNode):
                    name = selection.name.value
                    measures.fields += 1
                    measures.aliases += selection.alias is not None or name in selected[on]
                    selected[on].add(name)
                    self._add_field(measures, selection, on, costs, costs_per_element)
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    pending.append((selection.selection_set, on if condition is None else self._named(condition)))
                elif isinstance(selection, FragmentSpreadNode):
                    spread = self._fragments.get(selection.name.value)
                    if spread is not None:  # validation reports an undefined fragment
                        measures.fields += spread.fields
                        measures.depth = max(measures.depth, spread.depth)
                        _add_inner(measures, spread)
                        costs.append(spread.cost)
                        costs_per_element.append(spread.cost_per_element)
        measures.cost, measures.cost_per_element = self.costs.total(costs), self.costs.total(costs_per_element)
        return measures

    def _add_field(
        self,
        measures: SelectionMeasures,
        node: FieldNode,
        on: GraphQLNamedType | None,
        costs: list[Cost],
        costs_per_element: list[Cost],
    ) -> None:
        field = self._schema.get_field(on, node.name.value) if is_composite_type(on) else None
        inner = SelectionMeasures()
        if node.selection_set is not None:
            inner = self._selection(node.selection_set, None if field is None else get_named_type(field.type))
        measures.depth = max(measures.depth, inner.depth + 1)
        measures.value_depth = max(
            measures.value_depth, *(_nesting(argument.value) for argument in node.arguments or ()), 0
        )
        _add_inner(measures, inner)
        size = None if field is None else size_of(field, node)
        is_list = field is not None and isinstance(get_nullable_type(field.type), GraphQLList)
        page = DEFAULT_SIZE if is_list or size is None else size
        cost = self.costs.total([1, inner.cost, self.costs.times(page, inner.cost_per_element)])
        # Resolving a field costs its weight once, even if it returns a list.
        costs.append(declared_weight(field) - 1 if field is not None else 0)
        if field is None or on is None or not is_list:
            costs.append(cost)
            return
        if size is None:
            size = self._size_without_arguments(field, on)
        if size is None:
            costs_per_element.append(cost)
        else:
            costs.append(self.costs.times(size, cost))

    def _size_without_arguments(self, field: GraphQLField, on: GraphQLNamedType) -> int | None:
        if on.name == "__Schema":
            return len(self._schema.type_map)
        return _INTROSPECTED_LIST if is_introspection_type(on) else declared_size(field)

    def _named(self, condition: NamedTypeNode) -> GraphQLNamedType | None:
        return self._schema.get_type(condition.name.value)


def _add_inner(measures: SelectionMeasures, inner: SelectionMeasures) -> None:
    measures.value_depth = max(measures.value_depth, inner.value_depth)
    measures.aliases += inner.aliases
    measures.directives += inner.directives


def _add_directives(measures: SelectionMeasures, directives: Sequence[DirectiveNode] | None) -> None:
    for directive in directives or ():
        measures.directives += 1
        for argument in directive.arguments or ():
            measures.value_depth = max(measures.value_depth, _nesting(argument.value))


def _nesting(value: ValueNode) -> int:
    level: Sequence[ValueNode] = [value]
    depth = 0
    while level:
        depth += 1
        level = [inner for outer in level for inner in _inner_values(outer)]
    return depth


def _inner_values(value: ValueNode) -> Sequence[ValueNode]:
    if isinstance(value, ListValueNode):
        return value.values
    return [field.value for field in value.fields] if isinstance(value, ObjectValueNode) else ()
