"""Declarations that tell the executor about fields, types and scalars."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver

Function = TypeVar("Function", bound=Callable[..., Any])

# The attributes of a `serialize` function in which the two decorators below store their arguments.
_SERIALIZERS = "serializers_by_class"
_ENCODED = "classes_of_encoder"


ResolveMany = Callable[..., Awaitable[Any]]
"""Resolves a field for many parents: `async def resolve_many(parents, context, **arguments)`.

It receives the parents, the request's context value, and by name the arguments that the field's resolver would receive.
It must not change the arguments: requests of one query share those without variables.
It returns one value for each parent, in their order. An exception in place of a value fails that parent's field only.
If it raises an exception, it is called again without parents. An equal exception then fails the field of each parent,
for example if an argument is invalid. For any other exception graphql-core executes the operation.
"""


class Batch(FieldExtension):
    """Resolves an asynchronous field for many parents at once.

        async def authors_of_books(author_ids: Sequence[int], context: Context) -> Sequence[Author]:
            return await context.authors.load_many(author_ids)

        @strawberry.field(extensions=[Batch(authors_of_books, by="author_id")])
        async def author(parent: strawberry.Parent[Book], info: strawberry.Info) -> Author:
            return await info.context.authors.load(parent.author_id)

    The field keeps its own resolver, which graphql-core uses when it executes the field. Both must return equal values.

    Attributes:
        resolve_many: Returns the values for many parents.
        by: The parent's attribute that determines the value, together with the arguments. `resolve_many` then receives
            the distinct values of the attribute instead of the parents; they must be hashable. A parent whose attribute
            is None gets the value None without a call.
        joined: The attribute under which rows with a layout may hold the record of the field (`RowLayout.row_layouts`).
            `resolve_many` is not called for such rows, and each of them must hold a record. `selected` names the
            attribute if only attributes of the record are selected. To join the records is up to the `resolve_many`
            that returns the rows.
        pass_selected: Whether `resolve_many` also receives `selected`: the attributes of the values that the query
            reads, as `SelectedAttributes`. The values need no other attributes.
        resolve_aliases: For a field of the query type: the values of the field under several aliases with the same
            fragments, by `async def resolve_aliases(arguments, context)`, which receives the arguments of each alias as
            a dict. If it raises an exception, each alias is resolved on its own. None: always.
        pass_lookahead: Whether `resolve_many` also receives `lookahead`, a `Lookahead`: the batches below this field.
            It then returns a pair: the values, and for each field of `lookahead.fields`, in their order, the values
            that it has loaded for that field, or None. Only for fields of the query type.
    """

    def __init__(
        self,
        resolve_many: ResolveMany,
        by: str | None = None,
        *,
        joined: str | None = None,
        pass_selected: bool = False,
        pass_lookahead: bool = False,
        resolve_aliases: ResolveMany | None = None,
    ) -> None:
        self.resolve_many = resolve_many
        self.by = by
        self.joined = joined
        self.pass_selected = pass_selected
        self.pass_lookahead = pass_lookahead
        self.resolve_aliases = resolve_aliases


@dataclass(frozen=True, slots=True, eq=False)
class LookaheadField:
    """A batch that will be resolved below another, with the batches below it in turn.

    Attributes:
        batch: The field's extension.
        arguments: The keyword arguments that its `resolve_many` will receive.
        is_direct: Whether it is a field of the value itself. False for a field of an object inside of the value; no
            values can be returned for it.
        fields: The batches below it.
    """

    batch: Batch
    arguments: Mapping[str, Any]
    is_direct: bool
    fields: tuple["LookaheadField", ...]


@dataclass(slots=True, eq=False)
class Lookahead:
    """The batches below a field, known before the field is resolved. They can be loaded together with its value.

        async def find_book(_root: object, context: Context, id: str, lookahead: Lookahead) -> tuple[...]:
            if [field.batch for field in lookahead.fields] == [REVIEWS]:
                book, reviews = await context.load_book_with_reviews(id)
                return [book], [[reviews]]
            return [await context.load_book(id)], [None] * len(lookahead.fields)

        @strawberry.field(extensions=[Batch(find_book, pass_lookahead=True)])
        async def book(info: strawberry.Info, id: strawberry.ID) -> Book: ...

    Requests of one query share the object if no argument of the batches contains a variable. Otherwise each request
    has its own.

    Attributes:
        fields: The batches below the field.
        covers_query: Whether the query has no batches except the field and those below it.
        is_only: Whether no other field of the query type gets a lookahead. Other fields are resolved at the same time,
            and may load the same records.
        memo: Free for `resolve_many` to store what it derives from this object, for later requests of the same query.
    """

    fields: tuple[LookaheadField, ...]
    covers_query: bool
    is_only: bool
    memo: Any = None


class ContextOnly(FieldExtension):
    """Declares that a resolver of the query type uses nothing but the context and the arguments.

        @strawberry.field(extensions=[ContextOnly()])
        async def books(info: strawberry.Info) -> list[Book]:
            return await info.context.load_books()

    The resolver may have the parameter `info`, but only use `info.context`. It must not change its arguments, which
    requests of one query share. A query whose root fields all have this
    extension, or a `Batch` that ignores its one parent, is executed without a graphql-core executor.
    """


class FromAttribute(FieldExtension):
    """Resolves a field from one attribute of the parent, which may have another name than the field.

        id: strawberry.ID = strawberry.field(extensions=[FromAttribute("isbn", "book:".__add__)])

    A resolver function does the same, but the compiled executor must create the parent's object to call it. This field
    is completed from the column of a row.

    Attributes:
        name: The name of the attribute.
        convert: Returns the field's value for the attribute's value; None if they are equal. It depends on nothing
            else, and may raise an exception.
    """

    def __init__(self, name: str, convert: Callable[[Any], Any] | None = None) -> None:
        self.name = name
        self.convert = convert

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: strawberry.Info, **_arguments: Any) -> Any:
        """Resolve the field of one parent."""
        value = getattr(source, self.name)
        return value if self.convert is None else self.convert(value)


class Guard(FieldExtension):
    """Base class of a check before a field is resolved. The check depends on the request only, such as a permission.

        class SignedIn(Guard):
            def check(self, context: Context) -> None:
                if context.user is None:
                    raise PermissionError("Sign in to see this field.")

        secret: str = strawberry.field(extensions=[SignedIn()])

    graphql-core checks for every parent; the compiled executor checks once in a request.
    """

    def check(self, context: Any) -> None:
        """Raise any exception if the request may not read the field.

        Args:
            context: The request's context value.
        """
        raise NotImplementedError

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: strawberry.Info, **arguments: Any) -> Any:
        """Check, then resolve the field of one parent."""
        self.check(info.context)
        return next_(source, info, **arguments)

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info, **arguments: Any
    ) -> Any:
        """Check, then resolve the field of one parent."""
        self.check(info.context)
        return await next_(source, info, **arguments)


class InstanceOf:
    """An `is_type_of` that checks the class of the value and nothing else.

        @strawberry.type
        class Book(Named):
            is_type_of = InstanceOf(BookRecord)

    Strawberry gives an `is_type_of` to each type that implements an interface. The executor cannot know what any other
    such function does, so it leaves lists of that type to graphql-core.
    """

    def __init__(self, record_class: type) -> None:
        self.record_class = record_class

    def __call__(self, value: object, _info: object) -> bool:
        """Return whether the value is an instance of the class."""
        return isinstance(value, self.record_class)


def serialized_by(value_class: type, serializer: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Declare what a scalar's `serialize` function returns for values of exactly one class.

        @serialized_by(date, date.isoformat)
        def serialize_date(value: date) -> str:
            return value.isoformat()

    Args:
        value_class: The class. Its subclasses are not included.
        serializer: Returns the same as the decorated function, but never raises and never returns None. A method
            that is written in C saves a Python call for each value.
    """

    def declare(serialize: Function) -> Function:
        setattr(serialize, _SERIALIZERS, {**serializers(serialize), value_class: serializer})
        return serialize

    return declare


