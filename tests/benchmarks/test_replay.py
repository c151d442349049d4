"""Recorded statements of an enrollment enroll other patients when they are replayed."""

import asyncpg
import pytest

from benchmarks.clinic_database import insert_data_sets
from benchmarks.data_set import DataSet, DataSetSize
from benchmarks.replay import RecordedEnrollment, Replay
from benchmarks.statement_log import LoggedStatement, parse_log
from tests.support.api_client import ORGANIZATION

GROUP = "01a20c18-8ae8-7165-b740-17e9bd232a84"
LOG = f"""\
2026-11-24 05:48:57.757 UTC [12223] LOG:  statement: BEGIN; SELECT set_config('role', 'clerk', true)
2026-11-24 05:48:57.758 UTC [12223] LOG:  execute __asyncpg_stmt_b__: SELECT id
\tFROM pm_group_definitions
\tWHERE id = $1
2026-11-24 05:48:57.758 UTC [12223] DETAIL:  Parameters: $1 = '{GROUP}'
2026-11-24 05:48:57.759 UTC [12223] LOG:  execute <unnamed>: INSERT INTO notes (text, by) VALUES ($1, $2)
2026-11-24 05:48:57.759 UTC [12223] DETAIL:  Parameters: $1 = 'it''s (a) note, $3 = ''x''', $2 = NULL
2026-11-24 05:48:57.759 UTC [10984] LOG:  checkpoint starting: time
2026-11-24 05:48:57.761 UTC [12223] LOG:  statement: COMMIT;
"""


def test_the_log_has_each_statement_with_its_parameters() -> None:
    begin, select, insert, commit = parse_log(LOG)

    assert begin.bounds_transaction
    assert select == LoggedStatement("SELECT id FROM pm_group_definitions WHERE id = $1", [GROUP])
    assert insert == LoggedStatement("INSERT INTO notes (text, by) VALUES ($1, $2)", ["it's (a) note, $3 = 'x'", None])
    assert commit.bounds_transaction
    assert not select.bounds_transaction
    assert not insert.bounds_transaction


@pytest.mark.anyio
async def test_a_replay_enrolls_another_patient_in_another_group(administrator_url: str) -> None:
    data_set = DataSet(ORGANIZATION, DataSetSize(groups=2, sessions=0, enrolled=1, disenrolled=0, patients=4))
    await insert_data_sets(administrator_url, [data_set])
    recorded_group, other_group = (str(group) for group in data_set.groups)
    statements = [
        LoggedStatement("SELECT id FROM pm_group_definitions WHERE id = $1::UUID FOR NO KEY UPDATE", [recorded_group]),
        LoggedStatement(
            "INSERT INTO pm_group_enrollments (id, organization_id, group_definition_id, patient_id, status,"
            " enrolled_at, version, created_at, updated_at) VALUES ($1::UUID, $2::VARCHAR, $3::UUID, $4::VARCHAR,"
            " $5::VARCHAR, $6::TIMESTAMPTZ, $7::INTEGER, $6::TIMESTAMPTZ, $6::TIMESTAMPTZ)",
            [
                "01a20c19-a820-7515-b2b5-5b2f2c97b76a", ORGANIZATION, recorded_group, "patient-2", "ENROLLED",
                "2026-11-24 05:48:57.7575+00", "1",
            ],
        ),
        LoggedStatement(
            "UPDATE pm_group_definitions SET changed_at = $1::TIMESTAMPTZ WHERE id = ANY ($2::UUID[])",
            ["2036-11-24 05:48:57.7575+00", f"{{{recorded_group}}}"],
        ),
    ]  # fmt: skip
    connection = await asyncpg.connect(administrator_url)
    replay = await Replay.prepare(connection, RecordedEnrollment(recorded_group, "patient-2", statements))

    first = await replay.enroll(connection, other_group, "patient-3")
    second = await replay.enroll(connection, other_group, "patient-2")

    rows = await connection.fetch(
        "SELECT id::text, patient_id FROM pm_group_enrollments WHERE group_definition_id = $1::uuid", other_group
    )
    [changed] = await connection.fetch(
        "SELECT id::text FROM pm_group_definitions WHERE changed_at > now() + interval '1 year'"
    )
    await connection.close()
    assert changed["id"] == other_group
    assert {tuple(row) for row in rows} >= {(first, "patient-3"), (second, "patient-2")}
    assert len(rows) == 1 + 2
