"""Run the benchmarks, print the results as tables, and write tables, JSON and a plot to var/bench."""

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
from benchmarks.board import measure_board
from benchmarks.clinic_database import create_clinic_database
from benchmarks.comparison import Choice, Effort, compare
from benchmarks.data_set import DataSet
from benchmarks.exports import measure_exports
from benchmarks.growth import compare_sizes
from benchmarks.interference import measure_interference
from benchmarks.plot import plot
from benchmarks.postgres import Postgres, running_postgres
from benchmarks.preparation import BenchmarkClinic
from benchmarks.reconciliation import measure_reconciliation
from benchmarks.report import comparison_rows, comparison_table, growth_rows, growth_table, interference_table
from benchmarks.servers import ours
from benchmarks.shape_costs import measure_shapes, shape_rows, shape_table
from benchmarks.streams import measure_streams
from benchmarks.summary import summary
from benchmarks.workloads import ENROLL_NAME, ORGANIZATION, REPORT_NAME, SMALL_NAME

_PARTS = ("board", "comparison", "exports", "growth", "interference", "reconciliation", "shapes", "streams")
_FULL = Effort(rounds=4, seconds=2.0)
_QUICK = Effort(rounds=2, seconds=0.7)
_QUICK_DIVISOR = 10  # a quick run uses a tenth of the grown clinic
_INTERFERENCE_SECONDS = 15.0
_INTERFERENCE_SECONDS_QUICK = 4.0
_IDLE_SECONDS = 60.0  # several heartbeats
_IDLE_SECONDS_QUICK = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="run fewer and shorter rounds, and use a smaller grown clinic"
    )
    parser.add_argument("--part", action="append", choices=_PARTS, help="run only this part; may be repeated")
    parser.add_argument(
        "--only", default="", metavar="NAMES", help="compare only servers with these prefixes, separated by commas"
    )
    parser.add_argument(
        "--workloads",
        default=f"{REPORT_NAME},{SMALL_NAME},{ENROLL_NAME}",
        help="run only these workloads, separated by commas",
    )
    parser.add_argument("--rounds", type=int, help="the number of rounds")
    parser.add_argument("--seconds", type=float, help="the duration of each run of a server")
    parser.add_argument("--into", type=Path, default=Path("var/bench"), help="the output folder")
    options = parser.parse_args()
    with running_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        results, text = _measure(postgres, Path(folder), options)
    print(text)
    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / "results.json").write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    (options.into / "results.txt").write_text(text + "\n")
    if "comparison" in results:
        (options.into / "results.svg").write_text(plot(results["comparison"]))


def _measure(postgres: Postgres, folder: Path, options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    effort = _effort(options)
    parts = options.part or _PARTS
    results: dict[str, Any] = {"machine": _machine()}
    texts = [f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL on the same machine"]
    _log("creating a database with 200 groups")
    clinic = BenchmarkClinic(postgres)
    if "comparison" in parts:
        choice = Choice(tuple(filter(None, options.only.split(","))), tuple(options.workloads.split(",")))
        comparison = compare(clinic, folder, choice, effort, _log)
        results["comparison"] = comparison_rows(comparison)
        texts += [summary(results["comparison"]), comparison_table(results["comparison"], comparison.left_out)]
    if "shapes" in parts:
        _log("measuring queries of other shapes")
        results["shapes"] = shape_rows(measure_shapes(clinic, folder, effort.seconds, _log))
        texts.append(shape_table(results["shapes"]))
    if "reconciliation" in parts:
        _log("reconciling two years of a calendar")
        reconciliation = measure_reconciliation(clinic, folder, _log)
        results["reconciliation"] = reconciliation.as_json()
        texts.append(str(reconciliation))
    if "board" in parts:
        _log("comparing the weeks of patients")
        board = measure_board(clinic, folder, _log)
        results["board"] = board.as_json()
        texts.append(str(board))
    if "exports" in parts:
        _log("exporting enrollments")
        exports = measure_exports(clinic, folder, _log)
        results["exports"] = exports.as_json()
        texts.append(str(exports))
    if "streams" in parts:
        streams = measure_streams(clinic, folder, _IDLE_SECONDS_QUICK if options.quick else _IDLE_SECONDS, _log)
        results["streams"] = [idle.as_json() for idle in streams]
        texts += [str(idle) for idle in streams]
    if "growth" in parts or "interference" in parts:
        size = data_set.GROWN.divided_by(_QUICK_DIVISOR) if options.quick else data_set.GROWN
        _log(f"creating a database with {size.groups * size.sessions:,} sessions")
        grown = DataSet(ORGANIZATION, size)
        grown_url = asyncio.run(create_clinic_database(postgres, "grown", [grown]))
        if "growth" in parts:
            _log("comparing pages of a small and of a grown clinic")
            clinics = [(ours("small", clinic.url), clinic.report), (ours("grown", grown_url), grown)]
            results["growth"] = growth_rows(
                compare_sizes(clinics, folder, Effort(effort.rounds, effort.seconds / 2), _log)
            )
            texts.append(growth_table(results["growth"]))
        if "interference" in parts:
            _log(f"measuring small queries beside a report of {size.groups:,} groups")
            seconds = _INTERFERENCE_SECONDS_QUICK if options.quick else _INTERFERENCE_SECONDS
            interference = measure_interference(ours("grown", grown_url), grown, folder, seconds)
            results["interference"] = interference.as_json()
            texts.append(f"while a report of {size.groups:,} groups is read\n{interference_table(interference)}")
    return results, "\n\n".join(texts)


def _effort(options: argparse.Namespace) -> Effort:
    effort = _QUICK if options.quick else _FULL
    return Effort(options.rounds or effort.rounds, options.seconds or effort.seconds)


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}


_STARTED = time.monotonic()


def _log(message: str) -> None:
    print(f"{time.monotonic() - _STARTED:5.0f} s  {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
