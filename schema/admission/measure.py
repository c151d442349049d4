"""Measures documents: one pass over each definition, and one measure for each fragment, however often it is spread."""

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

from schema.admission.cost import Cost, Formulas, size_of
from schema.admission.cost_directives import DEFAULT_SIZE, declared_size, declared_weight

_INTROSPECTED_LIST: Final = 3
"""What a list of introspection counts: a type has about so many fields, values or arguments."""


@dataclass(slots=True)
class Measure:
    """What a selection holds, with all that the fragments hold which it spreads.

    Attributes:
        fields: Its own fields, without those below them.
        depth: The most fields that lie in each other.
        values: The most values that lie in each other in one argument.
        aliases: Aliases, and fields that stand again in the same selection.
        directives: Directives.
        cost: What it costs, but for `paged`.
        paged: What it costs for each element of the page that it is selected on.
    """

    fields: int = 0
    depth: int = 0
    values: int = 0
    aliases: int = 0
    directives: int = 0
    cost: Cost = 0
    paged: Cost = 0


def fragments_in_order(document: DocumentNode) -> tuple[list[FragmentDefinitionNode], int]:
    """Return a document's fragments, each after those that it spreads, and the number of its spreads.

    Raises:
        graphlib.CycleError: Where a fragment spreads itself.
    """
    fragments: dict[str, FragmentDefinitionNode] = {}
    spread_by: dict[str, list[str]] = {}
    count = 0
    for definition in document.definitions:
        if not isinstance(definition, FragmentDefinitionNode | OperationDefinitionNode):
            continue  # validation tells that it cannot be executed
        spread: list[str] = []
        for fragment in _fragments_in(definition.selection_set):
            count += 1
            if isinstance(fragment, FragmentSpreadNode):
                spread.append(fragment.name.value)
        if isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = definition
            spread_by[definition.name.value] = spread
    # What is spread but not defined is in the order too; validation tells it.
    return [fragments[name] for name in TopologicalSorter(spread_by).static_order() if name in fragments], count


def _fragments_in(selection_set: SelectionSetNode) -> Iterator[FragmentSpreadNode | InlineFragmentNode]:
    left = [selection_set]
    while left:
        for selection in left.pop().selections:
            if isinstance(selection, FragmentSpreadNode | InlineFragmentNode):
                yield selection
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                left.append(selection.selection_set)


class Measuring:
    """Measures the definitions of one document: its fragments first, in their order."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.formulas = Formulas()
        self._schema = schema
        self._fragments: dict[str, Measure] = {}

    def fragment(self, definition: FragmentDefinitionNode) -> None:
        """Measure a fragment, once for all that spread it."""
        found = self._selection(definition.selection_set, self._named(definition.type_condition))
        _add_directives(found, definition.directives)
        self._fragments[definition.name.value] = found

    def operation(self, definition: OperationDefinitionNode) -> Measure:
        """Return the measure of an operation."""
        found = self._selection(definition.selection_set, self._schema.get_root_type(definition.operation))
        _add_directives(found, definition.directives)
        for variable in definition.variable_definitions or ():
            _add_directives(found, variable.directives)
            if variable.default_value is not None:
                found.values = max(found.values, _nesting(variable.default_value))
        found.cost = self.formulas.total([found.cost, self.formulas.times(DEFAULT_SIZE, found.paged)])
        return found

    def _selection(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None) -> Measure:
        found = Measure()
        costs: list[Cost] = []
        paged: list[Cost] = []
        selected: dict[GraphQLNamedType | None, set[str]] = defaultdict(set)
        # Inline fragments are part of the selection around them, and are gone through with it.
        left = [(selection_set, parent)]
        while left:
            current, on = left.pop()
            for selection in current.selections:
                _add_directives(found, selection.directives)
                if isinstance(selection, FieldNode):
                    name = selection.name.value
                    found.fields += 1
                    found.aliases += selection.alias is not None or name in selected[on]
                    selected[on].add(name)
                    self._add_field(found, selection, on, costs, paged)
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    left.append((selection.selection_set, on if condition is None else self._named(condition)))
                elif isinstance(selection, FragmentSpreadNode):
                    spread = self._fragments.get(selection.name.value)
                    if spread is not None:  # else validation tells that there is no such fragment
                        found.fields += spread.fields
                        found.depth = max(found.depth, spread.depth)
                        _add_inner(found, spread)
                        costs.append(spread.cost)
                        paged.append(spread.paged)
        found.cost, found.paged = self.formulas.total(costs), self.formulas.total(paged)
        return found

    def _add_field(
        self, found: Measure, node: FieldNode, on: GraphQLNamedType | None, costs: list[Cost], paged: list[Cost]
    ) -> None:
        field = self._schema.get_field(on, node.name.value) if is_composite_type(on) else None
        inner = Measure()
        if node.selection_set is not None:
            inner = self._selection(node.selection_set, None if field is None else get_named_type(field.type))
        found.depth = max(found.depth, inner.depth + 1)
        found.values = max(found.values, *(_nesting(argument.value) for argument in node.arguments or ()), 0)
        _add_inner(found, inner)
        size = None if field is None else size_of(field, node)
        is_list = field is not None and isinstance(get_nullable_type(field.type), GraphQLList)
        page = DEFAULT_SIZE if is_list or size is None else size
        cost = self.formulas.total([1, inner.cost, self.formulas.times(page, inner.paged)])
        # What a field takes to resolve, it takes once, whether it gives one value or a list.
        costs.append(declared_weight(field) - 1 if field is not None else 0)
        if field is None or on is None or not is_list:
            costs.append(cost)
            return
        if size is None:
            size = self._size_without_arguments(field, on)
        if size is None:
            paged.append(cost)
        else:
            costs.append(self.formulas.times(size, cost))

    def _size_without_arguments(self, field: GraphQLField, on: GraphQLNamedType) -> int | None:
        if on.name == "__Schema":
            return len(self._schema.type_map)
        return _INTROSPECTED_LIST if is_introspection_type(on) else declared_size(field)

    def _named(self, condition: NamedTypeNode) -> GraphQLNamedType | None:
        return self._schema.get_type(condition.name.value)


def _add_inner(found: Measure, inner: Measure) -> None:
    found.values = max(found.values, inner.values)
    found.aliases += inner.aliases
    found.directives += inner.directives


def _add_directives(found: Measure, directives: Sequence[DirectiveNode] | None) -> None:
    for directive in directives or ():
        found.directives += 1
        for argument in directive.arguments or ():
            found.values = max(found.values, _nesting(argument.value))


def _nesting(value: ValueNode) -> int:
    level: Sequence[ValueNode] = [value]
    depth = 0
    while level:
        depth += 1
        level = [inner for outer in level for inner in _inside(outer)]
    return depth


def _inside(value: ValueNode) -> Sequence[ValueNode]:
    if isinstance(value, ListValueNode):
        return value.values
    return [field.value for field in value.fields] if isinstance(value, ObjectValueNode) else ()
