"""A compiled part of an operation. It ends where data must be loaded: at its batch fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from executor.extensions import Batch, Guard, Lookahead
from executor.fields import Call
from executor.selected_attributes import SelectedAttributes
from executor.selection import SelectedField

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
    and the keys of each batch field, and the bound functions of `Call` fields.

    Attributes:
        complete: Completes a list of values, and collects in the state what the batch fields need.
        batch_fields: The fields to fill in afterwards.
        calls: The `Call` fields, each with the slot of its bound function.
        guards: The guards of all fields, including those in the regions of the batch fields.
        slot_count: The length of the state.
    """

    complete: CompleteValues = field(init=False)
    batch_fields: list["BatchField"] = field(default_factory=list)
    calls: list[tuple[int, SelectedField, Call]] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
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
    arguments: dict[str, Any] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    lookahead: Lookahead | None = None
