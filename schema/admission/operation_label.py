"""The label of an operation in metrics: its kind and its first root field, which the schema bounds.

The name of an operation is not used, because clients choose it.
"""

from collections.abc import Iterable

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
)


def operation_label(node: OperationDefinitionNode, fragments: Iterable[FragmentDefinitionNode]) -> str:
    """Return a label such as `query groupDefinitions`. Fragments must not spread themselves."""
    by_name = {fragment.name.value: fragment for fragment in fragments}
    remaining: list[SelectionNode] = [*reversed(node.selection_set.selections)]
    while remaining:
        selection = remaining.pop()
        inner: SelectionNode | FragmentDefinitionNode | None = selection
        if isinstance(selection, FieldNode):
            return f"{node.operation.value} {selection.name.value}"
        if isinstance(selection, FragmentSpreadNode):
            inner = by_name.get(selection.name.value)  # validation reports unknown fragments
        if isinstance(inner, InlineFragmentNode | FragmentDefinitionNode):
            remaining += reversed(inner.selection_set.selections)
    return node.operation.value
