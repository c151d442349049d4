"""Whose enrollments the answer to a mutation tells: known when the change is decided, so that it records it itself."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any, Final, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    InlineFragmentNode,
    get_named_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from strawberry.utils.str_converters import to_camel_case

from domain.records import Enrollment
from resolvers.answering import Answering
from schema.permissions import Info

LISTS_OF_PATIENTS: Final = frozenset({"enrollments"})
"""Fields below a mutation's answer that tell of other patients than the change's own."""


def answering(info: Info, accepted: Callable[[Any], object]) -> Answering:
    """Return a root field that is to be answered.

    Args:
        info: The field's.
        accepted: Makes the payload of what is decided.
    """
    field = _RootField(info._raw_info)  # noqa: SLF001 - Strawberry tells the fragments nowhere else
    return Answering(str(info.path.key), lambda decided: field.patients(accepted(decided)), field.reads_on)


class _RootField:
    """A root field of the operation that is being executed, and what is selected of it."""

    def __init__(self, info: GraphQLResolveInfo[Any]) -> None:
        self._info = info

    def patients(self, payload: Any) -> frozenset[str]:
        """Return whose enrollments the payload tells, by those of its fields that are asked for."""
        try:
            asked = {details[0].node.name.value for details in self._selected.values()}
        except (
            GraphQLError
        ):  # of a variable of @include or @skip: the answer tells that, and nothing else of the payload
            return frozenset()
        told = (getattr(payload, each.name) for each in fields(payload) if to_camel_case(each.name) in asked)
        return frozenset(patient for value in told for patient in _patients(value))

    def reads_on(self) -> bool:
        """Return whether another root field comes after this one, or a list of patients is asked for below it."""
        *_, last = self._root_fields
        return str(self._info.path.key) != last or _names_any(
            LISTS_OF_PATIENTS, self._info.field_nodes, self._info.fragments
        )

    @cached_property
    def _selected(self) -> GroupedFieldSet:
        payload_type = cast("GraphQLObjectType", get_named_type(self._info.return_type))
        nodes = [FieldDetails(node, None) for node in self._info.field_nodes]
        info = self._info
        return collect_subfields(
            info.schema, self._fragments, self._variables, info.operation, payload_type, nodes
        ).grouped_field_set

    @property
    def _root_fields(self) -> Iterable[str]:
        info = self._info
        return collect_fields(
            info.schema, self._fragments, self._variables, info.parent_type, info.operation
        ).grouped_field_set

    @property
    def _fragments(self) -> dict[str, FragmentDetails]:
        return {name: FragmentDetails(definition) for name, definition in self._info.fragments.items()}

    @property
    def _variables(self) -> VariableValues:
        # Strawberry's executor tells resolvers the values alone.
        return VariableValues({}, cast("dict[str, Any]", self._info.variable_values))


def _patients(value: object) -> Iterator[str]:
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, Enrollment):
            yield each.patient_id


def _names_any(
    names: frozenset[str], nodes: Iterable[FieldNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> bool:
    left = [node.selection_set for node in nodes]
    seen: set[str] = set()
    while left:
        selection_set = left.pop()
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FragmentSpreadNode):
                spread = selection.name.value
                if spread not in seen:
                    seen.add(spread)
                    left.append(fragments[spread].selection_set)
            elif isinstance(selection, FieldNode) and selection.name.value in names:
                return True
            elif isinstance(selection, FieldNode | InlineFragmentNode):
                left.append(selection.selection_set)
    return False
