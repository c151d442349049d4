"""What a server keeps of documents is bounded by bytes, whatever they look like."""

import json
from itertools import product
from pathlib import Path

import httpx

from tests.server.http.server_process import ServerProcess, serving
from tests.support.api_client import bearer

MEGABYTE = 1_000_000


def ask(server: ServerProcess, http: httpx.Client, query: str, variables: dict[str, bool] | None = None) -> None:
    content = json.dumps({"query": query, "variables": variables})
    response = http.post(f"{server.url}/graphql", content=content)
    assert "errors" not in response.json(), response.json()["errors"]


def client() -> httpx.Client:
    return httpx.Client(headers={"Authorization": bearer(), "Content-Type": "application/json"}, timeout=60)


def test_long_documents_of_few_tokens_are_kept_within_bounds(server: ServerProcess) -> None:
    with client() as http:
        for number in range(5):
            ask(server, http, f"{{ viewer {{ id }} }} # {number}")
        before = server.memory
        for number in range(150):
            ask(server, http, "{ viewer { id } } # \N{GRINNING FACE}" + str(number).ljust(98_900, "x"))
    assert server.memory - before < 60 * MEGABYTE


def test_compiled_documents_are_kept_within_bounds_in_all_their_variants(database: Path) -> None:
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
                ask(server, http, head + groups + tail, dict(zip(names, values, strict=True)))

    with serving(database, LIMIT_CACHE_BYTES=str(10 * MEGABYTE)) as server, client() as http:
        use(http, server, 0, 3)  # more than it may keep
        before = server.memory
        use(http, server, 3, 20)
        assert server.memory - before < 45 * MEGABYTE
