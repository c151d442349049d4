"""The kinds of Strawberry fields that can be compiled."""

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
from executor.extensions import Batch, ContextOnly, FromAttribute, Guard, ResolveMany


@dataclass(frozen=True, slots=True)
class TypeName:
    """The meta field __typename."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that returns an attribute of its parent, or what a function converts the attribute's value to."""

    name: str
    convert: Callable[[Any], Any] | None = None

    def read(self, parent: Any) -> Any:
        """Return the field's value. Raise what the attribute or the conversion raises."""
        value = getattr(parent, self.name)
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, slots=True)
class Call:
    """A field whose resolver is a synchronous function of the parent and the arguments, without `info`."""

    resolver: StrawberryResolver[Any]

    def bind(self, arguments: Mapping[str, Any]) -> Callable[[Any], Any]:
        """Return a function of the parent that calls the resolver with the converted arguments."""
        resolver = self.resolver
        names = [parameter.name for parameter in (resolver.parent_parameter, resolver.root_parameter) if parameter]
        if resolver.self_parameter:
            return lambda parent: resolver(parent, **arguments, **dict.fromkeys(names, parent))
        if not arguments and len(names) == 1:
            (name,) = names
            return lambda parent: resolver(**{name: parent})
        return lambda parent: resolver(**arguments, **dict.fromkeys(names, parent))


@dataclass(frozen=True, slots=True)
class Batched:
    """A field that is resolved for many parents at once."""

    batch: Batch


FieldKind = TypeName | Attribute | Call | Batched


@dataclass(frozen=True, slots=True)
class CompilableField:
    """A field that can be compiled.

    Attributes:
        kind: How its value is obtained.
        guards: The checks before it is resolved.
        definition: Strawberry's definition of the field; None for __typename.
    """

    kind: FieldKind
    guards: tuple[Guard, ...]
    definition: StrawberryField | None

    def resolver_arguments(self, schema: GraphQLSchema, values: dict[str, Any]) -> dict[str, Any]:
        """Return the resolver's keyword arguments for graphql-core's argument values, with Python names and classes."""
        definition = self.definition
        if definition is None or not values:
            return values
        # Strawberry stores its schema here; Info.schema reads it from the same place.
        converter = vars(schema)["_strawberry_schema"].schema_converter
        return convert_arguments(values, definition.arguments, converter.scalar_registry, converter.config)

    def python_names(self, schema: GraphQLSchema) -> dict[str, str]:
        """Return the resolver's names of the arguments by their names in the schema."""
        if self.definition is None:
            return {}
        names = vars(schema)["_strawberry_schema"].schema_converter.config.name_converter
        return {names.from_argument(argument): argument.python_name for argument in self.definition.arguments}


def compilable_field(parent: GraphQLObjectType, name: str, field: GraphQLField) -> CompilableField:
    """Return a field of an object type in compilable form.

    Raises:
        NotCompiled: Only graphql-core can execute the field.
    """
    if name == "__typename":
        return CompilableField(TypeName(parent.name), (), None)
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(definition, StrawberryField) or not hasattr(field.resolve, "_is_default"):
        raise NotCompiled(f"{parent.name}.{name} is not resolved by Strawberry")
    guards, batch = _guards_and_batch(parent, name, definition.extensions)
    return CompilableField(_kind(parent, name, definition, batch), guards, definition)


def compilable_root_field(root: GraphQLObjectType, name: str, field: GraphQLField) -> CompilableField:
    """Return a field of the query type in compilable form. Its resolver must not use the root value.

    Raises:
        NotCompiled: Only graphql-core can execute the field.
    """
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    resolver = definition.base_resolver if isinstance(definition, StrawberryField) else None
    if name != "__typename" and (resolver is None or _uses_parent(resolver)):
        raise NotCompiled(f"{root.name}.{name} uses the root value")
    return compilable_field(root, name, field)


def guards_of(field: GraphQLField) -> tuple[Guard, ...]:
    """Return the guards of a field, whether the field can be compiled or not."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    extensions = definition.extensions if isinstance(definition, StrawberryField) else ()
    return tuple(extension for extension in extensions if isinstance(extension, Guard))


def _guards_and_batch(
    parent: GraphQLObjectType, name: str, extensions: list[FieldExtension]
) -> tuple[tuple[Guard, ...], Batch | None]:
    guards, batch = [], None
    for extension in extensions:
        if isinstance(extension, Batch):
            batch = extension
        elif isinstance(extension, Guard):
            guards.append(extension)
        elif not isinstance(extension, (ContextOnly, FromAttribute)):
            raise NotCompiled(f"{parent.name}.{name} has the extension {type(extension).__name__}")
    return tuple(guards), batch


def _kind(parent: GraphQLObjectType, name: str, definition: StrawberryField, batch: Batch | None) -> FieldKind:
    resolver = definition.base_resolver
    # A batch that also resolves one parent needs no resolver, or an ordinary function that interprets the arguments.
    if batch is not None and (definition.is_async or batch.supports_async):
        return Batched(batch)
    for extension in definition.extensions:
        if isinstance(extension, FromAttribute):
            return Attribute(extension.name, extension.convert)
    if resolver is None:
        if definition.default_resolver is not getattr:
            raise NotCompiled(f"{parent.name}.{name} has a custom default resolver")
        return Attribute(definition.python_name)
    if any(isinstance(extension, ContextOnly) for extension in definition.extensions):
        return Batched(Batch(_resolve_by_context(resolver, is_async=definition.is_async)))
    if definition.is_async or resolver.info_parameter is not None:
        raise NotCompiled(f"{parent.name}.{name} has a resolver for one parent")
    return Call(resolver)


class _ContextInfo:
    """The `info` of a `ContextOnly` field. It has the context and nothing else."""

    __slots__ = ("context",)

    def __init__(self, context: Any) -> None:
        self.context = context


def _resolve_by_context(resolver: StrawberryResolver[Any], *, is_async: bool) -> ResolveMany:
    name = resolver.info_parameter.name if resolver.info_parameter else None
    if _uses_parent(resolver):
        raise NotCompiled("the resolver uses more than the context")

    async def resolve_many(parents: Sequence[Any], context: Any, **arguments: Any) -> Sequence[Any]:
        if name is not None:
            arguments[name] = _ContextInfo(context)
        if is_async:
            return [await resolver(**arguments) for _ in parents]
        return [resolver(**arguments) for _ in parents]

    return resolve_many


def _uses_parent(resolver: StrawberryResolver[Any]) -> bool:
    return any((resolver.self_parameter, resolver.parent_parameter, resolver.root_parameter))
