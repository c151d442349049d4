"""The console script, run as a program: its output, errors and exit status."""

import asyncio
import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import jwt
import pytest
from sqlalchemy import text

from db.connections.engine import Database
from db.migrations.schema_version import VERSION_TABLE, current_revision
from tests.support.commands import assert_refused, run
from tests.support.databases import PASSWORD, administer, with_login
from tests.support.processes import child_environment

SECRET = "a-secret-that-only-the-tests-know-0123456789"
TOKEN = ("token", "--organization", "org-1", "--subject", "nurse")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "serve",
        "migrate",
        "demo",
        "import-fhir",
        "token",
        "events",
        "relay",
        "check",
        "backup",
        "restore",
        "export-schema",
    ],
)
def test_every_command_has_a_help_text(command: str, tmp_path: Path) -> None:
    done = run(*command.split(), "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "usage: group-sessions" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("COMMAND",)),
        (("fly",), ("fly",)),
        (("serve", "--port", "70000"), ("--port", "65535")),
        (("serve", "--workers", "0"), ("--workers",)),
        (("token", "--organization", "o", "--subject", "s"), ("--permission", "--role")),
        ((*TOKEN, "--role", "king"), ("king", "org_admin")),
        ((*TOKEN, "--role", "staff", "--permission", "pm.group_schedule.view"), ("not allowed with",)),
        ((*TOKEN, "--role", "staff", "--expires-in", "soon"), ("--expires-in", "8h")),
        ((*TOKEN, "--role", "staff"), ("AUTH_JWT_SECRET",)),
        (("serve",), ("AUTH_JWT_SECRET", "AUTH_JWKS_URL")),
        (("serve", "--demo", "--host", "0.0.0.0"), ("loopback",)),
        (("import-fhir", "--organization", "org-1", "missing.ndjson"), ("missing.ndjson", "No such file")),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(
    arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path
) -> None:
    assert_refused(run(*arguments, cwd=tmp_path), *words)


def test_an_unknown_event_is_reported_in_one_line(tmp_path: Path) -> None:
    assert run("migrate", cwd=tmp_path).returncode == 0
    for event in ("yesterday", "01890000-0000-7000-8000-000000000000"):
        assert_refused(run("events", "--after", event, cwd=tmp_path), event)


def test_a_wrong_setting_is_reported_with_its_name(tmp_path: Path) -> None:
    assert_refused(run("migrate", cwd=tmp_path, WEEK_START="someday"), "WEEK_START", "weekday")


def test_an_unreachable_database_is_reported_without_its_password(tmp_path: Path) -> None:
    done = run("migrate", cwd=tmp_path, DATABASE_URL="postgresql://clinic:hidden-word@127.0.0.1:1/pm")
    assert_refused(done, "the database does not accept connections: ")
    assert "hidden-word" not in done.stderr


@pytest.mark.anyio
@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_connection_over_the_limit_of_the_role_is_reported(
    database_kind: str, administrator_url: str, tmp_path: Path
) -> None:
    login = "clinic_of_one_connection"
    await administer(
        administrator_url,
        f"CREATE ROLE {login} LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 1"
        " IN ROLE pm_group_server, pm_group_background",
    )
    try:
        done = await asyncio.to_thread(
            run,
            "serve",
            "--port",
            "0",
            cwd=tmp_path,
            DATABASE_URL=with_login(administrator_url, login),
            AUTH_JWT_SECRET=SECRET,
        )
    finally:
        await administer(administrator_url, f"DROP ROLE {login}")
    assert_refused(done, "limit of connections", "too many connections for role")


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port, cwd=tmp_path, AUTH_JWT_SECRET=SECRET)
    assert_refused(done)
    assert done.stderr == f"group-sessions: cannot listen on 127.0.0.1 port {port}: {os.strerror(errno.EADDRINUSE)}\n"


