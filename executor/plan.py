"""What a selection asks for, with all below it, as fields that can be compiled.

A plan is made of graphql-core's own collected fields, so aliases, fragments, @skip and @include are settled: it holds
for one operation and one set of values of the variables that @skip and @include look at.
"""

from collections.abc import Callable
from dataclasses import dataclass

from graphql import (
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    is_leaf_type,
    is_list_type,
    is_object_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetails

from executor.bailout import NotCompiled
from executor.extensions import InstanceOf
from executor.fields import Field, Many, compilable, compilable_at_root

CollectSubfields = Callable[[GraphQLObjectType, list[FieldDetails]], CollectedFields]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or an enum."""

    type: GraphQLLeafType
    nullable: bool


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    item: "Shape"
    nullable: bool


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """An object and what is asked of it, in the order of the answer.

    Attributes:
        object_type: The object's type.
        nullable: Whether there may be none.
        kind: The class that its values must have, where the type says so.
        fields: What is asked of it, by response name.
    """

    object_type: GraphQLObjectType
    nullable: bool
    kind: type | None
    fields: tuple["SelectedField", ...]


Shape = Leaf | ListOf | Selection


@dataclass(frozen=True, slots=True, eq=False)
class SelectedField:
    """A field of a selection.

    Attributes:
        name: Its name in the response.
        field: What it is.
        definition: The field of the schema.
        details: Where it is in the document; the first of those merged tells its arguments.
        shape: What it gives.
    """

    name: str
    field: Field
    definition: GraphQLField
    details: FieldDetails
    shape: Shape


def holds_list(shape: Shape) -> bool:
    """Return whether a value of the shape holds a list, besides what batches add to it."""
    if isinstance(shape, Selection):
        return any(holds_list(each.shape) for each in shape.fields if not isinstance(each.field.kind, Many))
    return isinstance(shape, ListOf)


class Planner:
    """Plans selections of one operation.

    Attributes:
        fields: How many fields it has planned, wherever fragments spread them: what is compiled grows with them.
    """

    def __init__(self, schema: GraphQLSchema, collect_subfields: CollectSubfields) -> None:
        self.fields = 0
        self._schema = schema
        self._collect = collect_subfields

    def shape(self, type_: GraphQLOutputType, details: list[FieldDetails]) -> Shape:
        """Return what a value of the type is completed to.

        Raises:
            NotCompiled: Where something in it can only be completed by graphql-core.
        """
        nullable = True
        if isinstance(type_, GraphQLNonNull):
            nullable, type_ = False, type_.of_type
        if is_leaf_type(type_):
            return Leaf(type_, nullable)
        if is_list_type(type_):
            list_type: GraphQLList[GraphQLOutputType] = type_
            return ListOf(self.shape(list_type.of_type, details), nullable)
        if is_object_type(type_):
            return self.selection(type_, nullable, details)
        raise NotCompiled(f"{type_} is known by its values only")

    def selection(self, type_: GraphQLObjectType, nullable: bool, details: list[FieldDetails]) -> Selection:
        """Return what is asked of an object. Raise NotCompiled."""
        kind = None
        if type_.is_type_of is not None:
            if not isinstance(type_.is_type_of, InstanceOf):
                raise NotCompiled(f"{type_.name} has an is_type_of of its own")
            kind = type_.is_type_of.record_class
        collected = self._collect(type_, details)
        if collected.new_defer_usages:
            raise NotCompiled("a part is deferred")
        fields = tuple(self._field(type_, name, found) for name, found in collected.grouped_field_set.items())
        return Selection(type_, nullable, kind, fields)

    def query(self, root: GraphQLObjectType, collected: CollectedFields) -> Selection:
        """Return what is asked for by a whole query.

        Raises:
            NotCompiled: Where something in it can only be completed by graphql-core. Where a field is asked for several
                times: loaders gather what such fields ask for, once graphql-core has called them all. Where a field is
                a list: with a region of its own it is completed in parts.
        """
        if collected.new_defer_usages:
            raise NotCompiled("a part is deferred")
        fields = tuple(
            self._field(root, name, found, compilable_at_root) for name, found in collected.grouped_field_set.items()
        )
        if len({id(each.definition) for each in fields}) < len(fields):
            raise NotCompiled("a field is asked for several times")
        if any(isinstance(each.shape, ListOf) for each in fields):
            raise NotCompiled("a list, which is completed in parts")
        return Selection(root, False, None, fields)

    def _field(
        self,
        parent: GraphQLObjectType,
        name: str,
        details: list[FieldDetails],
        compiled: Callable[[GraphQLObjectType, str, GraphQLField], Field] = compilable,
    ) -> SelectedField:
        field_name = details[0].node.name.value
        definition = self._schema.get_field(parent, field_name)
        if definition is None:
            raise NotCompiled(f"{parent.name} has no field {field_name}")
        field = compiled(parent, field_name, definition)
        self.fields += 1
        return SelectedField(name, field, definition, details[0], self.shape(definition.type, details))
