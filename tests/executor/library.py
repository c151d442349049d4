"""The schema that both executors execute. It has every kind of field, and records that may raise any error."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from functools import partial
from typing import Annotated, Any, NewType
from uuid import UUID

import orjson
import strawberry
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from executor import Batch, CompiledExecutor, ContextOnly, FromAttribute, Guard, InstanceOf, Lookahead
from resolvers.loader import Loader, LoadScheduler
from schema.scalars import SCALARS


class PlantedError(Exception):
    """An error that the data contains on purpose."""


@dataclass(frozen=True)
class ComputedValue:
    """A value that is computed each time it is read. Computing it may raise an error."""

    compute: Callable[[], Any]


class Record:
    """An object with any attributes."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            value = self._values[name]
        except KeyError:
            raise AttributeError(name) from None
        return value.compute() if isinstance(value, ComputedValue) else value


class AuthorRecord(Record):
    pass


class BookRecord(Record):
    pass


class NovelRecord(BookRecord):
    """A subclass of the class that the type checks."""


class MagazineRecord(Record):
    pass


class ReviewRecord(Record):
    pass


@dataclass(frozen=True, eq=False)
class LibraryLayout:
    record_class: type
    columns: Mapping[str, int]
    code_columns: Mapping[str, tuple[int, Mapping[Any, Any]]]
    text_columns: Mapping[str, tuple[int, type]] = field(default_factory=dict)
    computed: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    row_layouts: Mapping[str, "LibraryLayout"] = field(default_factory=dict)

    def make_record(self, row: Sequence[Any]) -> Any:
        plain = {name: row[index] for name, index in self.columns.items()}
        # An unknown code raises an error when the attribute is read.
        decoded = {
            name: ComputedValue(partial(values.__getitem__, row[at]))
            for name, (at, values) in self.code_columns.items()
        }
        return self.record_class(plain | decoded | row[-1])


