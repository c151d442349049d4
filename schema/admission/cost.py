"""What an operation may cost: how many values its answer holds when every list is as long as it may be.

A field counts one. A list counts what its elements count, as often as it may have elements: as `first` or `last` say,
on the list's own field or on that of the page that it belongs to (`groupDefinitions(first: 20) { nodes { ... } }`);
as `@listSize` declares; else as a page has by default. A field that takes more work than reading a value counts what
`@cost` declares.

Where sizes are variables, a cost is a formula. It is made once for a document, shared between the places that spread
a fragment, and worked out for each request's variables.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from graphql import FieldNode, GraphQLField, IntValueNode, Undefined, VariableNode

from schema.admission.cost_directives import DEFAULT_SIZE, SIZING_ARGUMENTS

_LONGEST_NUMBER: Final = 10  # digits: GraphQL's Int has no more; Python reads no number of 5,000


@dataclass(frozen=True, slots=True)
class Size:
    """How long a list is that variables size.

    Attributes:
        variables: Their names; the largest that is given counts.
        least: The size that is given without variables.
        otherwise: The size where none is given.
    """

    variables: tuple[str, ...]
    least: int | None
    otherwise: int

    def of(self, variables: Mapping[str, Any]) -> int:
        """Return the size for a request's variables."""
        given = [size for name in self.variables if (size := _size(variables.get(name))) is not None]
        return max(given if self.least is None else [*given, self.least], default=self.otherwise)


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A constant, and other costs times sizes."""

    constant: int
    parts: tuple[tuple["int | Size", "Cost"], ...]


Cost: TypeAlias = int | Formula


class Formulas:
    """Makes the costs of one document, and works them out. Each formula comes after those that it is made of."""

    def __init__(self) -> None:
        self._made: list[Formula] = []

    def total(self, costs: Iterable[Cost]) -> Cost:
        """Return the sum."""
        constant = 0
        parts: list[tuple[int | Size, Cost]] = []
        for cost in costs:
            if isinstance(cost, int):
                constant += cost
            else:
                parts.append((1, cost))
        if not parts:
            return constant
        return parts[0][1] if constant == 0 and len(parts) == 1 else self._keep(constant, *parts)

    def times(self, size: int | Size, cost: Cost) -> Cost:
        """Return the cost of a list of this size, whose elements cost so much each."""
        if isinstance(size, int) and isinstance(cost, int):
            return size * cost
        return 0 if cost == 0 else self._keep(0, (size, cost))

    def work_out(self, cost: Cost, variables: Mapping[str, Any]) -> int:
        """Return the cost for a request's variables."""
        if isinstance(cost, int):
            return cost
        worked: dict[Formula, int] = {}
        for formula in self._made:
            worked[formula] = formula.constant + sum(
                (size if isinstance(size, int) else size.of(variables))
                * (part if isinstance(part, int) else worked[part])
                for size, part in formula.parts
            )
            if formula is cost:
                break
        return worked[cost]

    def _keep(self, constant: int, *parts: tuple[int | Size, Cost]) -> Formula:
        made = Formula(constant, parts)
        self._made.append(made)
        return made


def size_of(field: GraphQLField, node: FieldNode) -> int | Size | None:
    """Return how long the list or page of a field is by its arguments; None where it takes none of a size."""
    sizing = [name for name in SIZING_ARGUMENTS if name in field.args]
    if not sizing:
        return None
    variables: list[str] = []
    literals: list[int] = []
    for argument in node.arguments or ():
        if argument.name.value not in sizing:
            continue
        if isinstance(argument.value, VariableNode):
            variables.append(argument.value.name.value)
        elif isinstance(argument.value, IntValueNode):
            literals.append(literal_size(argument.value))
    defaults = (field.args[name].default_value for name in sizing)
    otherwise = max((value for value in defaults if value is not Undefined and value is not None), default=DEFAULT_SIZE)
    least = max(literals, default=None)
    if variables:
        return Size(tuple(variables), least, otherwise)
    return otherwise if least is None else least


def literal_size(node: IntValueNode) -> int:
    """Return the size that a literal says."""
    if node.value.startswith("-"):
        return 0
    return int(node.value) if len(node.value) <= _LONGEST_NUMBER else 10**_LONGEST_NUMBER


def _size(value: object) -> int | None:
    # GraphQL takes 5.0 for an Int too. What is no number is told when variables are read.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return max(int(value), 0)
