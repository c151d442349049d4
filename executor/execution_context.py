"""One execution of a region: what its code uses, and what has failed in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema
from graphql.execution.values import VariableValues

from executor.extensions import Guard
from executor.selection import SelectedField, Selection


@dataclass(slots=True)
class ExecutionContext:
    """One execution of a region.

    Attributes:
        schema: The schema.
        variable_values: The values of the operation's variables.
        context_value: The context value for batches.
        hide_suggestions: Whether error messages suggest no names.
        refusals: The exceptions of the guards that refuse the request.
        has_failures: Whether any other field has failed.
        selections: The selections by which the objects of interfaces were completed, by the id of the completed object.
    """

    schema: GraphQLSchema
    variable_values: VariableValues
    context_value: Any
    hide_suggestions: bool = False
    refusals: Mapping[Guard, Exception] = field(default_factory=dict)
    has_failures: bool = False
    selections: dict[int, Selection] = field(default_factory=dict)

    @property
    def has_errors(self) -> bool:
        """Whether the completed values may contain `Failed`. They are then not encoded in parts."""
        return self.has_failures or bool(self.refusals)

    def refusal(self, selected: SelectedField) -> Exception | None:
        """Return the exception of the guard that refuses a field; None if all guards pass."""
        if self.refusals:
            # Strawberry calls the last extension first.
            for guard in reversed(selected.field.guards):
                if guard in self.refusals:
                    return self.refusals[guard]
        return None
