"""How many patients are expected at sessions."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from db.queries.attendance import ROSTER
from db.queries.lengths import CountRequest, FilteredRelation
from resolvers.context import Context
from resolvers.queries.prefetch import Prefetch

_ROSTERS: Final = FilteredRelation(ROSTER, None)


async def expected_at(session_ids: Sequence[UUID], context: Context) -> list[int]:
    """Return the number of patients expected at each session. It is counted together with other lists."""
    return await context.loaders.lengths.load(CountRequest(_ROSTERS, tuple(session_ids)))


def prefetch_expected() -> Prefetch:
    """Return how the number is read together with the session."""
    return Prefetch([ROSTER.count_lookup(None)], lambda _context, _session, values: values[0])
