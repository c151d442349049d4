"""A schema made to be executed in two ways: every kind of field, and trouble wherever it is planted."""

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

from executor import Batch, CompiledExecutor, ContextOnly, Guard, InstanceOf, Lookahead
from resolvers.loader import Loader, LoadScheduler
from schema.scalars import SCALARS


class Trouble(Exception):
    """What is planted."""


@dataclass(frozen=True)
class Planted:
    """A value that is not as it should be, made anew each time it is looked at."""

    look: Callable[[], Any]


class Record:
    """An object with any attributes."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            value = self._values[name]
        except KeyError:
            raise AttributeError(name) from None
        return value.look() if isinstance(value, Planted) else value


class AuthorRecord(Record):
    pass


class BookRecord(Record):
    pass


class NovelRecord(BookRecord):
    """A book all the same."""


class MagazineRecord(Record):
    pass


class ReviewRecord(Record):
    pass


@dataclass(frozen=True, eq=False)
class Layout:
    record_class: type
    columns: Mapping[str, int]
    code_columns: Mapping[str, tuple[int, Mapping[Any, Any]]]
    text_columns: Mapping[str, tuple[int, type]] = field(default_factory=dict)

    def make_record(self, row: Sequence[Any]) -> Any:
        plain = {name: row[index] for name, index in self.columns.items()}
        # Of a code that is not known an error is told where it is looked at.
        decoded = {
            name: Planted(partial(values.__getitem__, row[at])) for name, (at, values) in self.code_columns.items()
        }
        return self.record_class(plain | decoded | row[-1])


@dataclass(frozen=True)
class Rows(Sequence[Any]):
    layout: Layout
    rows: Sequence[Any]

    def __getitem__(self, index: Any) -> Any:
        found = self.rows[index]
        return Rows(self.layout, found) if isinstance(index, slice) else self.layout.make_record(found)

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
REVIEW_LAYOUT = Layout(ReviewRecord, _PLAIN | {"id": 0, "at": 3, "day": 5, "hour": 6}, _CODED)
# What these columns hold the text of, the last column tells as it is.
WRITTEN_REVIEW_LAYOUT = Layout(
    ReviewRecord, _PLAIN, _CODED, {"id": (0, UUID), "at": (3, datetime), "day": (5, date), "hour": (6, time)}
)

strawberry.enum(Genre, description="A genre.")
strawberry.enum(Mood, description="A mood.")


def _write_odd(value: Any) -> Any:
    if value == "raise":
        raise Trouble("an odd value")
    return None if value == "null" else f"odd {value}"


Odd = NewType("Odd", str)


@dataclass
class Library:
    """One request's context: who asks, and what the batches answer."""

    held: frozenset[str]
    books: Sequence[Any]
    answers: Mapping[tuple[str, Any], Any]
    batches: list[tuple[str, int]] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    fallbacks: int = 0
    foreseen: int = 0
    attempts: int = 0
    renames: int = 0
    loaders: dict[str, Loader[Any, Any]] = field(default_factory=dict)
    scheduler: LoadScheduler = field(default_factory=LoadScheduler)

    async def batch(self, name: str, keys: Sequence[Any]) -> list[Any]:
        self.batches.append((name, len(keys)))
        for _ in range(len(name) % 3):
            await asyncio.sleep(0)
        failure = self.answers.get((name, "all"))
        if failure is not None:
            raise failure
        return [None if key is None else self.answers.get((name, key)) for key in keys]

    async def load(self, name: str, key: Any) -> Any:
        if key is None:
            return None
        if name not in self.loaders:
            self.loaders[name] = Loader(partial(self.batch, name), self.scheduler)
        return await self.loaders[name].load(key)


Info = strawberry.Info[Library, None]


class Holds(Guard):
    def __init__(self, key: str) -> None:
        self.key = key

    def check(self, context: Library) -> None:
        context.checks.append(self.key)
        if self.key not in context.held:
            raise PermissionError(f"You need {self.key}.")


async def _by_id(name: str, ids: Sequence[Any], context: Library) -> Sequence[Any]:
    return await context.batch(name, ids)


async def prizes(ids: Sequence[Any], context: Library) -> Sequence[Any]:
    return await _by_id("prizes", ids, context)


async def agents(ids: Sequence[Any], context: Library) -> Sequence[Any]:
    return await _by_id("agents", ids, context)


async def reviews(ids: Sequence[Any], context: Library, first: int | None = 2) -> Sequence[Any]:
    if first is not None and first < 0:
        raise Trouble("first is negative")
    return [_cut(found, first) for found in await _by_id("reviews", ids, context)]


async def rounded(parents: Sequence[Any], context: Library) -> Sequence[Any]:
    return await _by_id("rounded", [parent.id for parent in parents], context)


async def ratings(parents: Sequence[Any], context: Library) -> Sequence[Any]:
    return await _by_id("ratings", [parent.id for parent in parents], context)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else type(value).__name__


def _cut(found: Any, first: int | None) -> Any:
    return found if found is None or isinstance(found, Exception) else found[:first]


@strawberry.interface(description="Something with a name.")
class Named:
    id: strawberry.ID
    name: str | None


