"""The code that completes scalars and enum values.

For the classes that values nearly always have, it is written out, as an expression: a call costs more than all the
rest. Whatever else a value is, `completer` does what graphql-core does, or gives up.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from inspect import iscoroutine
from typing import Any
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
from executor.plan import Leaf

# UUID, and those classes of drivers that have been met: asking each value with isinstance takes five times as long.
UUIDS: set[type] = {UUID}
_CLASSES_KEPT = 16

# What the builtin scalars do with values of the usual classes: conditions and results, tried from the first. The value
# is t; {} stands for it in a condition, since the first to be looked at is also where it is read.
_BUILTIN: Mapping[GraphQLLeafType, tuple[tuple[str, str], ...]] = {
    GraphQLString: (("type({}) is str", "t"),),
    GraphQLID: (("type({}) is str", "t"), ("type({}) in uuids", "str(t)")),
    GraphQLInt: (("type({}) is int and -2147483648 <= t <= 2147483647", "t"),),
    GraphQLFloat: (("type({}) is float and isfinite(t)", "t"),),
    GraphQLBoolean: (("type({}) is bool", "t"),),
}

_BUILTIN_ENCODED: Mapping[GraphQLLeafType, tuple[tuple[str, str], ...]] = {
    GraphQLID: (("type({}) is UUID", "t"),),
}


def leaf_code(
    leaf: Leaf, value: str, names: Namespace, members: Mapping[str, str] | None = None, *, encoder_writes: bool = False
) -> str:
    """Return an expression that completes what the expression `value` gives. It assigns to the variable t.

    Args:
        leaf: The type, and whether null is allowed.
        value: The expression that reads the value. It is evaluated once.
        names: The names that the code may use.
        members: For an enum whose values are still the codes of a column: the name in the answer, by code.
        encoder_writes: Whether values may be left to the response's JSON encoder.
    """
    complete = names.of(completer(leaf), "complete")
    branches = [("{} is None", "None")] if leaf.nullable else []
    rest = f"{complete}({{}})"
    if members is not None:
        rest = f"{names.of(members, 'members')}[{{}}]"
    elif isinstance(leaf.type, GraphQLEnumType):
        # A name is never empty, so what is false was not found.
        rest = f"{names.of(_enum_names(leaf.type), 'members')}.get(id({{}})) or {complete}(t)"
    elif leaf.type in _BUILTIN:
        branches += _BUILTIN_ENCODED.get(leaf.type, ()) if encoder_writes else ()
        branches += _BUILTIN[leaf.type]
    else:
        for kind, attributes in encoder_classes(leaf.type.coerce_output_value).items() if encoder_writes else ():
            same = "".join(f" and t.{name} == {names.of(each, name)}" for name, each in attributes.items())
            branches.append((f"type({{}}) is {names.of(kind, 'kind')}{same}", "t"))
        for kind, write in serializers(leaf.type.coerce_output_value).items():
            branches.append((f"type({{}}) is {names.of(kind, 'kind')}", f"{names.of(write, 'write')}(t)"))
    uses = iter([f"(t := {value})"])
    code = "".join(f"{result} if {_look(condition, uses)} else " for condition, result in branches)
    return f"({code}{_look(rest, uses)})"


def writes_class(leaf: Leaf, kind: type) -> bool:
    """Return whether what the type makes of values of exactly this class is a text that is known without it."""
    if leaf.type is GraphQLID:
        return kind is UUID
    return kind in serializers(leaf.type.coerce_output_value)


def written_code(leaf: Leaf, value: str, names: Namespace) -> str:
    """Return an expression that completes a text that is already as the type writes it, or null."""
    if leaf.nullable:
        return value
    return f"(t if (t := {value}) is not None else {names.of(completer(leaf), 'complete')}(t))"


def completer(leaf: Leaf) -> Callable[[Any], Any]:
    """Return the function that completes any value of the type as graphql-core does, and return up where it errs."""
    coerce, nullable = leaf.type.coerce_output_value, leaf.nullable

    def complete(value: Any) -> Any:
        if value is None or value is Undefined:
            if nullable:
                return None
            raise Bailout("null where none may be")
        if isinstance(value, Exception) or is_awaitable(value):
            dispose(value)
            raise Bailout("an exception, or something to await")
        if isinstance(value, UUID) and len(UUIDS) < _CLASSES_KEPT:
            UUIDS.add(type(value))
        completed = coerce(value)
        if completed is None or completed is Undefined:
            raise Bailout("a value that the type does not have")
        return completed

    return complete


def dispose(value: object) -> None:
    """Close a coroutine that nobody will await. graphql-core will ask for another."""
    if iscoroutine(value):
        value.close()


def enum_name(type_: GraphQLEnumType, value: object) -> str | None:
    """Return the name that an enum's value has in the answer; None where the type does not have it."""
    try:
        return str(type_.coerce_output_value(value))
    except (GraphQLError, ValueError):
        return None


def _enum_names(type_: GraphQLEnumType) -> dict[int, str]:
    # By identity: members of an Enum are one object each, kept by their class, and the hash of one is a Python call.
    kind = getattr(type_, "wrapped_cls", None)
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return {}
    named = {id(member): enum_name(type_, member) for member in kind}
    return {member: name for member, name in named.items() if name}


def _look(template: str, uses: Any) -> str:
    return template.format(next(uses, "t"))
