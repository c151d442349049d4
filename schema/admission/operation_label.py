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
    unread = {fragment.name.value: fragment for fragment in fragments}
    remaining: list[SelectionNode] = [*reversed(node.selection_set.selections)]
    while remaining:
        selection = remaining.pop()
        inner: SelectionNode | FragmentDefinitionNode | None = selection
        if isinstance(selection, FieldNode):
            return f"{node.operation.value} {selection.name.value}"
        if isinstance(selection, FragmentSpreadNode):
            # Each fragment is read once, because it has no fields if it is spread again. Otherwise, fragments that
            # spread the next one twice would take exponential time. Validation reports unknown fragments.
            inner = unread.pop(selection.name.value, None)
        if isinstance(inner, InlineFragmentNode | FragmentDefinitionNode):
            remaining += reversed(inner.selection_set.selections)
    return node.operation.value
