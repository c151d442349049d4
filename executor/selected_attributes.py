"""Which attributes of a field's value will be looked at, so that no more than these need be got."""

from collections.abc import Mapping
from typing import Any

from executor.fields import Attribute, Many, TypeName
from executor.plan import Leaf, ListOf, Shape

# The attributes by name, each with those of its own value: none of what is only written down, such as a scalar. None
# where any may be looked at, or the value itself.
SelectedAttributes = Mapping[str, Any] | None


def attributes_of(shape: Shape) -> SelectedAttributes:
    """Return the attributes that completing a value of the shape looks at; for a list, those of its elements.

    None where the object as a whole is handed on: to a resolver, or to a batch that is not told by an attribute.
    """
    if isinstance(shape, Leaf):
        return {}
    if isinstance(shape, ListOf):
        return attributes_of(shape.item)
    found: dict[str, Any] = {}
    for each in shape.fields:
        kind = each.field.kind
        if isinstance(kind, Attribute):
            found[kind.name] = _merged(found.get(kind.name, {}), attributes_of(each.shape))
        elif isinstance(kind, Many) and kind.batch.by is not None:
            found[kind.batch.by] = None
        elif not isinstance(kind, TypeName):
            return None
    return found


def _merged(first: SelectedAttributes, second: SelectedAttributes) -> SelectedAttributes:
    if first is None or second is None:
        return None
    return {name: _merged(first.get(name, {}), second.get(name, {})) for name in {**first, **second}}
