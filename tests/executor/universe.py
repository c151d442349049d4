"""Random data for the library schema, with planted faults."""

import inspect
import random
from collections.abc import Coroutine, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.executor.library import (
    JOINED_REVIEW_LAYOUT,
    REVIEW_LAYOUT,
    TEXT_REVIEW_LAYOUT,
    AuthorRecord,
    BookRecord,
    ComputedValue,
    Genre,
    Library,
    MagazineRecord,
    Mood,
    NovelRecord,
    PlantedError,
    Rows,
)

PERMISSIONS = ("agents", "secrets", "ratings", "all", "blurbs", "rename")


class Universe:
    """Creates the records of one library.

    Args:
        seed: The seed. Equal seeds give equal records.
        fault_rate: The probability that a value is replaced by a faulty one, from 0 to 1.
    """

    def __init__(self, seed: int, fault_rate: float) -> None:
        self._random = random.Random(seed)
        self._fault_rate = fault_rate
        self._coroutines: list[Coroutine[Any, Any, Any]] = []
        self._authors: list[Any] = []
        self._books: list[Any] = []
        self._authors += [AuthorRecord(self._author(number)) for number in range(4)]
        self._books += [self._book_class()(self._book(number)) for number in range(7)]
        self._magazines = [MagazineRecord(self._magazine(number)) for number in range(2)]
        self._batch_values = self._batches()

    def close(self) -> None:
        """Close the coroutines that nobody awaited. Otherwise a later test would report them."""
        for coroutine in self._coroutines:
            if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                coroutine.close()
        self._coroutines.clear()

    def library(self, permissions: frozenset[str]) -> Library:
        """Return a new context with the same records."""
        return Library(permissions, self._books, self._batch_values)

    def _book_class(self) -> type[BookRecord]:
        return NovelRecord if self._random.random() < 0.2 else BookRecord

    def _one(self, *values: Any) -> Any:
        return self._random.choice(values)

    def _some(self, values: list[Any], max_length: int = 3) -> list[Any]:
        return [self._random.choice(values) for _ in range(self._random.randint(0, max_length))] if values else []

    def _with_faults(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._fault_instead_of(value) if self._random.random() < self._fault_rate else value
            for name, value in values.items()
        }

    def _fault_instead_of(self, value: Any) -> Any:
        error = PlantedError(f"planted {self._random.randint(0, 99)}")

        def raising() -> Any:
            raise error

        async def awaited() -> Any:
            return value

        def awaitable() -> Any:
            self._coroutines.append(awaited())
            return self._coroutines[-1]

        return self._one(
            None,
            ComputedValue(raising),
            ComputedValue(lambda: error),
            ComputedValue(awaitable),
            [error],
            "raise",
            object(),
            float("nan"),
            2**40,
            True,
            [[None]],
            {"a": 1},
        )

    def _author(self, number: int) -> dict[str, Any]:
        return self._with_faults(
            {
                "id": f"author-{number}",
                "name": self._one("Ada", "Bea", None),
                "born": self._one(date(1900, 1, 2), None),
                "alive": self._one(True, False),
                "agent_key": self._one(None, 0, 1, 2),
                "books": _later_books(self._books, self._random.getrandbits(32)),
                "favourites": _later_books(self._books, self._random.getrandbits(32), nulls=True),
            }
        )

    def _book(self, number: int) -> dict[str, Any]:
        def lookup() -> Any:
            return self._magazines[0] if number % 2 else self._books[0]

        return self._with_faults(
            {
                "id": self._one(f"book-{number}", UUID(int=number), number),
                "name": self._one("Name", None),
                "title": self._one("Title", "Ünder", Mood.GAY),
                "pages": self._one(0, 320, 12.0, True, "17"),
                "weight": self._one(1.5, 2, None, "2.5", Decimal(3)),
                "lent": self._one(True, False, 0, 1.0),
                "isbn": self._one(UUID(int=7), None),
                "published": self._one(date(2001, 2, 3), datetime(2001, 2, 3, 4, tzinfo=UTC)),
                "opens": self._one(time(9), time(9, 30, 15, 1), None),
                "seen": self._one(
                    datetime(2020, 1, 1, tzinfo=UTC),
                    datetime(2020, 1, 1, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-7))),
                    None,
                ),
                "price": self._one(Decimal("9.90"), None, 3),
                "extra": self._one({"a": [1, None]}, None, [1]),
                "odd": self._one("plain", None, 7),
                "odd_always": "plain",
                "genre": self._one(*Genre),
                "mood": self._one(*Mood, None, "grim"),
                "tags": self._one(None, [], ["a", None, "b"], ("c",)),
                "matrix": self._one([], [[1, 2], []], ([3],)),
                "shelves": self._one(None, [], [[], None], [self._some(self._books), self._some(self._books)]),
                "author": self._one(*self._authors),
                "co_author": self._one(*self._authors, None),
                "item": self._one(None, ComputedValue(lookup)),
                "named": self._one(None, *self._authors, ComputedValue(lookup)),
                "blurbs": self._reviews(),
                "secret": self._one("secret", None),
            }
        )

    def _magazine(self, number: int) -> dict[str, Any]:
        return self._with_faults(
            {
                "id": f"m{number}",
                "name": self._one("Mag", None),
                "issue": number,
                "cover": self._one(*self._books, None),
            }
        )

    def _reviews(self) -> Rows:
        rows = [self._review(number) for number in range(self._random.randint(0, 4))]
        if self._random.random() < 0.5:
            return Rows(TEXT_REVIEW_LAYOUT, [self._as_texts(row) for row in rows])
        return Rows(REVIEW_LAYOUT, rows)

    def _review(self, number: int) -> tuple[Any, ...]:
        values = self._with_faults(
            {
                "id": f"review-{number}",
                "stars": self._one(1, 5),
                "text": self._one("a b c d e", None),
                "at": datetime(2020, 1, 1, tzinfo=UTC),
                "author_key": self._one(0, 1, 2, 2),
                "day": self._one(date(2020, 1, 2), None),
                "hour": time(9, 30),
                "hidden": self._one("hidden", None),
            }
        )
        # A column is read only when its value is needed, so it may contain an error.
        columns = [PlantedError("in a row") if isinstance(value, ComputedValue) else value for value in values.values()]
        code = self._one("g", "r", None) if self._random.random() >= self._fault_rate else "unknown"
        return (*columns, code, {"book": self._one(*self._books, None)})

    def _as_texts(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        id_, at = UUID(int=self._random.getrandbits(128)), datetime(2020, 1, 1, 2, 3, tzinfo=UTC)
        record: dict[str, Any] = self._without_some(
            {
                "id": id_,
                "at": at,
                "day": self._one(date(2020, 1, 2), None),
                "hour": self._one(time(9), time(9, 5, 30)),
            }
        )
        texts = {name: None if value is None else str(value) for name, value in record.items()}
        texts["at"] = record["at"] and record["at"].isoformat()
        columns = (texts["id"], *row[1:3], texts["at"], row[4], texts["day"], texts["hour"])
        return (*columns, *row[7:-1], {**row[-1], **record})

    def _without_some(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: None if self._random.random() < self._fault_rate else value for name, value in values.items()}

    def _batches(self) -> dict[tuple[str, Any], Any]:
        values: dict[tuple[str, Any], Any] = {}
        for author in self._authors:
            values["prizes", self._value(author, "id")] = self._failing(self._some(["Booker", "Nobel"]))
        for key in range(3):
            values["agents", key] = self._failing(self._authors[key])
        for book in self._books:
            values["reviews", self._value(book, "id")] = self._failing(self._one(self._reviews(), None))
            values["ratings", self._value(book, "id")] = self._failing(self._one(4.5, 3.0, 2))
            values["rounded", self._value(book, "id")] = self._failing(self._one(4, 3.0, None))
        for name in ("prizes", "agents", "reviews", "ratings"):
            if self._random.random() < self._fault_rate:
                values[name, "all"] = PlantedError(f"no {name}")
        for place, reviews in values.items():
            if isinstance(reviews, Rows) and reviews.layout is REVIEW_LAYOUT and self._random.random() < 0.5:
                values[place] = self._with_authors(reviews, values)
        return values

    def _with_authors(self, reviews: Rows, values: Mapping[tuple[str, Any], Any]) -> Rows:
        """Return the rows with the columns of their authors, if the batch returns an author for each of them."""
        rows = []
        for row in reviews.rows:
            key = row[REVIEW_LAYOUT.columns["author_key"]]
            author = values.get(("agents", key)) if isinstance(key, int) else None
            if ("agents", "all") in values or not isinstance(author, AuthorRecord):
                return reviews
            columns = [author._values[name] for name in ("id", "name", "born", "alive")]
            if any(isinstance(value, ComputedValue) for value in columns):
                return reviews
            rows.append((*row[:-1], *columns, row[-1]))
        return Rows(JOINED_REVIEW_LAYOUT, rows)

    def _failing(self, value: Any) -> Any:
        if self._random.random() < self._fault_rate:
            return self._one(PlantedError("of one key"), None, object())
        return value

    @staticmethod
    def _value(record: Any, name: str) -> Any:
        value = record._values[name]
        return value if isinstance(value, str | int | UUID) else None


def _later_books(books: list[Any], seed: int, *, nulls: bool = False) -> ComputedValue:
    """Return a list of books that do not exist yet when their author is created."""

    def pick() -> Any:
        generator = random.Random(seed)
        picked = [generator.choice(books) for _ in range(generator.randint(0, 3))]
        return [*picked, None] if nulls else picked

    return ComputedValue(pick)
