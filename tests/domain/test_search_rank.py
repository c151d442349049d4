"""Exact matches of a search rank first."""

import pytest

from domain.search_rank import RankedSearch, SearchRank


@pytest.mark.parametrize(
    ("text", "name", "number", "rank"),
    [
        ("Rivera, Dana", "Dana Rivera", "MR-1", SearchRank.WHOLE_NAME),
        ("rivera dana", "Dana Rivera", "MR-1", SearchRank.WHOLE_NAME),
        ("Dana Rivera", "Rivera, Dana", "MR-1", SearchRank.WHOLE_NAME),
        ("DANA  RÍVERA", "Dana Rivera", "MR-1", SearchRank.WHOLE_NAME),
        ("oneil", "O'Neil", "MR-1", SearchRank.WHOLE_NAME),
        ("Dana Rivera", "Dana Rivera Smith", "MR-1", SearchRank.WHOLE_WORDS),
        ("Rivera", "Dana Rivera", "MR-1", SearchRank.LAST_NAME),
        ("Rivera", "Rivera, Dana", "MR-1", SearchRank.LAST_NAME),
        ("Rivera, Da", "Dana Rivera", "MR-1", SearchRank.LAST_NAME),
        ("de la Cruz", "Ana de la Cruz", "MR-1", SearchRank.LAST_NAME),
        ("Smith-Jones, A", "Ada Smith Jones", "MR-1", SearchRank.LAST_NAME),
        ("Rivera", "Rivera Dana", "MR-1", SearchRank.WHOLE_WORDS),
        ("Dana", "Dana Rivera", "MR-1", SearchRank.WHOLE_WORDS),
        ("Dana mr 1", "Dana Rivera", "MR-1", SearchRank.WHOLE_WORDS),
        ("Dan", "Dana Rivera", "MR-1", SearchRank.PARTS_OF_WORDS),
        ("Riv, Dana", "Dana Rivera", "MR-1", SearchRank.PARTS_OF_WORDS),
        ("mr-1", "Dana Rivera", "MR-1", SearchRank.RECORD_NUMBER),
        ("mr 1", "Dana Rivera", "MR-1", SearchRank.RECORD_NUMBER),
        ("mr1", "Dana Rivera", "MR-1", SearchRank.RECORD_NUMBER),
        ("007", "Dana Rivera", "007", SearchRank.RECORD_NUMBER),
        ("7", "Dana Rivera", "007", SearchRank.PARTS_OF_WORDS),
        ("1 mr", "Dana Rivera", "MR-1", SearchRank.WHOLE_WORDS),
        (",", "Dana Rivera", "MR-1", SearchRank.WHOLE_WORDS),
    ],
)
def test_a_search_ranks_by_how_exactly_it_matches(text: str, name: str, number: str, rank: SearchRank) -> None:
    assert RankedSearch.of(text).rank(name, number) is rank


def test_phrases_are_the_words_as_one_and_in_a_row_in_any_order() -> None:
    assert RankedSearch.of("MR-7").phrases == ("mr7", "mr 7", "7 mr")
    assert RankedSearch.of("rivera").phrases == ("rivera",)
    assert len(RankedSearch.of("Rivera, Dana Ann").phrases) == 7
    assert RankedSearch.of("van der Berg, Jan").phrases == ("vanderbergjan", "van der berg jan", "jan van der berg")
