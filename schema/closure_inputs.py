"""The inputs of mutations that change closures."""

from datetime import date

import strawberry
from strawberry import UNSET

from domain.closures import ClosureDraft
from schema.inputs import DRY_RUN, ID, VERSION, registry_ids, sent_fields

_NAME = "The reason, 1 to 200 characters after trimming, for example Thanksgiving."
_FROM = "The first local day, included."
_THROUGH = "The last local day, included, at most 365 days after the first."
_LOCATION = "The location to close; null for the whole organization. A site includes its rooms."
_EDITED = {"from_": "from_date", "through": "through_date"}


@strawberry.input(description="Days without sessions, of the whole organization or of one location.")
class CreateClosureInput:
    name: str = strawberry.field(description=_NAME)
    from_: date = strawberry.field(name="from", description=_FROM)
    through: date = strawberry.field(description=_THROUGH)
    location_id: ID | None = strawberry.field(default=None, description=_LOCATION)
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)

    def draft(self) -> ClosureDraft:
        """Return the input as the domain's draft."""
        return ClosureDraft(self.name, self.from_, self.through, **registry_ids({"location_id": self.location_id}))


@strawberry.input(description="Changes to a closure.")
class UpdateClosureInput:
    id: ID = strawberry.field(description="The closure.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    name: str | None = strawberry.field(default=UNSET, description=_NAME)
    from_: date | None = strawberry.field(default=UNSET, name="from", description=_FROM)
    through: date | None = strawberry.field(default=UNSET, description=_THROUGH)
    location_id: ID | None = strawberry.field(default=UNSET, description=_LOCATION)
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)

    def edits(self) -> dict[str, object]:
        """Return the fields that the client sent, by the names of the domain's draft."""
        sent = sent_fields(self, "name", "from_", "through")
        edits = {_EDITED.get(name, name): value for name, value in sent.items()}
        return {**edits, **registry_ids(sent_fields(self, "location_id"))}


@strawberry.input(description="A closure to delete. Sessions can be scheduled on its days again.")
class DeleteClosureInput:
    id: ID = strawberry.field(description="The closure.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)
