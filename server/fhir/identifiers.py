"""Which of a patient's identifiers is the record number."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from server.fhir.names import is_current
from server.fhir.refusal import bounded, is_legible, spaced
from server.fhir.resources import Identifier

_LONGEST: Final = 100
# Best first: the medical record number, then the patient's number in another system, by HL7's table 0203.
_CODES: Final = ("MR", "PT")
_TEXT: Final = re.compile(r"mrn|medical record (number|no\.?)", re.IGNORECASE)
_SECOND_CHOICES: Final = frozenset({"secondary", "temp"})


def record_number(identifiers: Iterable[Identifier], system: str | None, today: date) -> str | None:
    """Return the record number, None where no identifier is one.

    An identifier that is in use comes before those of use secondary and temp, and these before old and ended ones.
    Among those alike the type decides: code MR, code PT, a text such as MRN.

    Args:
        identifiers: The patient's identifiers.
        system: The system whose identifiers are record numbers; None: those with one of these types are.
        today: The day on which they are in use or not.
    """
    numbers = [
        (_rank(identifier, today), kind, identifier.value)
        for identifier in identifiers
        if (kind := _kind(identifier, system)) is not None and is_legible(identifier.value or "")
    ]
    if not numbers:
        return None
    # Not by the values: of two alike, the first in the file.
    value = min(numbers, key=lambda number: number[:2])[2]
    return bounded(value, "identifier.value", _LONGEST)


def _kind(identifier: Identifier, system: str | None) -> int | None:
    if system is not None:
        return 0 if identifier.system == system else None
    if identifier.type is None:
        return None
    codes = {coding.code for coding in identifier.type.coding}
    for kind, code in enumerate(_CODES):
        if code in codes:
            return kind
    texts = {identifier.type.text, *codes, *(coding.display for coding in identifier.type.coding)}
    return len(_CODES) if any(_TEXT.fullmatch(spaced(text)) for text in texts) else None


def _rank(identifier: Identifier, today: date) -> int:
    if identifier.use == "old" or not is_current(identifier.period, today):
        return 2
    return 1 if identifier.use in _SECOND_CHOICES else 0
