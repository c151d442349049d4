"""Whatever is asked, and whatever goes wrong: the answer is graphql-core's, to the byte."""

import gc
import random
from dataclasses import replace

import pytest

from tests.endurance.scale import soak
from tests.executor.comparing import answer, valid_document
from tests.executor.documents import DocumentWriter
from tests.executor.library import Tried, TriedEncoded, schema
from tests.executor.universe import KEYS, Universe

pytestmark = [
    pytest.mark.anyio,
    # graphql-core never runs the coroutines of fields whose neighbour has failed before their turn.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

core = schema._schema


# Without these a query is compiled as a whole.
_NOT_COMPILED = frozenset({"item", "named", "path", "slow", "everything", "shop", "books", "shelf", "cover"})


async def compare(seed: int, documents: int) -> None:
    made = random.Random(seed)
    writer = DocumentWriter(core, made)
    compared = without_errors = fallbacks = attempts = foreseen = 0
    for number in range(documents):
        writer.avoided = _NOT_COMPILED if made.random() < 0.5 else frozenset()
        request = writer.write(made.choice(["query", "query", "query", "mutation"]))
        document = valid_document(core, request)
        if document is None:
            continue
        for trouble in (0, 0, made.choice([0, 0.003]), made.choice([0.02, 0.1])):
            # From the second time on, a query that was compiled as a whole is not given to an executor.
            universe = Universe(made.getrandbits(32), trouble)
            held = frozenset(KEYS if made.random() < 0.6 else made.sample(KEYS, made.randint(3, 5)))
            expected = await answer(core, document, request, universe.library(held))
            library = universe.library(held)
            found = await answer(core, document, request, library, made.choice([Tried, TriedEncoded]))
            universe.close()
            assert found == expected, f"document {number} of seed {seed}, trouble {trouble}, held {held}:\n{request}"
            request = replace(request, variables=writer.varied(request.variables))
            compared += 1
            without_errors += '"errors":[]' in expected
            fallbacks += library.fallbacks
            attempts += library.attempts
            foreseen += library.foreseen
    # The comparison is worth something where both ways of executing are taken often.
    assert compared > documents
    assert without_errors > compared * 0.3
    assert fallbacks > compared * 0.1
    assert attempts > compared * 0.05
    assert foreseen > 0


@pytest.mark.parametrize("seed", range(10))
async def test_generated_documents_are_answered_alike(seed: int) -> None:
    await compare(seed, 150)
    gc.collect()  # while what is said of coroutines is not listened to


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 100 + soak(40, short=4)))
async def test_many_generated_documents_are_answered_alike(seed: int) -> None:
    await compare(seed, 600)
    gc.collect()
