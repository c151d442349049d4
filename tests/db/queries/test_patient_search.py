"""A search returns exactly the patients whose name or record number contains each word, in the order of names."""

from collections.abc import Iterable, Sequence
from datetime import date

import pytest
from sqlalchemy import insert, select, update

from db.connections.engine import Database
from db.queries.pages import count_list, read_page
from db.queries.patient_search import MAX_MATCHES, search_conditions
from db.queries.references import PATIENTS, PatientFilter
from db.registry.records import PATIENTS as REGISTRY_PATIENTS
from db.registry.records import patient_update, store_updates
from db.sql.listings import Window
from db.tables import patient_endings, patients
from db.transactions.snapshots import snapshot
from domain.records import Patient
from domain.search_text import search_text, search_words
from tests.support.clinic import OURS, THEIRS

pytestmark = pytest.mark.anyio

NAMES = {
    "a": ("Ada Núñez", "MR-100%"),
    "b": ("Bo 50% Off", "MR_2"),
    "c": ("José-María O'Neill", "x\\y"),
    "d": ("李 小龙 Bruce", "龙-7"),
    "e": ("Ann  Annabelle Anna", "ANN"),
    "f": ("\U0001d49clpha \U0010ffff Zed", "9"),
    "g": ("Wolfeschlegelsteinhausenbergerdorff Hubert Blaine", "0000000000000000000001"),
    "h": ("Ea", "퟿"),  # the code point before the surrogates
}
SEARCHES = [
    *(
        "n",
        "an",
        "ann",
        "anna",
        "ann anna",
        "a",
        "ea",
        "%",
        "0%",
        "_",
        "r_2",
        "\\",
        "x\\y",
        "nunez",
        "NÚÑ",
        "josé-maría o",
    ),
    *(
        "龙",
        "小龙 b",
        "李",
        "\U0010ffff",
        "\U0010ffff z",
        "alpha",
        "steinhausenbergerdorff hub",
        "00000000000000001",
        "1",
    ),
    *("zz", "ada  núñez mr-100%", "blaine 0", "퟿", "annabelle annabelle", "nunez, ada", "100% ada"),
    *("oneill jose", "maria josé", "josémaria", "mr100%", "ert blai wolfe", "anna ann zz", "steinhausenbergerdorff 1"),
]


async def store(engine: Database, people: Iterable[Patient], organization: str = OURS) -> None:
    async with engine.begin() as connection:
        await store_updates(connection, organization, REGISTRY_PATIENTS, [patient_update(one) for one in people])


def person(id: str, name: str, number: str) -> Patient:
    return Patient(id, name, number, None, active=True)


async def search(engine: Database, text: str | None, organization: str = OURS, size: int = 200) -> list[str]:
    """Return the ids of all matches, read page by page."""
    ids: list[str] = []
    async with snapshot(engine, organization) as opened:
        after = None
        while True:
            page = await read_page(opened, PATIENTS, PatientFilter(text), Window(size, after=after))
            ids += [patient.id for patient in page.records]
            if not page.more:
                break
            after = (ids[-1],)
        assert await count_list(opened, PATIENTS, PatientFilter(text)) == len(ids)
    return ids


def matching(people: Sequence[Patient], text: str) -> list[str]:
    """Return the ids of the people whose text contains every word of the search."""
    texts = {person.id: search_text(person.display_name, person.medical_record_number) for person in people}
    return sorted(key for key, stored in texts.items() if all(word in stored for word in search_words(text)))


