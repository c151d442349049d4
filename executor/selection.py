"""A selection with everything below it, as fields that can be compiled.

It is built from the fields that graphql-core collects, so aliases, fragments, @skip and @include are already applied.
It is valid for one operation and one set of values of the variables that @skip and @include use.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    SelectionNode,
    is_interface_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetails
from strawberry.schema.schema_converter import GraphQLCoreConverter

from executor.bailout import NotCompiled
from executor.extensions import Guard, InstanceOf
from executor.fields import Attribute, Batched, CompilableField, TypeName, compilable_field, compilable_root_field

CollectSubfields = Callable[[GraphQLObjectType, list[FieldDetails]], CollectedFields]
ToCompilable = Callable[[GraphQLObjectType, str, GraphQLField], CompilableField]


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
    """An object with its selected fields.

    Attributes:
        object_type: The object's type.
        nullable: Whether null is allowed in place of the object.
        record_class: The class that the value must have; None if the type does not restrict it.
        fields: The selected fields, in the order of the response.
        guards: The guards of the fields, and of all fields below them.
    """

    object_type: GraphQLObjectType
    nullable: bool
    record_class: type | None
    fields: tuple["SelectedField", ...]
    guards: frozenset[Guard] = dataclass_field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "guards", frozenset(_guards(self.fields)))


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """An object of an interface: of one of several types, each with its selection.

    Attributes:
        nullable: Whether null is allowed in place of the object.
        selections: The selections on the types. Each has another record class.
        guards: The guards of all fields of the selections, and of all fields below them.
    """

    nullable: bool
    selections: tuple[Selection, ...]
    guards: frozenset[Guard] = dataclass_field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "guards", frozenset().union(*(selection.guards for selection in self.selections)))

    def selection_of(self, value: object) -> Selection | None:
        """Return the selection on an object; None if it is of no type."""
        for selection in self.selections:
            if selection.record_class is not None and isinstance(value, selection.record_class):
                return selection
        return None


Shape = Leaf | ListOf | Selection | OneOf


@dataclass(frozen=True, slots=True, eq=False)
class SelectedField:
    """A field of a selection.

    Attributes:
        name: Its name in the response.
        field: The field in compilable form.
        definition: The field of the schema.
        parent_type: The type that has the field.
        all_details: Its occurrences in the document.
        shape: The shape of its value.
        nodes: The nodes of the occurrences.
    """

    name: str
    field: CompilableField
    definition: GraphQLField
    parent_type: GraphQLObjectType
    all_details: list[FieldDetails]
    shape: Shape
    nodes: list[FieldNode] = dataclass_field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", [details.node for details in self.all_details])

    @property
    def details(self) -> FieldDetails:
        """The first occurrence, which has the arguments."""
        return self.all_details[0]

    @property
    def guards(self) -> frozenset[Guard]:
        """The guards of the field, and of all fields below it."""
        return frozenset(_guards([self]))


def holds_list(shape: Shape) -> bool:
    """Return whether a value of the shape contains a list, apart from the fields that batches resolve."""
    if isinstance(shape, Selection):
        return any(holds_list(field.shape) for field in shape.fields if not isinstance(field.field.kind, Batched))
    if isinstance(shape, OneOf):
        return any(map(holds_list, shape.selections))
    return isinstance(shape, ListOf)


def can_be_joined(shape: Shape) -> bool:
    """Return whether an object can be completed from a part of its parent's row: only plain attributes are selected."""
    return isinstance(shape, Selection) and all(
        isinstance(field.field.kind, Attribute | TypeName) and isinstance(field.shape, Leaf) and not field.guards
        for field in shape.fields
    )


def _guards(fields: Iterable[SelectedField]) -> Iterator[Guard]:
    for selected in fields:
        yield from selected.field.guards
        shape = selected.shape
        while isinstance(shape, ListOf):
            shape = shape.item
        if isinstance(shape, Selection | OneOf):
            yield from shape.guards