@strawberry.type
class Author(Named):
    born: date | None
    alive: bool
    books: list["Book"]
    favourites: list[Annotated["Book", strawberry.lazy("tests.executor.library")] | None] | None

    @strawberry.field(graphql_type=list[str], extensions=[Batch(prizes, by="id")])
    @staticmethod
    async def prizes(parent: strawberry.Parent[Any], info: Info) -> Any:
        return await info.context.load("prizes", parent.id)

    @strawberry.field(graphql_type="Author | None", extensions=[Holds("agents"), Batch(agents, by="agent_key")])
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
    hidden: str | None = strawberry.field(extensions=[Holds("secrets")])
    book: Annotated["Book", strawberry.lazy("tests.executor.library")] | None

    @strawberry.field(graphql_type=Author, extensions=[Batch(agents, by="author_key")])
    @staticmethod
    async def author(parent: strawberry.Parent[Any], info: Info) -> Any:
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
    blurbs: list[Review] = strawberry.field(extensions=[Holds("blurbs")])
    secret: str | None = strawberry.field(extensions=[Holds("secrets")])

    @strawberry.field(graphql_type=list[Review] | None, extensions=[Batch(reviews, by="id")])
    @staticmethod
    async def reviews(parent: strawberry.Parent[Any], info: Info, first: int | None = 2) -> Any:
        if first is not None and first < 0:
            raise Trouble("first is negative")
        return _cut(await info.context.load("reviews", parent.id), first)

    @strawberry.field(graphql_type=float, extensions=[Batch(ratings)])
    @staticmethod
    async def rating(parent: strawberry.Parent[Any], info: Info) -> Any:
        return await info.context.load("ratings", parent.id)

    @strawberry.field(graphql_type=int | None, extensions=[Holds("ratings"), Batch(rounded)])
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
    """Its is_type_of cannot be known to look at the class alone."""

    books: list[Book]

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, Record)


async def _book(_query: Sequence[Any], context: Library, number: int = 0) -> Sequence[Any]:
    return [context.books[number]]


async def _found(
    _query: Sequence[Any], context: Library, id: str, lookahead: Lookahead, more: str = ""
) -> tuple[Sequence[Any], Sequence[Sequence[Any] | None]]:
    """Finds a book, and along with it what every other batch below gives for it."""
    if lookahead.memo is None:
        lookahead.memo = [(number + len(id + more)) % 3 > 0 for number, _ in enumerate(lookahead.fields)]
    book = context.books[int(id)] if id in {"0", "1"} else None
    known: list[Sequence[Any] | None] = []
    for wanted, field_ in zip(lookahead.memo, lookahead.fields, strict=True):
        keys = [book if field_.batch.by is None else getattr(book, field_.batch.by)] if book is not None else []
        if wanted and field_.is_direct and keys and keys[0] is not None:
            context.foreseen += 1
            known.append(await field_.batch.resolve_many(keys, context, **field_.arguments))
        else:
            known.append(None)
    return [book], known


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

    @strawberry.field(graphql_type=Book | None, extensions=[Holds("agents"), Batch(_book)])
    @staticmethod
    async def book(info: Info, number: int = 0) -> Any:
        return info.context.books[number]

    @strawberry.field(graphql_type=Book | None, extensions=[Batch(_found, pass_lookahead=True)])
    @staticmethod
    async def found(info: Info, id: strawberry.ID, more: str = "") -> Any:
        return info.context.books[int(id)] if id in {"0", "1"} else None

    @strawberry.field(graphql_type=list[Named | None], extensions=[Holds("all")])
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
    @strawberry.mutation(graphql_type=Renamed | None, extensions=[Holds("rename")])
    @staticmethod
    async def rename(info: Info, number: int = 0) -> Any:
        info.context.renames += 1
        # What was read before a write is forgotten, whoever executes: else what one root field has loaded decides
        # which of several errors comes first in the next.
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


class Tried(CompiledExecutor):
    """Counts, and forgets what an attempt has loaded: what came late then comes early, and so may its errors."""

    @classmethod
    def try_cached(cls, schema: Any, operation: Any, inputs: Any, context_value: Library) -> Any:
        found = super().try_cached(schema, operation, inputs, context_value)
        context_value.attempts += found is not None
        return found

    @staticmethod
    def on_fallback(context_value: Library) -> None:
        context_value.fallbacks += 1
        context_value.loaders.clear()


def _written(part: Any) -> orjson.Fragment:
    # The scalar JSON lets pass whatever it is given.
    return orjson.Fragment(orjson.dumps(part, default=lambda value: type(value).__name__))


class TriedEncoded(Tried):
    """Writes the answer part by part, and leaves to the encoder what it writes as the scalars do."""

    encode = staticmethod(_written)


def make_schema(*, incremental: bool = False) -> strawberry.Schema:
    """Gives the schema, with or without @defer and @stream."""
    return strawberry.Schema(
        Query,
        Mutation,
        Subscription,
        types=[Author, Magazine, Book],
        config=StrawberryConfig(
            scalar_map={**SCALARS, Odd: strawberry.scalar(name="Odd", serialize=_write_odd, parse_value=str)},
            enable_experimental_incremental_execution=incremental,
        ),
        execution_context_class=Tried,
    )


schema = make_schema()