@dataclass(frozen=True)
class Rows(Sequence[Any]):
    layout: LibraryLayout
    rows: Sequence[Any]

    def __getitem__(self, index: Any) -> Any:
        rows = self.rows[index]
        return Rows(self.layout, rows) if isinstance(index, slice) else self.layout.make_record(rows)

    def __iter__(self) -> Iterator[Any]:
        return map(self.layout.make_record, self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Genre(Enum):
    CRIME = "crime"
    POETRY = 7
    ESSAY = ("e", "s")


class Mood(StrEnum):
    GAY = "gay"
    GRIM = "grim"


MOODS: Mapping[Any, Any] = {"g": Mood.GAY, "r": Mood.GRIM, None: None}
_CODED = {"mood": (8, MOODS), "tone": (8, MOODS)}
_PLAIN = {"stars": 1, "text": 2, "author_key": 4, "hidden": 7}
REVIEW_LAYOUT = LibraryLayout(ReviewRecord, _PLAIN | {"id": 0, "at": 3, "day": 5, "hour": 6}, _CODED)
# These columns hold serialized text. The last column holds the values themselves, for the record.
TEXT_REVIEW_LAYOUT = LibraryLayout(
    ReviewRecord, _PLAIN, _CODED, {"id": (0, UUID), "at": (3, datetime), "day": (5, date), "hour": (6, time)}
)
# Rows that also hold their author.
JOINED_REVIEW_LAYOUT = LibraryLayout(
    ReviewRecord,
    REVIEW_LAYOUT.columns,
    _CODED,
    row_layouts={"author": LibraryLayout(AuthorRecord, {"id": 9, "name": 10, "born": 11, "alive": 12}, {})},
)

strawberry.enum(Genre, description="A genre.")
strawberry.enum(Mood, description="A mood.")


def _serialize_odd(value: Any) -> Any:
    if value == "raise":
        raise PlantedError("an odd value")
    return None if value == "null" else f"odd {value}"


Odd = NewType("Odd", str)


@dataclass
class Library:
    """The context value of one request: its permissions, and the values that batches return."""

    permissions: frozenset[str]
    books: Sequence[Any]
    batch_values: Mapping[tuple[str, Any], Any]
    batches: list[tuple[str, int]] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    fallbacks: int = 0
    preloaded: int = 0
    attempts: int = 0
    renames: int = 0
    loaders: dict[str, Loader[Any, Any]] = field(default_factory=dict)
    scheduler: LoadScheduler = field(default_factory=LoadScheduler)

    async def batch(self, name: str, keys: Sequence[Any]) -> list[Any]:
        self.batches.append((name, len(keys)))
        for _ in range(len(name) % 3):
            await asyncio.sleep(0)
        failure = self.batch_values.get((name, "all"))
        if failure is not None:
            raise failure
        return [None if key is None else self.batch_values.get((name, key)) for key in keys]

    async def load(self, name: str, key: Any) -> Any:
        if key is None:
            return None
        if name not in self.loaders:
            self.loaders[name] = Loader(partial(self.batch, name), self.scheduler)
        return await self.loaders[name].load(key)


Info = strawberry.Info[Library, None]


class Requires(Guard):
    def __init__(self, key: str) -> None:
        self.key = key

    def check(self, context: Library) -> None:
        context.checks.append(self.key)
        if self.key not in context.permissions:
            raise PermissionError(f"You need {self.key}.")


async def _by_id(name: str, ids: Sequence[Any], context: Library) -> Sequence[Any]:
    return await context.batch(name, ids)


async def prizes(ids: Sequence[Any], context: Library) -> Sequence[Any]:
    return await _by_id("prizes", ids, context)


async def agents(ids: Sequence[Any], context: Library) -> Sequence[Any]:
    return await _by_id("agents", ids, context)


async def reviews(ids: Sequence[Any], context: Library, first: int | None = 2) -> Sequence[Any]:
    if first is not None and first < 0:
        raise PlantedError("first is negative")
    return [_first(value, first) for value in await _by_id("reviews", ids, context)]


async def rounded(parents: Sequence[Any], context: Library) -> Sequence[Any]:
    return await _by_id("rounded", [parent.id for parent in parents], context)


async def ratings(parents: Sequence[Any], context: Library) -> Sequence[Any]:
    return await _by_id("ratings", [parent.id for parent in parents], context)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else type(value).__name__


def _review_key(review_id: Any) -> str:
    return f"review:{review_id}"


def _first(value: Any, first: int | None) -> Any:
    return value if value is None or isinstance(value, Exception) else value[:first]


@strawberry.interface(description="Something with a name.")
class Named:
    id: strawberry.ID
    name: str | None


@strawberry.type
class Author(Named):
    born: date | None
    alive: bool
    label: str = strawberry.field(extensions=[FromAttribute("id", "author:".__add__)])
    books: list["Book"]
    favourites: list[Annotated["Book", strawberry.lazy("tests.executor.library")] | None] | None

    @strawberry.field(graphql_type=list[str], extensions=[Batch(prizes, by="id")])
    @staticmethod
    async def prizes(parent: strawberry.Parent[Any], info: Info) -> Any:
        return await info.context.load("prizes", parent.id)

    @strawberry.field(graphql_type="Author | None", extensions=[Requires("agents"), Batch(agents, by="agent_key")])
    @staticmethod
    async def agent(parent: strawberry.Parent[Any], info: Info) -> Any:
        if parent.agent_key is None:
            return None
        return await info.context.load("agents", parent.agent_key)

    is_type_of = InstanceOf(AuthorRecord)


@strawberry.type
class Review:
    id: strawberry.ID
    stars: int
    text: str | None
    at: datetime
    day: date | None
    hour: time
    mood: Mood | None
    tone: str | None
    hidden: str | None = strawberry.field(extensions=[Requires("secrets")])
    key: strawberry.ID = strawberry.field(extensions=[FromAttribute("id", _review_key)])
    rank: int = strawberry.field(extensions=[Requires("ratings"), FromAttribute("stars")])
    spirit: Mood | None = strawberry.field(extensions=[FromAttribute("mood")])
    book: Annotated["Book", strawberry.lazy("tests.executor.library")] | None

    @strawberry.field(graphql_type=Author, extensions=[Batch(agents, by="author_key", joined="author")])
    @staticmethod
    async def author(parent: strawberry.Parent[Any], info: Info) -> Any:
        if parent.author_key is None:
            return None
        return await info.context.load("agents", parent.author_key)

    @strawberry.field(
        graphql_type=Author | None, extensions=[Requires("agents"), Batch(agents, by="author_key", joined="author")]
    )
    @staticmethod
    async def editor(parent: strawberry.Parent[Any], info: Info) -> Any:
        if parent.author_key is None:
            return None
        return await info.context.load("agents", parent.author_key)

    @strawberry.field
    @staticmethod
    def summary(parent: strawberry.Parent[Any], words: int = 3, ending: str | None = "…") -> str:
        return " ".join(_word(parent.text).split()[:words]) + (ending or "")


@strawberry.type
class Book(Named):
    title: str
    pages: int
    weight: float | None
    lent: bool
    isbn: UUID | None
    published: date
    opens: time | None
    seen: datetime | None
    price: Decimal | None
    extra: JSON | None
    odd: Odd | None
    odd_always: Odd
    genre: Genre
    mood: Mood | None
    tags: list[str | None] | None
    matrix: list[list[int]]
    shelves: list[list[Annotated["Book", strawberry.lazy("tests.executor.library")]] | None] | None
    author: Author
    co_author: Author | None
    item: (
        Annotated[
            Annotated["Book", strawberry.lazy("tests.executor.library")]
            | Annotated["Magazine", strawberry.lazy("tests.executor.library")],
            strawberry.union("Item"),
        ]
        | None
    )
    named: Named | None
    blurbs: list[Review] = strawberry.field(extensions=[Requires("blurbs")])
    secret: str | None = strawberry.field(extensions=[Requires("secrets")])

    @strawberry.field(graphql_type=list[Review] | None, extensions=[Batch(reviews, by="id")])
    @staticmethod
    async def reviews(parent: strawberry.Parent[Any], info: Info, first: int | None = 2) -> Any:
        if first is not None and first < 0:
            raise PlantedError("first is negative")
        return _first(await info.context.load("reviews", parent.id), first)

    @strawberry.field(graphql_type=float, extensions=[Batch(ratings)])
    @staticmethod
    async def rating(parent: strawberry.Parent[Any], info: Info) -> Any:
        return await info.context.load("ratings", parent.id)

    @strawberry.field(graphql_type=int | None, extensions=[Requires("ratings"), Batch(rounded)])
    @staticmethod
    async def rounded(parent: strawberry.Parent[Any], info: Info) -> Any:
        return await info.context.load("rounded", parent.id)

    @strawberry.field
    def shout(self: Any, times: int = 1, words: list[str] | None = None) -> str:
        return f"{_word(self.title)}{'!' * times}{words}"

    @strawberry.field
    @staticmethod
    def path(parent: strawberry.Parent[Any], info: Info) -> str:
        return f"{info.path.as_list()} of a {type(parent).__name__}"

    @strawberry.field
    @staticmethod
    async def slow(parent: strawberry.Parent[Any], turns: int = 1) -> str | None:
        for _ in range(turns):
            await asyncio.sleep(0)
        return parent.name

    is_type_of = InstanceOf(BookRecord)


@strawberry.type
class Magazine(Named):
    issue: int
    cover: Book | None
    is_type_of = InstanceOf(MagazineRecord)


@strawberry.type
class Shop:
    """The executor cannot know what its custom is_type_of does."""

    books: list[Book]

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, Record)


