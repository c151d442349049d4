"""A search lists exact matches first, and pages keep that order in both directions."""

from collections.abc import Iterable

import pytest

from db.connections.engine import Database
from db.queries.pages import count_list, read_page
from db.queries.patient_search import MAX_MATCHES, search_conditions
from db.queries.references import PATIENTS, PatientFilter
from db.registry.records import PATIENTS as REGISTRY_PATIENTS
from db.registry.records import patient_update, store_updates
from db.sql.listings import Window
from db.transactions.snapshots import snapshot
from domain.records import Patient
from tests.support.clinic import OURS, THEIRS

pytestmark = pytest.mark.anyio

PEOPLE = {
    "whole": ("Dana Rivera", "N-11"),
    "other whole": ("Rivera Dana", "N-12"),
    "last": ("Ana Rivera", "N-13"),
    "later last": ("Zoe Rivera", "N-14"),
    "accent": ("Bea Rívera", "N-15"),
    "first": ("Rivera Smith", "N-16"),
    "part": ("Abe Riveras", "N-17"),
    "double": ("Dana Rivera Abbot", "N-18"),
    "number": ("Zed Zed", "Rivera"),
    "unlike": ("Dana Riverdale", "N-19"),
}
ORDERS = {
    "rivera": ["number", "last", "accent", "whole", "later last", "double", "other whole", "first", "part"],
    "Rivera, Dana": ["whole", "other whole", "double"],
    "dana rivera": ["whole", "other whole", "double"],
    "Rivera, D": ["whole", "double", "other whole", "number"],
    "river": ["part", "last", "accent", "double", "whole", "unlike", "other whole", "first", "number", "later last"],
    "n-1": ["part", "last", "accent", "double", "whole", "unlike", "other whole", "first", "later last"],
    "N-16": ["first"],
}


async def store(engine: Database, people: Iterable[Patient], organization: str = OURS) -> None:
    async with engine.begin() as connection:
        await store_updates(connection, organization, REGISTRY_PATIENTS, [patient_update(one) for one in people])


def _people() -> list[Patient]:
    return [Patient(key, *named, None, active=key != "last") for key, named in PEOPLE.items()]


async def read_all(engine: Database, list_filter: PatientFilter, size: int, *, backwards: bool = False) -> list[str]:
    """Return the ids of all matches, read page by page."""
    ids: list[str] = []
    keys: tuple[str] | None = None
    async with snapshot(engine, OURS) as opened:
        while True:
            window = Window(size, backwards, **{"before" if backwards else "after": keys})
            page = await read_page(opened, PATIENTS, list_filter, window)
            of_page = [patient.id for patient in page.records]
            ids = [*of_page, *ids] if backwards else [*ids, *of_page]
            if not page.more:
                break
            keys = (of_page[0 if backwards else -1],)
        assert await count_list(opened, PATIENTS, list_filter) == len(ids)
    return ids


@pytest.mark.parametrize("size", [1, 2, 3, 200])
async def test_exact_matches_come_first_then_the_others_by_name(engine: Database, size: int) -> None:
    await store(engine, _people())
    await store(engine, _people(), THEIRS)
    for text, expected in ORDERS.items():
        assert await read_all(engine, PatientFilter(text), size) == expected, text
        assert await read_all(engine, PatientFilter(text), size, backwards=True) == expected, text
        active = [key for key in expected if key != "last"]
        assert await read_all(engine, PatientFilter(text, active=True), size) == active, text


@pytest.mark.parametrize("size", [1, 200])
async def test_a_patient_is_found_by_the_preferred_name(engine: Database, size: int) -> None:
    dee = Patient("dee", "Dana Rivera", "N-11", None, active=True, preferred_name="Dee")
    await store(engine, [dee, Patient("deeds", "Abe Deeds", "N-12", None, active=True)])
    for text, expected in {"dee": ["dee", "deeds"], "Rivera, Dee": ["dee"], "dana rivera": ["dee"]}.items():
        assert await read_all(engine, PatientFilter(text), size) == expected, text


