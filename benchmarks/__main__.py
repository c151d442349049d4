"""`python -m benchmarks`: measures, prints a table, and writes benchmarks/results.json."""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

import orjson

from benchmarks.measure import measure
from benchmarks.others import NotInstalled, install, others
from benchmarks.postgres import Postgres, running_postgres
from benchmarks.preparation import Clinic, compare_answers
from benchmarks.report import rows, table
from benchmarks.servers import Kind, limit, ours, running
from server.settings import Settings

_RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a turn of a server lasts")
    parser.add_argument("--only", default="", help="only these servers, by the start of their names, with commas")
    parser.add_argument("--workloads", default="report,small,enroll", help="only these")
    given = parser.parse_args()
    with running_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        _run(postgres, Path(folder), given)


def _run(postgres: Postgres, folder: Path, given: argparse.Namespace) -> None:
    _tell("filling the database")
    clinic = Clinic(postgres)
    asked = [each for each in clinic.workloads if each.name in given.workloads.split(",")]
    kinds = [limit(clinic.url, clinic.record_enrollment(folder)), *_ours(clinic.url), *_others(clinic.url)]
    if given.only:
        kinds = [kind for kind in kinds if kind.name.startswith(tuple(given.only.split(",")))]
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(running(kind, folder)) for kind in kinds]
        compare_answers(servers, asked)
        statements = {
            (server.kind.name, workload.name): clinic.statements(server, workload)
            for server in servers
            for workload in asked
            if workload.name not in server.kind.leaves_out
        }
        results = measure(servers, asked, rounds=given.rounds, seconds=given.seconds, after=clinic.undo, tell=_tell)
        memory = {server.kind.name: server.peak_memory for server in servers}
    print(table(results, memory, statements))
    _RESULTS.write_bytes(orjson.dumps({"rows": rows(results), "memory": memory}, option=orjson.OPT_INDENT_2))


def _ours(url: str) -> list[Kind]:
    kinds = [ours("ours", url)]
    if "executor" in Settings.model_fields:
        kinds.append(ours("ours, graphql-core", url, EXECUTOR="graphql-core"))
    return kinds


def _others(url: str) -> list[Kind]:
    _tell("installing PostGraphile and Mercurius")
    try:
        install()
    except NotInstalled as reason:
        _tell(f"PostGraphile and Mercurius are left out, since npm could not install them: {reason}")
        return []
    return others(url)


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
