"""Generated documents over the library schema: both executors return the same response, to the byte."""

import gc
import random
from dataclasses import replace

import pytest

from tests.endurance.scale import soak
from tests.executor.comparing import parse_valid, response_text
from tests.executor.documents import DocumentWriter
from tests.executor.library import CountingExecutor, EncodingExecutor, schema
from tests.executor.universe import PERMISSIONS, Universe

pytestmark = [
    pytest.mark.anyio,
    # graphql-core does not await the coroutines of fields whose sibling has failed before.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

core = schema._schema


# A query without these fields is compiled as a whole.
_NOT_COMPILED = frozenset({"item", "named", "path", "slow", "everything", "shop", "books", "shelf", "cover"})


async def compare(seed: int, documents: int) -> None:
    rng = random.Random(seed)
    writer = DocumentWriter(core, rng)
    compared = without_errors = in_place = fallbacks = attempts = preloaded = 0
    for number in range(documents):
        writer.avoided = _NOT_COMPILED if rng.random() < 0.5 else frozenset()
        request = writer.write(rng.choice(["query", "query", "query", "mutation"]))
        document = parse_valid(core, request)
        if document is None:
            continue
        for fault_rate in (0, 0, rng.choice([0, 0.003]), rng.choice([0.02, 0.1])):
            # After the first execution, a query that was compiled as a whole takes the fast path.
            universe = Universe(rng.getrandbits(32), fault_rate)
            permissions = frozenset(PERMISSIONS if rng.random() < 0.6 else rng.sample(PERMISSIONS, rng.randint(3, 5)))
            expected = await response_text(core, document, request, universe.library(permissions))
            library = universe.library(permissions)
            executor = rng.choice([CountingExecutor, EncodingExecutor])
            actual = await response_text(core, document, request, library, executor)
            universe.close()
            case = f"document {number} of seed {seed}, fault rate {fault_rate}, permissions {permissions}"
            assert actual == expected, f"{case}:\n{request}"
            request = replace(request, variables=writer.varied(request.variables))
            compared += 1
            without_errors += '"errors":[]' in expected
            in_place += '"errors":[]' not in expected and library.fallbacks == 0
            fallbacks += library.fallbacks
            attempts += library.attempts
            preloaded += library.preloaded
    # The comparison is worth something only if compiled code, failures in place, the fast path and the fallback are
    # all used often.
    assert compared > documents
    assert without_errors > compared * 0.3
    assert in_place > compared * 0.2
    assert fallbacks > compared * 0.03
    assert attempts > compared * 0.05
    assert preloaded > 0


@pytest.mark.parametrize("seed", range(10))
async def test_executors_agree_on_generated_documents(seed: int) -> None:
    await compare(seed, 150)
    gc.collect()  # while the warnings about coroutines are ignored


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 100 + soak(40, short=4)))
async def test_executors_agree_on_many_generated_documents(seed: int) -> None:
    await compare(seed, 600)
    gc.collect()
