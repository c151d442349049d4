"""A field of a Strawberry schema as one of the few kinds that can be compiled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.extensions import FieldExtension
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from executor.bailout import NotCompiled
from executor.extensions import Batch, ContextOnly, Guard, ResolveMany


@dataclass(frozen=True, slots=True)
class TypeName:
    """The meta field __typename."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that gives an attribute of its parent."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A field whose resolver is a plain function of the parent and the arguments: it asks for no info."""

    resolver: StrawberryResolver[Any]

    def prepared(self, arguments: Mapping[str, Any]) -> Callable[[Any], Any]:
        """Return the function of the parent alone, with the arguments as Strawberry has converted them."""
        resolver = self.resolver
        named = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each]
        if resolver.self_parameter:
            return lambda parent: resolver(parent, **arguments, **dict.fromkeys(named, parent))
        if not arguments and len(named) == 1:
            (name,) = named
            return lambda parent: resolver(**{name: parent})
        return lambda parent: resolver(**arguments, **dict.fromkeys(named, parent))


@dataclass(frozen=True, slots=True)
class Many:
    """A field that is resolved for many parents at once."""

    batch: Batch


Kind = TypeName | Attribute | Call | Many


@dataclass(frozen=True, slots=True)
class Field:
    """A field that can be compiled.

    Attributes:
        kind: How its value is come by.
        guards: The checks to make before.
        definition: The field in Strawberry's terms; None for __typename.
    """

    kind: Kind
    guards: tuple[Guard, ...]
    definition: StrawberryField | None

    def converted(self, schema: GraphQLSchema, values: dict[str, Any]) -> dict[str, Any]:
        """Return graphql-core's values of the arguments as the resolver gets them: its names, its input types."""
        definition = self.definition
        if definition is None or not values:
            return values
        # Where Strawberry's own Info.schema has it from.
        converter = vars(schema)["_strawberry_schema"].schema_converter
        return convert_arguments(values, definition.arguments, converter.scalar_registry, converter.config)

    def names_of_arguments(self, schema: GraphQLSchema) -> dict[str, str]:
        """Return the resolver's names of the arguments, by the schema's names."""
        if self.definition is None:
            return {}
        names = vars(schema)["_strawberry_schema"].schema_converter.config.name_converter
        return {names.from_argument(each): each.python_name for each in self.definition.arguments}


def compilable(parent: GraphQLObjectType, name: str, field: GraphQLField) -> Field:
    """Return the field as one that can be compiled.

    Raises:
        NotCompiled: Where it is none.
    """
    if name == "__typename":
        return Field(TypeName(parent.name), (), None)
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(definition, StrawberryField) or not hasattr(field.resolve, "_is_default"):
        raise NotCompiled(f"{parent.name}.{name} is not resolved by Strawberry")
    guards, batch = _marks(parent, name, definition.extensions)
    return Field(_kind(parent, name, definition, batch), guards, definition)


def compilable_at_root(root: GraphQLObjectType, name: str, field: GraphQLField) -> Field:
    """Return a field of the query itself as one that can be compiled: it does not look at the root value.

    Raises:
        NotCompiled: Where it is none.
    """
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    resolver = definition.base_resolver if isinstance(definition, StrawberryField) else None
    if name != "__typename" and (resolver is None or _looks_at_parent(resolver)):
        raise NotCompiled(f"{root.name}.{name} looks at the root value")
    return compilable(root, name, field)


def guards(field: GraphQLField) -> tuple[Guard, ...]:
    """Return the checks that a field stands behind, be it one that can be compiled or not."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    extensions = definition.extensions if isinstance(definition, StrawberryField) else ()
    return tuple(extension for extension in extensions if isinstance(extension, Guard))


def _marks(parent: GraphQLObjectType, name: str, given: list[FieldExtension]) -> tuple[tuple[Guard, ...], Batch | None]:
    guards, batch = [], None
    for extension in given:
        if isinstance(extension, Batch):
            batch = extension
        elif isinstance(extension, Guard):
            guards.append(extension)
        elif not isinstance(extension, ContextOnly):
            raise NotCompiled(f"{parent.name}.{name} has the extension {type(extension).__name__}")
    return tuple(guards), batch


def _kind(parent: GraphQLObjectType, name: str, definition: StrawberryField, batch: Batch | None) -> Kind:
    resolver = definition.base_resolver
    if resolver is None:
        if definition.default_resolver is not getattr:
            raise NotCompiled(f"{parent.name}.{name} is read by a resolver of its own")
        return Attribute(definition.python_name)
    if batch is not None and definition.is_async:
        return Many(batch)
    if any(isinstance(extension, ContextOnly) for extension in definition.extensions):
        return Many(Batch(_by_context(resolver, is_async=definition.is_async)))
    if definition.is_async or resolver.info_parameter is not None:
        raise NotCompiled(f"{parent.name}.{name} has a resolver for one parent")
    return Call(resolver)


class _ContextAlone:
    """Stands for `info` where its context is all that is looked at."""

    __slots__ = ("context",)

    def __init__(self, context: Any) -> None:
        self.context = context


def _by_context(resolver: StrawberryResolver[Any], *, is_async: bool) -> ResolveMany:
    name = resolver.info_parameter.name if resolver.info_parameter else None
    if _looks_at_parent(resolver):
        raise NotCompiled("a resolver of more than the context")

    async def resolve_many(parents: Sequence[Any], context: Any, **arguments: Any) -> Sequence[Any]:
        if name is not None:
            arguments[name] = _ContextAlone(context)
        if is_async:
            return [await resolver(**arguments) for _ in parents]
        return [resolver(**arguments) for _ in parents]

    return resolve_many


def _looks_at_parent(resolver: StrawberryResolver[Any]) -> bool:
    return any((resolver.self_parameter, resolver.parent_parameter, resolver.root_parameter))