async def _book(_query: Sequence[Any], context: Library, number: int = 0) -> Sequence[Any]:
    return [context.books[number]]


async def _book_by_id(
    _query: Sequence[Any], context: Library, id: str, lookahead: Lookahead, more: str = ""
) -> tuple[Sequence[Any], Sequence[Sequence[Any] | None]]:
    """Return a book, with preloaded values for some of the batches below it."""
    if lookahead.memo is None:
        lookahead.memo = [(number + len(id + more)) % 3 > 0 for number, _ in enumerate(lookahead.fields)]
    book = context.books[int(id)] if id in {"0", "1"} else None
    preloaded: list[Sequence[Any] | None] = []
    for is_preloaded, field_ in zip(lookahead.memo, lookahead.fields, strict=True):
        keys = [book if field_.batch.by is None else getattr(book, field_.batch.by)] if book is not None else []
        if is_preloaded and field_.is_direct and keys and keys[0] is not None:
            context.preloaded += 1
            preloaded.append(await field_.batch.resolve_many(keys, context, **field_.arguments))
        else:
            preloaded.append(None)
    return [book], preloaded


@strawberry.type
class Query:
    @strawberry.field(graphql_type=list[Book], extensions=[ContextOnly()])
    @staticmethod
    async def books(info: Info, first: int | None = None) -> Any:
        await asyncio.sleep(0)
        return info.context.books[:first]

    @strawberry.field(graphql_type=list[Book | None] | None, extensions=[ContextOnly()])
    @staticmethod
    def shelf(info: Info) -> Any:
        return tuple(info.context.books)

    @strawberry.field(graphql_type=str, extensions=[ContextOnly()])
    @staticmethod
    def motto(times: int = 1) -> Any:
        return ["Read"] * times if times == 2 else "Read" * times

    @strawberry.field(graphql_type=Book | None, extensions=[Requires("agents"), Batch(_book)])
    @staticmethod
    async def book(info: Info, number: int = 0) -> Any:
        return info.context.books[number]

    @strawberry.field(graphql_type=Book | None, extensions=[Batch(_book_by_id, pass_lookahead=True)])
    @staticmethod
    async def book_by_id(info: Info, id: strawberry.ID, more: str = "") -> Any:
        return info.context.books[int(id)] if id in {"0", "1"} else None

    @strawberry.field(graphql_type=list[Named | None], extensions=[Requires("all")])
    @staticmethod
    async def everything(info: Info) -> Any:
        return [*info.context.books, *(book.author for book in info.context.books)]

    @strawberry.field(graphql_type=Shop, extensions=[ContextOnly()])
    @staticmethod
    def shop(info: Info) -> Any:
        return BookRecord({"books": info.context.books})