def serialized_by_encoder(value_class: type, **attributes: object) -> Callable[[Function], Function]:
    """Declare values that the response's JSON encoder writes exactly as a scalar's `serialize` function does.

        @serialized_by_encoder(datetime, tzinfo=UTC)
        def serialize_instant(value: datetime) -> str:
            return value.astimezone(UTC).isoformat()

    An executor with an encoder (`CompiledExecutor.encode`) leaves these values as they are.

    Args:
        value_class: The class of the values. Its subclasses are not included.
        attributes: The values that these attributes must have.
    """

    def declare(serialize: Function) -> Function:
        setattr(serialize, _ENCODED, {**encoder_classes(serialize), value_class: attributes})
        return serialize

    return declare


def serializers(serialize: Callable[..., Any]) -> Mapping[type, Callable[[Any], Any]]:
    """Return the serializers that `serialized_by` has declared for a function, by class."""
    declared: Mapping[type, Callable[[Any], Any]] = getattr(serialize, _SERIALIZERS, {})
    return declared


def encoder_classes(serialize: Callable[..., Any]) -> Mapping[type, Mapping[str, object]]:
    """Return the classes that `serialized_by_encoder` has declared for a function, with the attributes they need."""
    declared: Mapping[type, Mapping[str, object]] = getattr(serialize, _ENCODED, {})
    return declared