class SelectionBuilder:
    """Builds the selections of one operation.

    Attributes:
        field_count: The number of fields in all selections built so far, with those of fragments counted for each
            spread. The size of the compiled code is proportional to it.
    """

    def __init__(self, schema: GraphQLSchema, collect_subfields: CollectSubfields) -> None:
        self.field_count = 0
        self._schema = schema
        self._collect_subfields = collect_subfields
        self._shapes_by_fragments: dict[tuple[str, tuple[str, ...]], Shape] = {}

    def object_selection(self, type_: GraphQLObjectType, nullable: bool, details: list[FieldDetails]) -> Selection:
        """Return the selection on an object. Raise NotCompiled if any part of it cannot be compiled."""
        record_class = None
        if type_.is_type_of is not None:
            if not isinstance(type_.is_type_of, InstanceOf):
                raise NotCompiled(f"{type_.name} has a custom is_type_of")
            record_class = type_.is_type_of.record_class
        collected = self._collect_subfields(type_, details)
        return Selection(type_, nullable, record_class, self._fields(type_, collected, compilable_field))

    def query_selection(self, root: GraphQLObjectType, collected: CollectedFields) -> Selection:
        """Return the selection of a whole query.

        Raises:
            NotCompiled: Some part cannot be compiled. Or a root field is a list of objects of one type: a region of its
                own completes the list in parts.
        """
        fields = self._fields(root, collected, compilable_root_field)
        if any(isinstance(field.shape, ListOf) and not isinstance(field.shape.item, OneOf) for field in fields):
            raise NotCompiled("a root field is a list")
        return Selection(root, False, None, fields)

    def _fields(
        self, parent: GraphQLObjectType, collected: CollectedFields, to_compilable: ToCompilable
    ) -> tuple[SelectedField, ...]:
        if collected.new_defer_usages:
            raise NotCompiled("a part is deferred")
        grouped = collected.grouped_field_set
        return tuple(self._field(parent, name, details, to_compilable) for name, details in grouped.items())

    def _field(
        self, parent: GraphQLObjectType, name: str, details: list[FieldDetails], to_compilable: ToCompilable
    ) -> SelectedField:
        field_name = details[0].node.name.value
        definition = self._schema.get_field(parent, field_name)
        if definition is None:
            raise NotCompiled(f"{parent.name} has no field {field_name}")
        field = to_compilable(parent, field_name, definition)
        self.field_count += 1
        shape = self._shape_of_field(definition.type, details)
        return SelectedField(name, field, definition, parent, details, shape)

    def _shape_of_field(self, type_: GraphQLOutputType, details: list[FieldDetails]) -> Shape:
        """Return the shape of a field's value. Fields of one type with the same fragments have the same shape."""
        nodes = [node for field in details for node in _selections(field.node)]
        names = [node.name.value for node in nodes if isinstance(node, FragmentSpreadNode) and not node.directives]
        if not names or len(names) < len(nodes):
            return self._shape(type_, details)
        key = (str(type_), tuple(names))
        if key not in self._shapes_by_fragments:
            self._shapes_by_fragments[key] = self._shape(type_, details)
        return self._shapes_by_fragments[key]

    def _shape(self, type_: GraphQLOutputType, details: list[FieldDetails]) -> Shape:
        nullable = True
        if isinstance(type_, GraphQLNonNull):
            nullable, type_ = False, type_.of_type
        if is_leaf_type(type_):
            return Leaf(type_, nullable)
        if is_list_type(type_):
            list_type: GraphQLList[GraphQLOutputType] = type_
            return ListOf(self._shape(list_type.of_type, details), nullable)
        if is_object_type(type_):
            return self.object_selection(type_, nullable, details)
        if is_interface_type(type_) and not type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].resolve_type:
            types = self._schema.get_possible_types(type_)
            selections = tuple(self.object_selection(type_, False, details) for type_ in types)
            if all(selection.record_class is not None for selection in selections):
                return OneOf(nullable, selections)
        raise NotCompiled(f"{type_} is a union, or an interface that does not find the type by the class")


def _selections(node: FieldNode) -> Iterable[SelectionNode]:
    return node.selection_set.selections if node.selection_set else ()
