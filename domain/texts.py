"""Texts that people type: trimmed, bounded, and free of what no database or screen can hold."""

import unicodedata

from domain.refusal import Fault, FaultCode, FieldPath

# Spaces and line ends, control characters, and those that only steer how others are shown.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
# Of other categories, yet shown as nothing: fillers, joiners and variation selectors (Unicode's default ignorables).
_FILLERS = frozenset(
    "\N{COMBINING GRAPHEME JOINER}\N{HANGUL CHOSEONG FILLER}\N{HANGUL JUNGSEONG FILLER}\N{HANGUL FILLER}"
    "\N{HALFWIDTH HANGUL FILLER}\N{KHMER VOWEL INHERENT AQ}\N{KHMER VOWEL INHERENT AA}"
    "\u180b\u180c\u180d\u180f"  # Mongolian variation selectors
)
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_BLANK = "\N{BRAILLE PATTERN BLANK}"


def is_ignorable(character: str) -> bool:
    """Return whether the character takes no place on a screen: it joins, directs or varies others, or fills nothing."""
    if unicodedata.category(character) == "Cf" or character in _FILLERS:
        return True
    return any(ord(character) in selectors for selectors in _SELECTORS)


def shows(text: str) -> bool:
    """Return whether any of the text can be seen."""
    return any(
        unicodedata.category(character) not in _INVISIBLE
        and not unicodedata.combining(character)
        and not is_ignorable(character)
        and character != _BLANK
        for character in text
    )


def is_storable(text: str) -> bool:
    """Return whether every database can hold the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def required_text(text: str | None, field: FieldPath, name: str, longest: int, faults: list[Fault]) -> str:
    """Return the text trimmed. Note REQUIRED where it is blank, OUT_OF_RANGE if too long, INVALID if not text."""
    trimmed = optional_text(text, field, name, longest, faults)
    if trimmed is None:
        faults.append(Fault(FaultCode.REQUIRED, f"The {name} must not be blank.", field))
    return trimmed or ""


def optional_text(text: str | None, field: FieldPath, name: str, longest: int, faults: list[Fault]) -> str | None:
    """Return the text trimmed, None where nothing of it shows; notes OUT_OF_RANGE or INVALID as required_text does."""
    trimmed = (text or "").strip()
    if not is_storable(trimmed):
        faults.append(Fault(FaultCode.INVALID, f"The {name} holds a character that is not text.", field))
    elif len(trimmed) > longest:
        faults.append(
            Fault(
                FaultCode.OUT_OF_RANGE,
                f"The {name} may have at most {longest:,} characters; this one has {len(trimmed):,}.",
                field,
            )
        )
    elif not shows(trimmed):
        return None
    return trimmed
