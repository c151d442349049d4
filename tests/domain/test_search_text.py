"""How names are compared in searches and lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search_text import LONGEST, search_text, search_words


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Ángela MÜLLER", "angela muller"),
        ("Straße", "STRASSE"),
        ("Łukasz Đorđević", "lukasz dordevic"),
        ("Søren Æbelø", "soren aebelo"),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Brien", "o'brien"),
        ("O\N{ACUTE ACCENT}Brien", "obrien"),
        ("O\N{FULLWIDTH APOSTROPHE}Brien", "OBRIEN"),
        ("Ab\N{ZERO WIDTH SPACE}b\N{ZERO WIDTH NON-JOINER}ey", "abbey"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}Abbey\N{POP DIRECTIONAL FORMATTING}\N{LEFT-TO-RIGHT MARK}", "abbey"),
        ("Ab\N{SOFT HYPHEN}bey\N{VARIATION SELECTOR-16}\N{COMBINING GRAPHEME JOINER}", "abbey"),
        ("Anne\N{NON-BREAKING HYPHEN}Marie", "anne-marie"),
        ("  Two \t spaces ", "two spaces"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}b", "AB"),
    ],
)
def test_a_name_is_found_as_it_is_typed_on_any_keyboard(written: str, typed: str) -> None:
    assert search_text(written) == search_text(typed)


def test_signs_are_letters_and_parts_are_words() -> None:
    assert search_text("50%_off\\", None, "", "MR1") == "50%_off\\ mr1"


def test_what_divides_words_is_no_letter_of_them() -> None:
    assert search_text("Johns, Abbey") == "johns abbey"
    assert search_text("Jean-Luc O'Neil", "MR-7") == "jean luc oneil mr 7 jeanluc mr7"
    assert search_text('J. R. "Bob" St.John') == "j r bob st john stjohn"
    assert search_text("Level 2.1") == "level 2.1"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Johns, Abbey", ("abbey", "johns")),
        ("  abbey\N{NO-BREAK SPACE}JOHNS ", ("abbey", "johns")),
        ("jean-luc", ("jean", "luc")),
        ("O'Neil", ("oneil",)),
        ("an anna annabelle", ("annabelle",)),
        ("- , \N{ZERO WIDTH SPACE}", ()),
        (None, ()),
    ],
)
def test_a_search_is_its_words_the_longest_first(typed: str | None, words: tuple[str, ...]) -> None:
    assert search_words(typed) == words


@given(st.text(max_size=40), st.text(max_size=20))
def test_every_name_is_found_by_itself_and_by_its_words_in_any_order(name: str, number: str) -> None:
    held = search_text(name, number)
    assert all(word in held for word in search_words(name))
    assert all(word in held for word in search_words(f"{number} {name}"))


def test_no_name_is_too_long_for_an_index() -> None:
    # One character that is eighteen when it is taken apart.
    assert len(search_text("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 200)) == LONGEST
