"""The attributes of a field's value that a query reads. Nothing else needs to be loaded."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from graphql import print_ast

from executor.fields import Attribute, Batched, TypeName
from executor.selection import Leaf, ListOf, OneOf, Shape, can_be_joined

if TYPE_CHECKING:
    from executor.region import BatchField

SelectedAttributes = Mapping[str, Any] | None
"""The selected attributes by name, each mapped to the selected attributes of its own value.

An attribute that is only serialized, such as a scalar, maps to an empty mapping. None means that any attribute, or the
value itself, may be used. The attributes of `Batch.joined` are optional.
"""


def attributes_of(shape: Shape, *, with_joined: bool = True) -> SelectedAttributes:
    """Return the attributes that completing a value of the shape reads; for a list, those of its elements.

    Return None if the whole object is passed on: to a resolver, or to a batch without `by`. Also if it may be of
    several types.

    Args:
        shape: The shape.
        with_joined: Whether to add the attributes that a row may hold in place of the value of a batch
            (`Batch.joined`).
    """
    if isinstance(shape, Leaf):
        return {}
    if isinstance(shape, ListOf):
        return attributes_of(shape.item, with_joined=with_joined)
    if isinstance(shape, OneOf):
        return None
    attributes: dict[str, Any] = {}
    for field in shape.fields:
        kind = field.field.kind
        if isinstance(kind, Attribute):
            used = None if kind.convert else attributes_of(field.shape, with_joined=with_joined)
            attributes[kind.name] = _merged(attributes.get(kind.name, {}), used)
        elif isinstance(kind, Batched) and kind.batch.by is not None:
            attributes[kind.batch.by] = None
            if with_joined and kind.batch.joined is not None and can_be_joined(field.shape):
                joined = attributes_of(field.shape)
                attributes[kind.batch.joined] = _merged(attributes.get(kind.batch.joined, {}), joined)
        elif not isinstance(kind, TypeName):
            return None
    return attributes


def share_attributes(fields: "Sequence[BatchField]") -> None:
    """Select the same attributes in aliases of a field with equal arguments, so that they can be loaded at once.

    Aliases that select different parts of the value, such as the records of a page and its length, stay different.

    Args:
        fields: The batch fields of one selection.
    """
    aliases: dict[object, list[BatchField]] = {}
    for field in fields:
        if field.attributes is not None:
            arguments = frozenset(map(print_ast, field.selected.details.node.arguments or ()))
            aliases.setdefault((field.batch, arguments, frozenset(field.attributes)), []).append(field)
    for same in aliases.values():
        merged = reduce(_merged, [field.attributes for field in same])
        for field in same:
            field.attributes = merged


def _merged(first: SelectedAttributes, second: SelectedAttributes) -> SelectedAttributes:
    if first is None or second is None:
        return None
    return {name: _merged(first.get(name, {}), second.get(name, {})) for name in {**first, **second}}
