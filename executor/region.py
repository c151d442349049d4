"""A compiled part of an operation. It ends where data must be loaded: at its batch fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Protocol

from executor.extensions import Batch, Guard, Lookahead
from executor.selected_attributes import SelectedAttributes
from executor.selection import SelectedField, Selection, Shape

State = list[Any]
CompleteValues = Callable[[Any, State], Any]


class Encode(Protocol):
    """Converts a part of the response into a form that the response's JSON encoder accepts, such as its JSON text."""

    def __call__(self, part: Any, /) -> Any:
        """Return the converted part."""
        ...


@dataclass(slots=True, eq=False)
class Region:
    """Compiled code that completes values, except for its batch fields.

    The functions of a region share a state: a list that is created for each run. Its slots hold the incomplete objects
    and the keys of each batch field, the bound functions of `Call` fields, and the values of refused fields.

    Attributes:
        shape: The shape of each value.
        field: The field whose values they are; None if graphql-core executes it, or if several fields share the region.
        complete: Completes a list of values, and collects in the state what the batch fields need. It raises an
            exception for a value that fails.
        batch_fields: The fields to fill in afterwards.
        batch_fields_of: The same by their selection.
        batch_slots: The slots of their objects and keys.
        call_slots: The slots of the bound functions, by `Call` field.
        shares_regions: Whether several batch fields have the same region.
        selections_slot: The slot of `ExecutionContext.selections`; None if the region has no interface.
        guard_slots: The slots with the values of refused fields, or None if the guards pass. Batch fields have none.
        guards: The guards of all fields, including those in the regions of the batch fields.
        required_guards: Those of non-null fields. If one refuses, the null propagates.
        slot_count: The length of the state.
    """

    shape: Shape
    field: SelectedField | None = None
    complete: CompleteValues = dataclass_field(init=False)
    batch_fields: list["BatchField"] = dataclass_field(default_factory=list)
    batch_fields_of: dict[Selection, list["BatchField"]] = dataclass_field(default_factory=dict)
    batch_slots: list[int] = dataclass_field(default_factory=list)
    call_slots: dict[SelectedField, int] = dataclass_field(default_factory=dict)
    shares_regions: bool = False
    selections_slot: int | None = None
    guard_slots: dict[SelectedField, int] = dataclass_field(default_factory=dict)
    guards: list[Guard] = dataclass_field(default_factory=list)
    required_guards: list[Guard] = dataclass_field(default_factory=list)
    slot_count: int = 0

    def new_slot(self) -> int:
        """Return the index of a new slot in the state."""
        self.slot_count += 1
        return self.slot_count - 1


@dataclass(slots=True, eq=False)
class BatchField:
    """A field that is resolved at once for all objects of one selection.

    Attributes:
        selected: The field.
        batch: Its extension.
        region: Completes its values.
        objects_slot: The slot of the incomplete objects.
        keys_slot: The slot with, for each of them, the parent or the parent's `by` attribute.
        attributes: The attributes of its values that the query reads.
        is_direct: Whether it is a field of the region's values themselves, not of objects inside of them.
        encode: Converts a completed value for the response's JSON encoder; None if the encoder gets plain values.
        covers_query: Whether the query has no batches except this field and those below it.
        is_only_lookahead: Whether it is the only field of the query type whose batch gets a lookahead.
        arguments: The arguments, if all requests have the same except for `variables`. Set by the first request.
        variables: The arguments that are passed on from a variable unchanged: the variable's name by the argument's.
        lookahead: The lookahead, if all requests have the same. Set by the first request.
    """

    selected: SelectedField
    batch: Batch
    region: Region
    objects_slot: int
    keys_slot: int
    attributes: SelectedAttributes
    is_direct: bool
    encode: Encode | None = None
    covers_query: bool = False
    is_only_lookahead: bool = False
    arguments: dict[str, Any] | None = None
    variables: Mapping[str, str] = dataclass_field(default_factory=dict)
    lookahead: Lookahead | None = None
