"""A compiled part of an operation, up to where data must be got, and what is then to be got."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from executor.extensions import Guard, Lookahead
from executor.fields import Call, Many
from executor.plan import SelectedField
from executor.selected_attributes import SelectedAttributes

State = list[Any]
Read = Callable[[Any, State], Any]


class Write(Protocol):
    """Makes of a part of the answer what the response's JSON encoder takes for it."""

    def __call__(self, part: Any, /) -> Any:
        """Return it."""
        ...


@dataclass(slots=True, eq=False)
class Region:
    """Values in, completed values out, but for the batches.

    Its functions share a state, a list made anew for each run: for each batch the places to fill in and the keys they
    depend on, and the functions of `Call` fields with the request's arguments.

    Attributes:
        read: Completes a list of values.
        batches: What is then to be filled in.
        calls: The `Call` fields, each with where in the state its function is looked for.
        guards: The checks that it, with the regions of its batches, stands behind.
        size: How long the state is.
    """

    read: Read = field(init=False)
    batches: list["BatchOfRegion"] = field(default_factory=list)
    calls: list[tuple[int, SelectedField, Call]] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    size: int = 0

    def place(self) -> int:
        """Return a new place in the state."""
        self.size += 1
        return self.size - 1


@dataclass(slots=True, eq=False)
class BatchOfRegion:
    """A field that is resolved at once for all objects of one selection.

    Attributes:
        selected: The field.
        many: How it is resolved.
        region: What completes its values.
        places: Where in the state the unfinished objects are.
        keys: Where in the state is, for each, the parent, or the attribute that the value depends on.
        attributes: Which attributes of its values are looked at.
        of_values: Whether it is a field of the region's values themselves, not of objects in them.
        write: Writes a completed value for the response's JSON encoder; None where that is left to the encoder.
        alone: Whether the whole query has no other batch than this, and those of its region.
        arguments: The field's arguments, where every request has the same but for `variables`; once they are known.
        variables: For arguments that are a variable's value as it comes, the variable, by their names.
        lookahead: What its mark gets of the batches below it, where every request has the same; once it is known.
    """

    selected: SelectedField
    many: Many
    region: Region
    places: int
    keys: int
    attributes: SelectedAttributes
    of_values: bool
    write: Write | None = None
    alone: bool = False
    arguments: dict[str, Any] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    lookahead: Lookahead | None = None
