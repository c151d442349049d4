"""The cost of an operation: the number of values in its response if every list is as long as possible.

A field costs 1. A list costs the sum of its elements. Their maximum number comes from `first` or `last`, of the list's
own field or of its page (`groupDefinitions(first: 20) { nodes { ... } }`), from the length of `ids`, or from
`@listSize`, or it is the default size of a page. A field that does more work than reading a value costs the weight that
`@cost` declares.

If a size is a variable, the cost is a formula. The formula is built once for a document, shared by all spreads of a
fragment, and evaluated with the variables of each request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from graphql import FieldNode, GraphQLField, IntValueNode, ListValueNode, Undefined, VariableNode

from schema.admission.cost_directives import DEFAULT_SIZE, SIZING_ARGUMENTS

# GraphQL's Int has at most 10 digits. Python refuses to parse a number of 5,000.
_MAX_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a list that depends on variables.

    Attributes:
        variables: The names of the variables. The largest value counts.
        literal: The size given by a literal, which is the minimum.
        default: The size if there is neither a value nor a literal.
    """

    variables: tuple[str, ...]
    literal: int | None
    default: int

    def of(self, variables: Mapping[str, Any]) -> int:
        """Return the size for a request's variables."""
        sizes = [size for name in self.variables if (size := _size(variables.get(name))) is not None]
        return max(sizes if self.literal is None else [*sizes, self.literal], default=self.default)


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """The sum of a constant and of products of a size and a cost."""

    constant: int
    parts: tuple[tuple["int | Size", "Cost"], ...]


Cost: TypeAlias = int | Formula


class CostModel:
    """Builds and evaluates the costs of one document."""

    def __init__(self) -> None:
        self._formulas: list[Formula] = []  # each one after those that it contains

    def total(self, costs: Iterable[Cost]) -> Cost:
        """Return the sum of costs."""
        constant = 0
        parts: list[tuple[int | Size, Cost]] = []
        for cost in costs:
            if isinstance(cost, int):
                constant += cost
            else:
                parts.append((1, cost))
        if not parts:
            return constant
        return parts[0][1] if constant == 0 and len(parts) == 1 else self._formula(constant, *parts)

    def times(self, size: int | Size, cost: Cost) -> Cost:
        """Return the cost of a list of a size, with the cost of one element."""
        if isinstance(size, int) and isinstance(cost, int):
            return size * cost
        return 0 if cost == 0 else self._formula(0, (size, cost))

    def evaluate(self, cost: Cost, variables: Mapping[str, Any]) -> int:
        """Return the cost for a request's variables."""
        if isinstance(cost, int):
            return cost
        values: dict[Formula, int] = {}
        for formula in self._formulas:
            values[formula] = formula.constant + sum(
                (size if isinstance(size, int) else size.of(variables))
                * (part if isinstance(part, int) else values[part])
                for size, part in formula.parts
            )
            if formula is cost:
                break
        return values[cost]

    def _formula(self, constant: int, *parts: tuple[int | Size, Cost]) -> Formula:
        formula = Formula(constant, parts)
        self._formulas.append(formula)
        return formula


def size_of(field: GraphQLField, node: FieldNode) -> int | Size | None:
    """Return the size of a field's list or page by its arguments; None if the field has no such argument."""
    names = [name for name in SIZING_ARGUMENTS if name in field.args]
    if not names:
        return None
    variables: list[str] = []
    literals: list[int] = []
    for argument in node.arguments or ():
        if argument.name.value not in names:
            continue
        if isinstance(argument.value, VariableNode):
            variables.append(argument.value.name.value)
        elif isinstance(argument.value, IntValueNode):
            literals.append(literal_size(argument.value))
        elif isinstance(argument.value, ListValueNode):
            literals.append(len(argument.value.values))
    defaults = (field.args[name].default_value for name in names)
    default = max((value for value in defaults if value is not Undefined and value is not None), default=DEFAULT_SIZE)
    literal = max(literals, default=None)
    if variables:
        return Size(tuple(variables), literal, default)
    return default if literal is None else literal


def literal_size(node: IntValueNode) -> int:
    """Return the size that a literal stands for; 0 if it is negative."""
    if node.value.startswith("-"):
        return 0
    return int(node.value) if len(node.value) <= _MAX_DIGITS else 10**_MAX_DIGITS


def _size(value: object) -> int | None:
    if isinstance(value, list):
        return len(value)
    # GraphQL accepts 5.0 for an Int. Invalid values are reported when the variables are coerced.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return max(int(value), 0)
