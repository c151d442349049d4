"""How a field, a type and a scalar tell the executor what they are."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver

Function = TypeVar("Function", bound=Callable[..., Any])

# Where `writes` and `encoded` note what they were told.
_WRITERS = "exact_writers"
_ENCODED = "encoded_values"


# Gives a field's values for many parents, in their order; an exception in the place of a value fails that one. It gets
# the parents, the request's context value, and by name the arguments that the field's resolver would get. What a batch
# that foresees gives, `Batch` says.
ResolveMany = Callable[..., Awaitable[Any]]


class Batch(FieldExtension):
    """Says how an asynchronous field is resolved for many parents at once: `extensions=[Batch(resolve_many)]`.

    The field's own resolver stays, and serves wherever graphql-core executes the field. Both must give equal values.

    Attributes:
        resolve_many: Gives the values for many parents.
        by: The name of an attribute of the parent that the value depends on, beside the arguments, alone. Then
            resolve_many gets the attribute's distinct values in place of the parents. Where the attribute is None, the
            value is None. The attribute's values are hashable.
        selects: Whether resolve_many also gets `selected`, by name: the attributes of the field's value that will be
            looked at, as `execution.selected` tells them. The values need have no other.
        foresees: Whether resolve_many also gets `below`, by name, a `Lookahead`: what will be resolved of its value. It
            then gives a pair: its values as ever; and for each field below, in their order, the values that it has got
            along with its own, or None, as for all that are not of its value itself. For fields of the query itself.
    """

    def __init__(
        self, resolve_many: ResolveMany, by: str | None = None, *, selects: bool = False, foresees: bool = False
    ) -> None:
        self.resolve_many = resolve_many
        self.by = by
        self.selects = selects
        self.foresees = foresees


@dataclass(frozen=True, slots=True, eq=False)
class LookaheadField:
    """A field that is marked as a batch, with the fields of its value that are.

    Attributes:
        batch: The mark.
        arguments: What its resolve_many gets by name.
        of_value: Whether it is a field of the value itself, not of an object in it.
        fields: The fields of its value, and of objects in it.
    """

    batch: Batch
    arguments: Mapping[str, Any]
    of_value: bool
    fields: tuple["LookaheadField", ...]


@dataclass(slots=True, eq=False)
class Lookahead:
    """What will be resolved of the value of a field that foresees.

    It is the same object for one request after another where all arguments below are plain literals; else each request
    has its own.

    Attributes:
        fields: The fields of its value, and of objects in it, that are marked as batches.
        alone: Whether the whole query has no other batch than the field, and those below it.
        kept: What the field's resolve_many has made of this, to be found by the next request.
    """

    fields: tuple[LookaheadField, ...]
    alone: bool
    kept: Any = None


class ContextOnly(FieldExtension):
    """Says of a field of the query itself that its resolver looks at the context and the arguments alone.

    It may have the parameter `info`, and look at nothing but `info.context`. A query whose fields are all marked so, or
    with a `Batch`, which then gets one parent that tells nothing, needs no executor of graphql-core at all.
    """


class Guard(FieldExtension):
    """A check before a field is resolved that depends on the request alone, such as that of a permission.

    graphql-core makes the check for every parent; the compiled executor once for a request.
    """

    def check(self, context: Any) -> None:
        """Raise where the request may not have the field. It gets the request's context value, and does not wait."""
        raise NotImplementedError

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: strawberry.Info, **arguments: Any) -> Any:
        """Resolve the field of one parent, after the check."""
        self.check(info.context)
        return next_(source, info, **arguments)

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info, **arguments: Any
    ) -> Any:
        """Resolve the field of one parent, after the check."""
        self.check(info.context)
        return await next_(source, info, **arguments)


class InstanceOf:
    """An `is_type_of` that asks for the value's class and nothing else: `is_type_of = InstanceOf(Record)`.

    Types that interfaces or unions lead to have an is_type_of. Of any other the executor cannot know what it looks at,
    and leaves lists of such a type to graphql-core.
    """

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __call__(self, value: object, _info: object) -> bool:
        """Return whether the value is an instance of the class."""
        return isinstance(value, self.kind)


def writes(kind: type, write: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Say of a scalar's `serialize` function that it gives what `write` gives for values of exactly this class.

    `write` then neither raises nor gives None. It may be a method of the class: those written in C cost a call less.
    """

    def mark(serialize: Function) -> Function:
        setattr(serialize, _WRITERS, {**exact_writers(serialize), kind: write})
        return serialize

    return mark


def encoded(kind: type, **attributes: object) -> Callable[[Function], Function]:
    """Say of a scalar's `serialize` function that it writes some values as the response's JSON encoder does.

    These are the values of exactly this class whose attributes have the values given. An executor that
    writes its answers (`CompiledExecutor.write`) leaves them as they are.
    """

    def mark(serialize: Function) -> Function:
        setattr(serialize, _ENCODED, {**encoded_values(serialize), kind: attributes})
        return serialize

    return mark


def encoded_values(serialize: Callable[..., Any]) -> Mapping[type, Mapping[str, object]]:
    """Return what `encoded` has said of the function, by class."""
    found: Mapping[type, Mapping[str, object]] = getattr(serialize, _ENCODED, {})
    return found


def exact_writers(serialize: Callable[..., Any]) -> Mapping[type, Callable[[Any], Any]]:
    """Return what `writes` has said of the function, by class."""
    found: Mapping[type, Callable[[Any], Any]] = getattr(serialize, _WRITERS, {})
    return found
