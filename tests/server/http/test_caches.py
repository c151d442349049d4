"""The memory of the document caches is bounded for any kind of document."""

import json
from itertools import product
from pathlib import Path

import httpx

from tests.server.http.server_process import ServerProcess, serving
from tests.support.api_client import bearer

MEGABYTE = 1_000_000


def send(server: ServerProcess, http: httpx.Client, query: str, variables: dict[str, bool] | None = None) -> None:
    content = json.dumps({"query": query, "variables": variables})
    response = http.post(f"{server.url}/graphql", content=content)
    assert "errors" not in response.json(), response.json()["errors"]


def client() -> httpx.Client:
    return httpx.Client(headers={"Authorization": bearer(), "Content-Type": "application/json"}, timeout=60)


def test_the_cache_of_long_documents_with_few_tokens_is_bounded(server: ServerProcess) -> None:
    with client() as http:
        for number in range(5):
            send(server, http, f"{{ viewer {{ id }} }} # {number}")
        before = server.memory
        for number in range(150):
            send(server, http, "{ viewer { id } } # \N{GRINNING FACE}" + str(number).ljust(98_900, "x"))
    assert server.memory - before < 60 * MEGABYTE


def test_the_cache_of_compiled_documents_is_bounded_for_all_variants(database: Path) -> None:
    names = [f"v{number}" for number in range(4)]
    head = "query (" + ", ".join(f"${name}: Boolean!" for name in names) + ") { "
    tail = " ".join(f"t{name}: __typename @skip(if: ${name})" for name in names) + " }"

    def use(http: httpx.Client, server: ServerProcess, first: int, last: int) -> None:
        for number in range(first, last):
            groups = " ".join(
                f"g{part}_{number}: groupDefinitions(first: 1) {{ nodes {{ id name maxCapacity timeZone }} }}"
                for part in range(15)
            )
            for values in product((True, False), repeat=len(names)):
                send(server, http, head + groups + tail, dict(zip(names, values, strict=True)))

    with serving(database, LIMIT_CACHE_BYTES=str(10 * MEGABYTE)) as server, client() as http:
        use(http, server, 0, 3)  # more than the cache may hold
        before = server.memory
        use(http, server, 3, 20)
        assert server.memory - before < 45 * MEGABYTE