@strawberry.type
class Renamed:
    book: Book | None
    others: list[Book]


@strawberry.type
class Mutation:
    @strawberry.mutation(graphql_type=Renamed | None, extensions=[Requires("rename")])
    @staticmethod
    async def rename(info: Info, number: int = 0) -> Any:
        info.context.renames += 1
        # A write clears the loaders with either executor. Otherwise the records that one root field has loaded would
        # decide which of several errors comes first in the next.
        info.context.loaders.clear()
        await asyncio.sleep(0)
        books = info.context.books
        return Record({"book": books[number], "others": books[number:]})


@strawberry.type
class Subscription:
    @strawberry.subscription(graphql_type=AsyncGenerator[Book, None])
    @staticmethod
    async def read(info: Info) -> Any:
        for book in info.context.books:
            await asyncio.sleep(0)
            yield book


class CountingExecutor(CompiledExecutor):
    """Counts attempts and fallbacks.

    A fallback clears the loaders. Records from the attempt would arrive earlier, and change the order of errors.
    """

    @classmethod
    def try_cached(cls, schema: Any, operation: Any, inputs: Any, context_value: Library) -> Any:
        attempt = super().try_cached(schema, operation, inputs, context_value)
        context_value.attempts += attempt is not None
        return attempt

    @staticmethod
    def on_fallback(context_value: Library) -> None:
        context_value.fallbacks += 1
        context_value.loaders.clear()


def _encode(part: Any) -> orjson.Fragment:
    # The scalar JSON accepts any object.
    return orjson.Fragment(orjson.dumps(part, default=lambda value: type(value).__name__))


class EncodingExecutor(CountingExecutor):
    """Encodes the response in parts. The encoder also gets values that it writes as their scalars would."""

    encode = staticmethod(_encode)


def make_schema(*, incremental: bool = False) -> strawberry.Schema:
    """Return the schema, with or without @defer and @stream."""
    return strawberry.Schema(
        Query,
        Mutation,
        Subscription,
        types=[Author, Magazine, Book],
        config=StrawberryConfig(
            scalar_map={**SCALARS, Odd: strawberry.scalar(name="Odd", serialize=_serialize_odd, parse_value=str)},
            enable_experimental_incremental_execution=incremental,
        ),
        execution_context_class=CountingExecutor,
    )


schema = make_schema()
