"""Generates documents over any schema, with aliases, all kinds of fragments, conditions, arguments and variables."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

# Returns the GraphQL text of a value for an input of this type and name; None to use a generated value.
InputValue = Callable[[random.Random, GraphQLNamedType, str], str | None]
_STRING_TYPES = frozenset({"ID", "String"})
Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType


@dataclass(frozen=True)
class Request:
    """A document and the values of its variables. A variable with a default may be missing."""

    document: str
    variables: dict[str, Any]


@dataclass
class DocumentWriter:
    """Generates documents. Fields whose names are in `avoided` are never selected."""

    schema: GraphQLSchema
    random: random.Random
    input_value: InputValue = lambda _random, _type, _name: None
    depth: int = 5
    size: int = 40
    avoided: frozenset[str] = frozenset()
    _fields_left: int = 0
    _aliases: int = 0
    _variables: dict[str, str] = field(default_factory=dict)
    _variable_values: dict[str, Any] = field(default_factory=dict)
    _fragments: dict[str, tuple[str, str]] = field(default_factory=dict)

    def write(self, operation: str = "query", one_of: Sequence[str] = ()) -> Request:
        """Return a new document. Nearly all are valid. With `one_of`, its only root field is one of these."""
        self._variables, self._variable_values, self._fragments = {}, {}, {}
        self._aliases, self._fields_left = 0, self.random.randint(3, self.size)
        root = self.schema.mutation_type if operation == "mutation" else self.schema.query_type
        assert root is not None
        selection = self._only_field(root, one_of) if one_of else self._selection(root, self.depth)
        variables = ", ".join(f"${name}: {declared}" for name, declared in self._variables.items())
        head = f"{operation} Generated({variables})" if variables else operation
        fragments = [f"fragment {name} on {type_} {text}" for name, (type_, text) in self._fragments.items()]
        return Request("\n".join([f"{head} {selection}", *fragments]), self._variable_values)

    def varied(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return other values for the variables: mostly of the same type, sometimes invalid or missing."""
        values: dict[str, Any] = {}
        for name, value in variables.items():
            chance = self.random.random()
            if chance < 0.05:
                continue
            if chance < 0.1:
                values[name] = self.random.choice([None, [], [1], {"a": 1}, True, 2**40, 1.0, "", 0])
            elif isinstance(value, bool) or value is None:
                values[name] = value
            else:
                values[name] = self.random.choice([0, 1, 2] if isinstance(value, int) else ["0", "1", "0", "1", "a"])
        return values

    def _only_field(self, root: GraphQLObjectType, names: Sequence[str]) -> str:
        name = self.random.choice(names)
        definition = root.fields[name]
        below = get_named_type(definition.type)
        assert is_composite_type(below)
        return f"{{ {self._named(name, definition)} {self._selection(below, self.depth - 1)} }}"

    def _selection(self, type_: Composite, depth: int) -> str:
        parts = [self._field(type_, depth) for _ in range(self.random.randint(1, 5))]
        self._fields_left -= len(parts)
        fragments = self.random.choice([0, 0, 1, 2]) if depth > 0 and self._fields_left > 0 else 0
        parts += [self._fragment(type_, depth) for _ in range(fragments)]
        self.random.shuffle(parts)
        selections = [part for part in parts if part]
        # graphql-core merges repeated fields.
        if selections and self.random.random() < 0.1:
            selections.append(self.random.choice(selections))
        return "{ " + " ".join(selections or ["__typename"]) + " }"

    def _field(self, type_: Composite, depth: int) -> str:
        if isinstance(type_, GraphQLUnionType) or self.random.random() < 0.1:
            return self._alias() + "__typename" + self._condition()
        name, definition = self.random.choice([item for item in type_.fields.items() if item[0] not in self.avoided])
        value_type = get_named_type(definition.type)
        if not is_composite_type(value_type):
            return self._named(name, definition) + self._condition()
        if depth <= 1 or self._fields_left <= 0:
            return ""
        return self._named(name, definition) + self._condition() + " " + self._selection(value_type, depth - 1)

    def _named(self, name: str, definition: GraphQLField) -> str:
        required = any(map(is_required_argument, definition.args.values()))
        # A field with arguments needs an alias: fields of one response name must have the same arguments.
        if definition.args and (required or self.random.random() < 0.6):
            return f"{self._alias(always=True)}{name}{self._arguments(definition.args)}"
        return self._alias() + name

    def _alias(self, *, always: bool = False) -> str:
        if not always and self.random.random() < 0.7:
            return ""
        self._aliases += 1
        return f"a{self._aliases}: "

    def _fragment(self, type_: Composite, depth: int) -> str:
        on = self.random.choice(self._overlapping(type_))
        chance = self.random.random()
        if chance < 0.3 and self._fragments:
            matching = [name for name, (other, _) in self._fragments.items() if self.schema.get_type(other) is on]
            if matching:
                return f"...{self.random.choice(matching)}{self._condition()}"
        if chance < 0.6:
            text = self._selection(on, depth - 1)
            name = f"F{len(self._fragments)}"
            self._fragments[name] = (on.name, text)
            return f"...{name}{self._condition()}"
        condition = "" if on is type_ and self.random.random() < 0.3 else f" on {on.name}"
        return f"...{condition}{self._condition()} {self._selection(on, depth - 1)}"

    def _overlapping(self, type_: Composite) -> list[Composite]:
        if isinstance(type_, GraphQLObjectType):
            return [type_, *type_.interfaces]
        return [type_, *self.schema.get_possible_types(type_)]

    def _condition(self) -> str:
        if self.random.random() > 0.12:
            return ""
        directive = self.random.choice(["skip", "include"])
        if self.random.random() < 0.3:
            return f" @{directive}(if: {self.random.choice(['true', 'false'])})"
        name = f"b{self.random.randint(0, 2)}"
        if name not in self._variables:
            value = self.random.random() < 0.5
            if self.random.random() < 0.1:  # validation accepts a null for it
                self._variables[name], self._variable_values[name] = f"Boolean = {str(value).lower()}", None
            else:
                self._declare(name, "Boolean!", str(value).lower(), value)
        return f" @{directive}(if: ${name})"

    def _declare(self, name: str, type_: str, text: str, value: Any) -> None:
        if self.random.random() < 0.5:
            self._variables[name] = f"{type_} = {text}"
            if self.random.random() < 0.5:
                return
        else:
            self._variables[name] = type_
        self._variable_values[name] = value

    def _arguments(self, arguments: dict[str, GraphQLArgument]) -> str:
        parts = []
        for name, argument in arguments.items():
            if is_required_argument(argument) or self.random.random() < 0.6:
                parts.append(f"{name}: {self._input(argument.type, name)}")
        return f"({', '.join(parts)})" if parts else ""

    def _input(self, type_: GraphQLInputType, name: str) -> str:
        plain = get_named_type(type_)
        if plain.name in _STRING_TYPES | {"Int"} and not isinstance(type_, GraphQLList) and self.random.random() < 0.4:
            variable = f"v{len(self._variables)}"
            text = self._scalar(plain, name)
            value = None if text == "null" else int(text) if plain.name == "Int" else text.strip('"')
            if value is None and isinstance(type_, GraphQLNonNull):
                return text
            if plain.name in _STRING_TYPES and self.random.random() < 0.5:
                self._variables[variable], self._variable_values[variable] = str(type_), value
            else:
                self._declare(variable, str(type_), text, value)
            return f"${variable}"
        if isinstance(type_, GraphQLNonNull):
            return self._value(type_.of_type, name)
        return "null" if self.random.random() < 0.1 else self._value(type_, name)

    def _value(self, type_: GraphQLInputType, name: str) -> str:
        if isinstance(type_, GraphQLList):
            return "[" + ", ".join(self._input(type_.of_type, name) for _ in range(self.random.randint(0, 2))) + "]"
        if isinstance(type_, GraphQLInputObjectType):
            parts = [
                f"{key}: {self._input(field_.type, key)}"
                for key, field_ in type_.fields.items()
                if isinstance(field_.type, GraphQLNonNull) or self.random.random() < 0.3
            ]
            return "{" + ", ".join(parts) + "}"
        return self._scalar(get_named_type(type_), name)

    def _scalar(self, type_: GraphQLNamedType, name: str) -> str:
        text = self.input_value(self.random, type_, name)
        if text is not None:
            return text
        if isinstance(type_, GraphQLEnumType):
            return str(self.random.choice(list(type_.values)))
        return {
            "Int": str(self.random.choice([0, 1, 2, 3, -1])),
            "Float": "1.5",
            "Boolean": self.random.choice(["true", "false"]),
            "Date": '"2026-11-23"',
            "Time": '"09:00:00"',
            "ID": self.random.choice(['"0"', '"1"', '"1"', '"x"']),
        }.get(type_.name, self.random.choice(['"a"', '"b"', '""']))
