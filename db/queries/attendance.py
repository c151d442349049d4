"""Who is expected at a session, and the sessions at which a patient is expected."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from db.queries.enrollments import ENROLLMENTS
from db.queries.relations import Relation
from db.queries.sessions import SESSIONS
from db.sql.attendance import ATTENDS
from db.sql.listings import Listing
from db.tables import enrollments, occurrences
from domain.records import Enrollment

_EXPECTED: Final = {"expected": None}
_ENROLLMENTS: Final[Listing[Enrollment]] = replace(
    ENROLLMENTS,
    name="roster",
    # The place of an enrollment changes when its patient leaves, the roster of a past session does not.
    columns=(enrollments.c.id,),
    types=(UUID,),
    key_fields=("id",),
    keys=None,
    conditions={"expected": ATTENDS},
)

ROSTER: Final = Relation(_ENROLLMENTS, occurrences.c.id, _EXPECTED)
"""The enrollments of the patients who are expected at a session, in the order in which they were created."""
SESSIONS_OF_PATIENT: Final = Relation(
    replace(SESSIONS, conditions={**SESSIONS.conditions, "expected": ATTENDS}), enrollments.c.patient_id, _EXPECTED
)
"""The sessions at which a patient is expected, by date and time."""