@pytest.mark.parametrize("size", [1, 200])
async def test_exactly_the_patients_with_the_text_are_found(engine: Database, size: int) -> None:
    people = [person(key, *named) for key, named in NAMES.items()]
    await store(engine, people)
    await store(engine, [person("z", *named) for named in NAMES.values()], THEIRS)
    for text in SEARCHES:
        assert sorted(await search(engine, text, size=size)) == matching(people, text), text
    everyone = await search(engine, None)
    assert len(everyone) == len(people)
    assert await search(engine, " \u0301 ") == everyone  # no character that can be searched for
    assert await search(engine, " ' \u200b - ") == everyone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Johns, Abbey", ["abbey"]),
        ("abbey johns", ["abbey"]),
        ("JOHNS fel", ["abbey"]),
        ("oneil", ["oneil"]),
        ("o'neil", ["oneil"]),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Neil", ["oneil"]),
        ("jean luc", ["jean"]),
        ("Jean\N{NON-BREAKING HYPHEN}Luc", ["jean"]),
        ("jeanluc", ["jean"]),
        ("luc jean", ["jean"]),
        ("ab\N{ZERO WIDTH SPACE}bey\N{RIGHT-TO-LEFT MARK}", ["abbey"]),
        ("hidden", ["marked"]),
        ("abbey neil", []),
        ("1987-03-14", ["abbey", "twin"]),
        ("johns 1987-03-14", ["abbey"]),
        ("1987-03-14, Johns", ["abbey"]),
        ("14 March 1987 abbey", ["abbey"]),
        ("March 14, 1987", ["abbey", "twin"]),
        ("3/14/1987", ["abbey", "twin"]),
        ("14.03.1987", ["abbey", "twin"]),
        ("4/3/1990", ["jean", "oneil"]),
        ("1990-04-03", ["jean"]),
        ("1987-03-15", []),
        ("1987-02-30", []),
    ],
)
async def test_spelling_variants_and_birth_dates_are_found(engine: Database, text: str, expected: list[str]) -> None:
    born = date(1987, 3, 14)
    await store(
        engine,
        [
            Patient("abbey", "Abbey Felecia Johns", "MR-1", born, active=True),
            Patient("twin", "Ruth Ann", "MR-2", born, active=True),
            Patient("oneil", "Shaun O'Neil", "MR-3", date(1990, 3, 4), active=True),
            Patient("jean", "Jean-Luc Picard", "MR-4", date(1990, 4, 3), active=True),
            Patient("marked", "\N{RIGHT-TO-LEFT OVERRIDE}Hid\N{ZERO WIDTH SPACE}den", "MR-5", None, active=True),
        ],
    )
    assert sorted(await search(engine, text)) == expected


async def test_a_renamed_patient_is_found_by_the_new_name_only(engine: Database) -> None:
    await store(engine, [person("p", "Ada Byron", "MR1"), person("q", "Grace", "MR2")])
    await store(engine, [person("p", "Ada Lovelace", "MR1")])
    assert await search(engine, "byron") == []
    assert await search(engine, "lovelace") == ["p"]
    assert await search(engine, "ada") == ["p"]
    assert await search(engine, "grace") == ["q"]
    await store(engine, [person("q", "Grace", "MR9")])
    assert await search(engine, "mr2") == []


async def test_triggers_maintain_the_endings_of_search_texts(engine: Database) -> None:
    row = {
        "organization_id": OURS,
        "id": "p",
        "display_name": "B",
        "medical_record_number": "1",
        "active": True,
        "search_text": "b 1",
    }
    async with engine.begin() as connection:
        await connection.execute(insert(patients), [row])
        assert set(await connection.scalars(select(patient_endings.c.ending))) == {"b 1", "1"}
        await connection.execute(update(patients).values(search_text="b 22"))
        assert set(await connection.scalars(select(patient_endings.c.ending))) == {"b 22", "22", "2"}
        await connection.execute(update(patients).values(active=False))
        assert set(await connection.scalars(select(patient_endings.c.ending))) == {"b 22", "22", "2"}
        await connection.execute(update(patients).values(search_text=""))
        assert not (await connection.scalars(select(patient_endings.c.ending))).all()


async def test_very_many_matches_are_in_the_order_of_names(engine: Database) -> None:
    many = [person(f"p{number:05}", f"Kim {number:05}", f"N{number}") for number in range(MAX_MATCHES + 10)]
    await store(engine, [*many, person("last", "Zoe Kim", "N")])
    async with snapshot(engine, OURS) as opened:
        first = await read_page(opened, PATIENTS, PatientFilter("kim"), Window(3))
        assert [patient.id for patient in first.records] == ["p00000", "p00001", "p00002"]
        rest = await read_page(opened, PATIENTS, PatientFilter("kim"), Window(200, after=(many[-2].id,)))
        assert [patient.id for patient in rest.records] == [many[-1].id, "last"]
        assert await count_list(opened, PATIENTS, PatientFilter("kim")) == len(many) + 1


async def test_two_frequent_words_find_the_few_patients_with_both(engine: Database) -> None:
    many = [person(f"a{number:05}", f"Maria {number:05}", "N") for number in range(MAX_MATCHES + 10)]
    many += [person(f"b{number:05}", f"Garcia {number:05}", "N") for number in range(MAX_MATCHES + 10)]
    await store(engine, [*many, person("both", "Maria Garcia", "N")])
    assert await search(engine, "garcia maria") == ["both"]
    async with snapshot(engine, OURS) as opened:
        assert (await search_conditions(opened, "garcia maria"))["among"] == ["both"]
