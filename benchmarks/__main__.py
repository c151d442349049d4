"""`python -m benchmarks`: measures, prints tables, and writes them, JSON and a plot into var/bench."""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from benchmarks import data_set
from benchmarks.beside import measure_beside
from benchmarks.comparison import Choice, Effort, compare
from benchmarks.data_set import DataSet
from benchmarks.fill import create_clinic_database
from benchmarks.growth import compare_sizes
from benchmarks.plot import plot
from benchmarks.postgres import Postgres, running_postgres
from benchmarks.preparation import Clinic
from benchmarks.report import beside_table, comparison_rows, comparison_table, growth_rows, growth_table
from benchmarks.servers import ours
from benchmarks.summary import summary
from benchmarks.workloads import ENROLL_NAME, ORGANIZATION, REPORT_NAME, SMALL_NAME

_PARTS = ("comparison", "growth", "beside")
_FULL = Effort(rounds=4, seconds=2.0)
_QUICK = Effort(rounds=2, seconds=0.7)
_SMALLER = 10  # a quick run's grown clinic is a tenth of the size
_BESIDE_SECONDS = 15.0
_BESIDE_SECONDS_QUICK = 4.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, and a smaller grown clinic")
    parser.add_argument("--part", action="append", choices=_PARTS, help="only this part; may be told several times")
    parser.add_argument("--only", default="", metavar="NAMES", help="only servers whose names start so, with commas")
    parser.add_argument("--workloads", default=f"{REPORT_NAME},{SMALL_NAME},{ENROLL_NAME}", help="only these questions")
    parser.add_argument("--rounds", type=int, help="how many rounds count")
    parser.add_argument("--seconds", type=float, help="how long a turn of a server lasts")
    parser.add_argument("--into", type=Path, default=Path("var/bench"), help="the folder to write to")
    given = parser.parse_args()
    with running_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        found, text = _measure(postgres, Path(folder), given)
    print(text)
    given.into.mkdir(parents=True, exist_ok=True)
    (given.into / "results.json").write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    (given.into / "results.txt").write_text(text + "\n")
    if "comparison" in found:
        (given.into / "results.svg").write_text(plot(found["comparison"]))


def _measure(postgres: Postgres, folder: Path, given: argparse.Namespace) -> tuple[dict[str, Any], str]:
    effort = _QUICK if given.quick else _FULL
    effort = Effort(given.rounds or effort.rounds, given.seconds or effort.seconds)
    parts = given.part or _PARTS
    found: dict[str, Any] = {"machine": _machine()}
    texts = [f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL on the same machine"]
    _tell("filling a database with 200 groups")
    clinic = Clinic(postgres)
    if "comparison" in parts:
        choice = Choice(tuple(filter(None, given.only.split(","))), tuple(given.workloads.split(",")))
        comparison = compare(clinic, folder, choice, effort, _tell)
        found["comparison"] = comparison_rows(comparison)
        texts += [summary(found["comparison"]), comparison_table(found["comparison"], comparison.left_out)]
    if "growth" in parts or "beside" in parts:
        size = data_set.GROWN.shrunk(_SMALLER) if given.quick else data_set.GROWN
        _tell(f"filling a database with {size.groups * size.sessions:,} sessions")
        grown = DataSet(ORGANIZATION, size)
        grown_url = asyncio.run(create_clinic_database(postgres, "grown", [grown]))
        if "growth" in parts:
            _tell("comparing pages of a small and of a grown clinic")
            clinics = [(ours("small", clinic.url), clinic.report), (ours("grown", grown_url), grown)]
            found["growth"] = growth_rows(
                compare_sizes(clinics, folder, Effort(effort.rounds, effort.seconds / 2), _tell)
            )
            texts.append(growth_table(found["growth"]))
        if "beside" in parts:
            _tell(f"small queries beside a report of {size.groups:,} groups")
            seconds = _BESIDE_SECONDS_QUICK if given.quick else _BESIDE_SECONDS
            beside = measure_beside(ours("grown", grown_url), grown, folder, seconds)
            found["beside"] = beside.as_json()
            texts.append(f"while a report of {size.groups:,} groups is read\n{beside_table(beside)}")
    return found, "\n\n".join(texts)


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}


_STARTED = time.monotonic()


def _tell(words: str) -> None:
    print(f"{time.monotonic() - _STARTED:5.0f} s  {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
