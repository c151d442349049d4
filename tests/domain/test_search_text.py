"""The normalized text of names, for searches and sorting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search_text import MAX_LENGTH, search_text, search_words


@pytest.mark.parametrize(
    ("name", "query"),
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
def test_a_name_matches_its_spelling_on_any_keyboard(name: str, query: str) -> None:
    assert search_text(name) == search_text(query)


def test_other_signs_count_as_letters() -> None:
    assert search_text("50%_off\\", None, "", "MR1") == "50%_off\\ mr1"


def test_separators_divide_words() -> None:
    assert search_text("Johns, Abbey") == "johns abbey"
    assert search_text("Jean-Luc O'Neil", "MR-7") == "jean luc oneil mr 7 jeanluc mr7"
    assert search_text('J. R. "Bob" St.John') == "j r bob st john stjohn"
    assert search_text("Level 2.1") == "level 2.1"


@pytest.mark.parametrize(
    ("query", "words"),
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
def test_a_search_has_its_words_with_the_longest_first(query: str | None, words: tuple[str, ...]) -> None:
    assert search_words(query) == words


@given(st.text(max_size=40), st.text(max_size=20))
def test_every_name_matches_its_own_words_in_any_order(name: str, number: str) -> None:
    text = search_text(name, number)
    assert all(word in text for word in search_words(name))
    assert all(word in text for word in search_words(f"{number} {name}"))


def test_no_name_is_too_long_for_an_index() -> None:
    # One character that NFKD decomposes into eighteen.
    assert len(search_text("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 200)) == MAX_LENGTH
