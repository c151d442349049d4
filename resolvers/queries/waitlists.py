"""Why patients wait."""

from collections.abc import Sequence
from uuid import UUID

from db.queries.waitlists import waitlist_places
from domain.waitlist import WaitlistExplanation, explanation
from resolvers.context import Context


async def waitlist_explanations(enrollment_ids: Sequence[UUID], context: Context) -> list[WaitlistExplanation | None]:
    """Return why the patient of each enrollment waits; None if the patient does not wait."""
    places = await context.loaders.values(waitlist_places).load_all(enrollment_ids)
    return [None if (place := places[id_]) is None else explanation(place) for id_ in enrollment_ids]
