"""Text input: trimmed, limited in length, and free of characters that databases cannot store."""

import unicodedata

from domain.refusal import Fault, FaultCode, FieldPath

# Categories of spaces, line ends, control characters and format characters.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
# Invisible characters of other categories: fillers, joiners and variation selectors (Unicode's default ignorables).
_FILLERS = frozenset(
    "\N{COMBINING GRAPHEME JOINER}\N{HANGUL CHOSEONG FILLER}\N{HANGUL JUNGSEONG FILLER}\N{HANGUL FILLER}"
    "\N{HALFWIDTH HANGUL FILLER}\N{KHMER VOWEL INHERENT AQ}\N{KHMER VOWEL INHERENT AA}"
    "\u180b\u180c\u180d\u180f"  # Mongolian variation selectors
)
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_BLANK = "\N{BRAILLE PATTERN BLANK}"


def is_ignorable(character: str) -> bool:
    """Return whether the character is invisible: a joiner, a filler, a direction mark or a variation selector."""
    if unicodedata.category(character) == "Cf" or character in _FILLERS:
        return True
    return any(ord(character) in selectors for selectors in _SELECTORS)


def shows(text: str) -> bool:
    """Return whether the text has a visible character."""
    return any(
        unicodedata.category(character) not in _INVISIBLE
        and not unicodedata.combining(character)
        and not is_ignorable(character)
        and character != _BLANK
        for character in text
    )


def is_storable(text: str) -> bool:
    """Return whether every database can store the text: it has no NUL and no lone surrogate."""
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text))


def required_text(text: str | None, field: FieldPath, name: str, max_length: int, faults: list[Fault]) -> str:
    """Return the trimmed text. Add REQUIRED to the faults if it is blank, or a fault of `optional_text`."""
    trimmed = optional_text(text, field, name, max_length, faults)
    if trimmed is None:
        faults.append(Fault(FaultCode.REQUIRED, f"The {name} must not be blank.", field))
    return trimmed or ""


def optional_text(text: str | None, field: FieldPath, name: str, max_length: int, faults: list[Fault]) -> str | None:
    """Return the trimmed text; None if it is blank. Add OUT_OF_RANGE to the faults if it is too long.

    Add INVALID if it has a character that cannot be stored. `name` is the name of the value, for the messages.
    """
    trimmed = (text or "").strip()
    if not is_storable(trimmed):
        faults.append(Fault(FaultCode.INVALID, f"The {name} contains an invalid character.", field))
    elif len(trimmed) > max_length:
        message = f"The {name} may have at most {max_length:,} characters."
        faults.append(Fault(FaultCode.OUT_OF_RANGE, message, field))
    elif not shows(trimmed):
        return None
    return trimmed
