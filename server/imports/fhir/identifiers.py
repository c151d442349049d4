"""The choice of a patient's record number among the identifiers."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from server.imports.fhir.names import is_current
from server.imports.fhir.resources import Identifier
from server.imports.text_fields import clean_text, collapse_spaces, is_legible

_MAX_LENGTH: Final = 100
# The best type first: the medical record number, then the patient's external number, by HL7's table 0203.
_CODES: Final = ("MR", "PT")
_TEXT: Final = re.compile(r"mrn|medical record (number|no\.?)", re.IGNORECASE)
_LOWER_RANKED_USES: Final = frozenset({"secondary", "temp"})


def record_number(identifiers: Iterable[Identifier], system: str | None, today: date) -> str | None:
    """Return the record number, or None if no identifier is one.

    Identifiers in use come first, then those with the use `secondary` or `temp`, then old and ended ones. Among equals
    the type decides: code MR, then code PT, then a text such as MRN.

    Args:
        identifiers: The patient's identifiers.
        system: The identifier system of record numbers; None accepts identifiers with one of these types.
        today: The current date.
    """
    numbers = [
        (_use_rank(identifier, today), type_rank, identifier.value)
        for identifier in identifiers
        if (type_rank := _type_rank(identifier, system)) is not None and is_legible(identifier.value or "")
    ]
    if not numbers:
        return None
    # The key excludes the value, so that the first of several equals in the file wins.
    value = min(numbers, key=lambda number: number[:2])[2]
    return clean_text(value, "identifier.value", _MAX_LENGTH)


def _type_rank(identifier: Identifier, system: str | None) -> int | None:
    if system is not None:
        return 0 if identifier.system == system else None
    if identifier.type is None:
        return None
    codes = {coding.code for coding in identifier.type.coding}
    for rank, code in enumerate(_CODES):
        if code in codes:
            return rank
    texts = {identifier.type.text, *codes, *(coding.display for coding in identifier.type.coding)}
    return len(_CODES) if any(_TEXT.fullmatch(collapse_spaces(text)) for text in texts) else None


def _use_rank(identifier: Identifier, today: date) -> int:
    if identifier.use == "old" or not is_current(identifier.period, today):
        return 2
    return 1 if identifier.use in _LOWER_RANKED_USES else 0
