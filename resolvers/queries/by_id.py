"""The records that can be asked for by their ids, each with how it is found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from db.queries.enrollments import ENROLLMENT_BY_ID
from db.queries.groups import GROUP_BY_ID
from db.queries.references import PATIENT_BY_ID
from db.queries.sessions import SESSION_BY_ID
from db.sql.lookups import Lookup
from resolvers.arguments import our_id, storable
from resolvers.loader import Loader
from resolvers.loaders import Loaders


@dataclass(frozen=True, slots=True)
class ById:
    """One kind of record.

    Attributes:
        parse: Gives an id as the database has it, of what a client sent and the argument's name. Raises BadInput.
        lookup: Finds the record.
        loader: The loader that finds it for others.
        patient_of: Gives the patient whose record it is, for the log of reads; None where it is nobody's.
    """

    parse: Callable[[str, str], Any]
    lookup: Lookup[Any]
    loader: Callable[[Loaders], Loader[Any, Any]]
    patient_of: Callable[[Any], str] | None = None


GROUP: Final = ById(our_id, GROUP_BY_ID, lambda loaders: loaders.group)
SESSION: Final = ById(our_id, SESSION_BY_ID, lambda loaders: loaders.session)
ENROLLMENT: Final = ById(our_id, ENROLLMENT_BY_ID, lambda loaders: loaders.enrollment, lambda found: found.patient_id)
PATIENT: Final = ById(storable, PATIENT_BY_ID, lambda loaders: loaders.patient, lambda found: found.id)