def test_a_token_contains_the_requested_claims(tmp_path: Path) -> None:
    done = run(
        *TOKEN,
        "--permission",
        "pm.group_schedule.view",
        "pm.group_schedule.edit",
        "--permission",
        "pm.group_enrollments.view",
        "--expires-in",
        "8h",
        cwd=tmp_path,
        AUTH_JWT_SECRET=SECRET,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    claims = jwt.decode(done.stdout.strip(), SECRET, algorithms=["HS256"])
    assert (claims["organization_id"], claims["sub"]) == ("org-1", "nurse")
    assert claims["permissions"] == ["pm.group_schedule.view", "pm.group_schedule.edit", "pm.group_enrollments.view"]
    assert claims["exp"] - claims["iat"] == 8 * 3600


def test_a_second_migration_changes_nothing(empty_database_url: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert run("migrate", cwd=tmp_path, DATABASE_URL=empty_database_url).returncode == 0


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=False)
def test_serve_rejects_an_old_schema_on_postgresql(database_kind: str, empty_database_url: str, tmp_path: Path) -> None:
    done = run("serve", "--port", "0", cwd=tmp_path, DATABASE_URL=empty_database_url, AUTH_JWT_SECRET=SECRET)
    assert_refused(done, "group-sessions migrate")


@pytest.mark.anyio
async def test_a_newer_schema_is_reported_and_not_changed(engine: Database, owner_url: str, tmp_path: Path) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'tomorrow'"))
    for command in (("migrate",), ("serve", "--port", "0"), ("events",)):
        done = run(*command, cwd=tmp_path, DATABASE_URL=owner_url, AUTH_JWT_SECRET=SECRET)
        assert_refused(done, "newer version of this program")
    assert await current_revision(engine) == "tomorrow"


IMPORT = ("import-fhir", "--organization", "org-1")
PATIENT = '{"resourceType": "Patient", "id": "p1", "name": [{"text": "Somebody"}]}\n'


def test_an_import_with_refused_lines_fails_unless_allowed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(PATIENT + '{"resourceType": "Patient", "id": "p2"}\n')
    done = run(*IMPORT, "file", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        "group-sessions: refused records: 1; correct them, or accept this with --allow-refused\n",
    )
    assert "file:2: name is missing" in done.stdout
    assert "Patient     1" in done.stdout
    done = run(*IMPORT, "file", "--allow-refused", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "file:2: name is missing" in done.stdout


def test_csv_files_are_imported_with_the_same_report(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("id,name,birth_date\np1,Ada Test,2/29/1980\np2,,\n")
    command = ("import-csv", "--organization", "org-1")
    done = run(*command, "--patients", "patients.csv", "--date-order", "mdy", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        "group-sessions: refused records: 1; correct them, or accept this with --allow-refused\n",
    )
    assert "patients.csv:3: name is missing" in done.stdout
    assert "Patient     1" in done.stdout
    for arguments, reason in [
        ((), "at least one of --patients, --staff and --locations is required"),
        (("--staff", "patients.csv"), "patients.csv: column 3 of the header is unknown; the columns are: id, name, "),
        (("--staff", "missing.csv"), "missing.csv: No such file or directory"),
        (("--patients", "patients.csv", "--confirm", "1"), "--confirm requires --full"),
    ]:
        assert_refused(run(*command, *arguments, cwd=tmp_path), reason)


def test_resources_of_other_types_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(PATIENT + '{"resourceType": "Observation", "id": "o"}\n' * 7000)
    done = run(*IMPORT, "file", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines() if "Observation" in line] == [
        ["Observation", "0", "0", "0", "0", "7,000", "0"]
    ]


def test_a_file_with_only_refused_lines_can_be_allowed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"resourceType": "Patient", "id": "p1"}\n')
    assert run(*IMPORT, "file", cwd=tmp_path).returncode == 1
    done = run(*IMPORT, "file", "--allow-refused", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_import_continues_when_its_output_is_closed(tmp_path: Path) -> None:
    faults = "".join(f'{{"resourceType": "Patient", "id": "x", "birthDate": {number}}}\n' for number in (1, "[]"))
    (tmp_path / "file").write_text(faults + PATIENT)
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        [sys.executable, "-m", "server", *IMPORT, "file"],
        cwd=tmp_path,
        env=child_environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(writer)
        _, errors = process.communicate(timeout=50)
    assert (process.returncode, errors) == (
        1,
        "group-sessions: refused records: 2; correct them, or accept this with --allow-refused\n",
    )
    done = run(*IMPORT, "file", "--allow-refused", cwd=tmp_path)
    assert ["Patient", "0", "0", "1", "0", "0", "2"] in [line.split() for line in done.stdout.splitlines()]


def test_a_file_name_may_be_invalid_utf_8(tmp_path: Path) -> None:
    name = os.fsdecode(b"Pat\xff")
    (tmp_path / name).write_text('{"resourceType": "Patient", "id": "x"}\n' + PATIENT)
    done = run(*IMPORT, name, "--report", "report.json", cwd=tmp_path)
    assert done.returncode == 1
    assert "Pat?:1: name is missing" in done.stdout
    assert json.loads((tmp_path / "report.json").read_text())["problems"][0]["file"] == "Pat?"


def test_an_import_without_any_resource_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not JSON\n")
    done = run(*IMPORT, "file", "--allow-refused", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        "group-sessions: the files contain no FHIR resources: nothing was imported\n",
    )
    assert "file:1: the line is not JSON" in done.stdout


def test_a_full_export_requires_the_number_of_missing_records(tmp_path: Path) -> None:
    (tmp_path / "all").write_text(PATIENT + PATIENT.replace("p1", "p2"))
    (tmp_path / "one").write_text(PATIENT)
    assert run(*IMPORT, "all", cwd=tmp_path).returncode == 0
    done = run(*IMPORT, "--full", "one", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing was changed. Active records that are missing from the files: 1." in done.stdout
    assert "To import the files and make these records inactive, add: --confirm 1" in done.stdout
    done = run(*IMPORT, "--full", "--confirm", "2", "one", cwd=tmp_path)
    assert done.returncode == 1
    assert "active records that are missing from the files: 1;" in done.stderr
    assert run(*IMPORT, "--full", "--confirm", "1", "one", cwd=tmp_path).returncode == 0
    done = run(*IMPORT, "--full", "one", cwd=tmp_path)
    assert "make these records inactive, add: --confirm 0" in done.stdout
    (tmp_path / "one").write_text(PATIENT + "nonsense\n")
    done = run(*IMPORT, "--full", "--confirm", "0", "one", cwd=tmp_path)
    assert done.returncode == 1
    assert "unreadable parts of the files: 1; nothing was made inactive" in done.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--confirm", "1"), "--confirm requires --full"),
        (("--full", "--confirm", "all"), "must be a number of records"),
        (("--report", "file"), "this file exists and is not a report"),
        (("--report", "gone/report.json"), "gone/report.json: No such file"),
        (("--identifier-system", ""), "must be text of 1 to 1000 characters"),
    ],
)
def test_wrong_import_options_are_reported_in_one_line(options: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(PATIENT)
    assert_refused(run(*IMPORT, *options, "--", "file", cwd=tmp_path), reason)


def test_the_schema_is_printed(tmp_path: Path) -> None:
    done = run("export-schema", cwd=tmp_path)
    assert done.returncode == 0
    assert "directive @requiresPermission(key: String!) on FIELD_DEFINITION" in done.stdout


def test_the_demo_fills_an_empty_database_once(tmp_path: Path) -> None:
    assert run("demo", cwd=tmp_path).returncode == 0
    assert_refused(run("demo", cwd=tmp_path), "empty")
    check = run("check", cwd=tmp_path)
    assert (check.returncode, check.stdout[:20]) == (0, "All invariants hold.")
    events = run("events", cwd=tmp_path)
    assert events.returncode == 0
    lines = [json.loads(line) for line in events.stdout.splitlines()]
    assert len(lines) > 100
    after = run("events", "--after", lines[-3]["id"], cwd=tmp_path)
    assert [json.loads(line) for line in after.stdout.splitlines()] == lines[-2:]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_serves_its_sign_in_links_until_it_is_stopped(
    workers: int, number: signal.Signals, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "serve", "--demo", "--port", "0", "--workers", str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=child_environment(),
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        links = [process.stdout.readline() for _ in range(2)]
        for link in links:
            match = re.search(r"(http://127\.0\.0\.1:\d+)/#token=(\S+)", link)
            assert match is not None
            address, token = match.groups()
            response = httpx.post(
                f"{address}/graphql",
                json={"query": "{ groupDefinitions(first: 2) { nodes { name } } }"},
                headers={"Authorization": f"Bearer {token}"},
                timeout=30,
            )
            assert response.status_code == 200
            assert len(response.json()["data"]["groupDefinitions"]["nodes"]) == 2
    finally:
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr
    assert all(isinstance(json.loads(line), dict) for line in stderr.splitlines())
