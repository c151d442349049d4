"""Code that completes scalars and enum values.

The usual classes of values are handled inline, by an expression: a function call costs more than everything else. All
other values are passed to a function that does what graphql-core does, or raises Bailout.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from inspect import iscoroutine
from typing import Any, Final
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)
from graphql.pyutils import is_awaitable

from executor.bailout import Bailout
from executor.extensions import encoder_classes, serializers
from executor.namespace import Namespace
from executor.selection import Leaf

# UUID and the subclasses that database drivers return, as far as they have occurred. An isinstance check of each value
# would take five times as long as a lookup in a set.
UUID_CLASSES: set[type] = {UUID}
_MAX_UUID_CLASSES: Final = 16

# What the builtin scalars do with values of the usual classes: conditions and results, in the order of evaluation. The
# value is t. In a condition it is written {}, because the first condition also reads the value.
_Branches = tuple[tuple[str, str], ...]
_BUILTIN: Final[Mapping[GraphQLLeafType, _Branches]] = {
    GraphQLString: (("type({}) is str", "t"),),
    GraphQLID: (("type({}) is str", "t"), ("type({}) in uuid_classes", "str(t)")),
    GraphQLInt: (("type({}) is int and -2147483648 <= t <= 2147483647", "t"),),
    GraphQLFloat: (("type({}) is float and isfinite(t)", "t"),),
    GraphQLBoolean: (("type({}) is bool", "t"),),
}
_BUILTIN_OF_ENCODER: Final[Mapping[GraphQLLeafType, _Branches]] = {
    GraphQLID: (("type({}) is UUID", "t"),),
}


def leaf_code(
    leaf: Leaf,
    value: str,
    namespace: Namespace,
    names_by_code: Mapping[str, str] | None = None,
    *,
    has_encoder: bool = False,
) -> str:
    """Return an expression that completes the value of an expression. It assigns to the variable t.

    Args:
        leaf: The scalar or enum.
        value: The expression that reads the value. It is evaluated once.
        namespace: Gets the objects that the code uses.
        names_by_code: For an enum that a column holds as a code: the names in the response by code.
        has_encoder: Whether values may be left to the response's JSON encoder.
    """
    complete = namespace.add(leaf_completer(leaf), "complete")
    branches = [("{} is None", "None")] if leaf.nullable else []
    otherwise = f"{complete}({{}})"
    if names_by_code is not None:
        otherwise = f"{namespace.add(names_by_code, 'names')}[{{}}]"
    elif isinstance(leaf.type, GraphQLEnumType):
        # `or` is safe because a name is never empty.
        otherwise = f"{namespace.add(_names_by_member_id(leaf.type), 'names')}.get(id({{}})) or {complete}(t)"
    elif leaf.type in _BUILTIN:
        branches += _BUILTIN_OF_ENCODER.get(leaf.type, ()) if has_encoder else ()
        branches += _BUILTIN[leaf.type]
    else:
        branches += _scalar_branches(leaf, namespace, has_encoder=has_encoder)
    reads = iter([f"(t := {value})"])
    code = "".join(f"{result} if {_insert_value(condition, reads)} else " for condition, result in branches)
    return f"({code}{_insert_value(otherwise, reads)})"


def serializes_class(leaf: Leaf, value_class: type) -> bool:
    """Return whether a text column can hold the serialized values of exactly this class."""
    if leaf.type is GraphQLID:
        return value_class is UUID
    return value_class in serializers(leaf.type.coerce_output_value)


def text_column_code(leaf: Leaf, text: str, namespace: Namespace) -> str:
    """Return an expression that completes an expression of serialized text or None."""
    if leaf.nullable:
        return text
    return f"(t if (t := {text}) is not None else {namespace.add(leaf_completer(leaf), 'complete')}(t))"


def leaf_completer(leaf: Leaf) -> Callable[[Any], Any]:
    """Return the function that completes any value as graphql-core does. It raises Bailout if graphql-core fails."""
    coerce, nullable = leaf.type.coerce_output_value, leaf.nullable

    def complete(value: Any) -> Any:
        if value is None or value is Undefined:
            if nullable:
                return None
            raise Bailout("null in a non-null position")
        if isinstance(value, Exception) or is_awaitable(value):
            close_coroutine(value)
            raise Bailout("an exception or an awaitable in place of a value")
        if isinstance(value, UUID) and len(UUID_CLASSES) < _MAX_UUID_CLASSES:
            UUID_CLASSES.add(type(value))
        completed = coerce(value)
        if completed is None or completed is Undefined:
            raise Bailout("the type does not have the value")
        return completed

    return complete


def close_coroutine(value: object) -> None:
    """Close the value if it is a coroutine. graphql-core will create another one and await it."""
    if iscoroutine(value):
        value.close()


def enum_name(type_: GraphQLEnumType, value: object) -> str | None:
    """Return the name of an enum value in the response; None if the type does not have the value."""
    try:
        return str(type_.coerce_output_value(value))
    except (GraphQLError, ValueError):
        return None


def _scalar_branches(leaf: Leaf, namespace: Namespace, *, has_encoder: bool) -> Iterator[tuple[str, str]]:
    serialize = leaf.type.coerce_output_value
    if has_encoder:
        for value_class, attributes in encoder_classes(serialize).items():
            conditions = [f"type({{}}) is {namespace.add(value_class, 'class')}"]
            conditions += [f"t.{name} == {namespace.add(value, name)}" for name, value in attributes.items()]
            yield " and ".join(conditions), "t"
    for value_class, serializer in serializers(serialize).items():
        condition = f"type({{}}) is {namespace.add(value_class, 'class')}"
        yield condition, f"{namespace.add(serializer, 'serialize')}(t)"


def _names_by_member_id(type_: GraphQLEnumType) -> dict[int, str]:
    # By identity: an Enum class keeps one object per member, and hashing a member is a Python call.
    enum_class = getattr(type_, "wrapped_cls", None)
    if not (isinstance(enum_class, type) and issubclass(enum_class, Enum)):
        return {}
    names = {id(member): enum_name(type_, member) for member in enum_class}
    return {member_id: name for member_id, name in names.items() if name}


def _insert_value(template: str, reads: Iterator[str]) -> str:
    return template.format(next(reads, "t"))
