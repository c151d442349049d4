"""How names are compared in searches and lists."""

import pytest

from domain.search_text import LONGEST, search_text


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Ángela MÜLLER", "angela muller"),
        ("Straße", "STRASSE"),
        ("Łukasz Đorđević", "lukasz dordevic"),
        ("Søren Æbelø", "soren aebelo"),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Brien", "o'brien"),
        ("Anne\N{NON-BREAKING HYPHEN}Marie", "anne-marie"),
        ("  Two \t spaces ", "two spaces"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}b", "AB"),
    ],
)
def test_a_name_is_found_as_it_is_typed_on_any_keyboard(written: str, typed: str) -> None:
    assert search_text(written) == search_text(typed)


def test_signs_are_letters_and_parts_are_words() -> None:
    assert search_text("50%_off\\", None, "", "MR-1") == "50%_off\\ mr-1"


def test_no_name_is_too_long_for_an_index() -> None:
    # One character that is eighteen when it is taken apart.
    assert len(search_text("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 200)) == LONGEST