@pytest.mark.parametrize("size", [2, 200])
async def test_exact_matches_come_first_of_very_many(engine: Database, size: int) -> None:
    many = [f"r{number:05}" for number in range(MAX_MATCHES + 10)]
    await store(engine, [Patient(key, f"{key} Riverton", "N", None, active=True) for key in many])
    await store(engine, _people())
    exact = ["number", "last", "accent", "whole", "later last", "double", "other whole", "first"]
    # The search has so many matches that they are not looked up.
    async with snapshot(engine, OURS) as opened:
        conditions = await search_conditions(opened, "river")
        assert "among" not in conditions
    await store(engine, [Patient("exact", "Zoe River", "N", None, active=True)])
    others = ["part", "last", "accent", "double", "whole", "unlike"]
    async with snapshot(engine, OURS) as opened:
        page = await read_page(opened, PATIENTS, PatientFilter("river"), Window(size))
        ids = [patient.id for patient in page.records]
        expected = ["exact", *others, *many]
        assert ids == expected[:size]
        while len(ids) < 8:
            page = await read_page(opened, PATIENTS, PatientFilter("river"), Window(size, after=(ids[-1],)))
            ids += [patient.id for patient in page.records]
        assert ids == expected[: len(ids)]
        for before in ("exact", "part", "last", "r00000"):
            page = await read_page(opened, PATIENTS, PatientFilter("river"), Window(3, True, before=(before,)))
            end = expected.index(before)
            assert [patient.id for patient in page.records] == expected[max(0, end - 3) : end]
        assert await count_list(opened, PATIENTS, PatientFilter("river")) == len(many) + len(PEOPLE) + 1
    assert await read_all(engine, PatientFilter("rivera"), size) == [*exact, "part"]


FREQUENT = {
    "first": ("Dana Rivera", "N-11"),
    "last": ("Rivera Dana", "N-12"),
    "part": ("Abe Danas Riveras", "N-13"),
    "inner": ("Abe Xdana Xrivera", "N-14"),
    "late": ("Zoe Dana Rivera", "N-15"),
    "number": ("Zed Dana", "Rivera"),
    "divided": ("Abe Dana", "Riv-era"),
    "short": ("Zed Dana Rivera", "N-7"),
}
"""Patients who are found among very many with the same name."""
_MANY = "the very many"
_BOTH_WORDS = [["first", "last"], ["divided", _MANY, "number", "short", "late"], ["part", "inner"]]
FREQUENT_ORDERS = {
    "rivera": [["divided", "number"], [_MANY, "first", "last", "short", "late"], ["part", "inner"]],
    "Rivera, Dana": _BOTH_WORDS,
    "dana rivera": _BOTH_WORDS,
    "n-7": [["short"], [_MANY]],
    "n7": [["short"]],
}
"""The matches of searches by rank."""


@pytest.mark.parametrize("text", FREQUENT_ORDERS)
async def test_exact_matches_come_first_even_if_very_many_have_the_words(engine: Database, text: str) -> None:
    many = [f"r{number:05}" for number in range(MAX_MATCHES + 10)]
    await store(engine, [Patient(key, f"Dana {key} Rivera", f"N-{key}7", None, active=True) for key in many])
    people = [Patient(key, *named, None, active=True) for key, named in FREQUENT.items()]
    await store(engine, people)
    await store(engine, people, THEIRS)
    ranks = FREQUENT_ORDERS[text]
    expected = [key for rank in ranks for one in rank for key in (many if one == _MANY else [one])]
    assert await read_all(engine, PatientFilter(text), 200) == expected
    assert await read_all(engine, PatientFilter(text), 200, backwards=True) == expected
    async with snapshot(engine, OURS) as opened:
        for number in {*range(len(expected))[:8], *range(len(expected))[-8:], len(expected) // 2}:
            for size in (1, 3):
                after = Window(size, after=(expected[number],))
                before = Window(size, True, before=(expected[number],))
                page = await read_page(opened, PATIENTS, PatientFilter(text), after)
                assert [patient.id for patient in page.records] == expected[number + 1 :][:size]
                page = await read_page(opened, PATIENTS, PatientFilter(text), before)
                assert [patient.id for patient in page.records] == expected[max(0, number - size) : number]
