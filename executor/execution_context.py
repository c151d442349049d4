"""The parts of an execution that compiled code uses."""

from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLSchema
from graphql.execution.values import VariableValues


class ExecutionContext(Protocol):
    """One execution of an operation. graphql-core's executor has all of these attributes."""

    schema: GraphQLSchema
    variable_values: VariableValues
    context_value: Any
    hide_suggestions: bool


@dataclass(slots=True)
class CachedQueryContext:
    """The execution of a cached query, for which no executor is created."""

    schema: GraphQLSchema
    variable_values: VariableValues
    context_value: Any
    hide_suggestions: bool = False
