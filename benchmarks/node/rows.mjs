// The statements of the Mercurius server. Each returns rows in the order of the ids.
import pg from "pg";

const ORGANIZATION = "clinic";

// Dates and times stay text as PostgreSQL writes it. Instants get the format that clients expect.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => `${text.replace(" ", "T")}:00`);

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

const GROUP = `
  id, name, group_type AS "groupType", time_zone AS "timeZone", max_capacity AS "maxCapacity",
  min_capacity AS "minCapacity", duration_minutes AS "durationMinutes", version, created_at AS "createdAt",
  facilitator_id AS "facilitatorId"`;

// Named, so that PostgreSQL parses and plans each statement once per connection.
async function rows(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}

function inOrder(ids, loaded) {
  const byId = new Map(loaded.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id));
}

function byParent(ids, loaded) {
  const lists = new Map(ids.map((id) => [id, []]));
  for (const row of loaded) lists.get(row.groupId).push(row);
  return ids.map((id) => lists.get(id));
}

export function groups(first) {
  return rows(
    "groups",
    `SELECT ${GROUP} FROM pm_group_definitions
     WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY name, id LIMIT $2`,
    [ORGANIZATION, first],
  );
}

export async function group(id) {
  const loaded = await rows(
    "group",
    `SELECT ${GROUP} FROM pm_group_definitions WHERE organization_id = $1 AND id = $2`,
    [ORGANIZATION, id],
  );
  return loaded[0];
}

export async function staffOf(ids) {
  const loaded = await rows(
    "staff",
    `SELECT id, display_name AS "displayName" FROM pm_group_staff_members
     WHERE organization_id = $1 AND id = ANY($2::text[])`,
    [ORGANIZATION, [...new Set(ids)]],
  );
  return inOrder(ids, loaded);
}

export async function patientsOf(ids) {
  const loaded = await rows(
    "patients",
    `SELECT id, display_name AS "displayName" FROM pm_group_patients
     WHERE organization_id = $1 AND id = ANY($2::text[])`,
    [ORGANIZATION, [...new Set(ids)]],
  );
  return inOrder(ids, loaded);
}

export async function seatsOf(ids) {
  const loaded = await rows(
    "seats",
    `SELECT group_definition_id AS id, count(*)::int AS enrolled FROM pm_group_enrollments
     WHERE organization_id = $1 AND group_definition_id = ANY($2::uuid[]) AND status = 'ENROLLED' GROUP BY 1`,
    [ORGANIZATION, ids],
  );
  return inOrder(ids, loaded).map((row) => row?.enrolled ?? 0);
}

export async function sessionsOf(ids, first) {
  const loaded = await rows(
    "sessions",
    `SELECT of.id AS "groupId", s.* FROM unnest($2::uuid[]) AS of (id) CROSS JOIN LATERAL (
       SELECT id, session_date AS "sessionDate", start_time AS "startTime", end_time AS "endTime",
         starts_at AS "startsAt", status
       FROM pm_group_schedule
       WHERE group_definition_id = of.id AND organization_id = $1
       ORDER BY session_date, start_time, id LIMIT $3
     ) s`,
    [ORGANIZATION, ids, first],
  );
  return byParent(ids, loaded);
}

export async function enrollmentsOf(ids, first) {
  const loaded = await rows("enrollments", enrollments("e.*"), [ORGANIZATION, ids, first]);
  return byParent(ids, loaded);
}

export async function enrollmentsWithPatientsOf(ids, first) {
  const joined = 'e.*, p.display_name AS "patientName"';
  const patients = 'JOIN pm_group_patients p ON p.organization_id = $1 AND p.id = e."patientId"';
  const loaded = await rows("enrollments and patients", enrollments(joined, patients), [ORGANIZATION, ids, first]);
  for (const row of loaded) row.patient = { id: row.patientId, displayName: row.patientName };
  return byParent(ids, loaded);
}

function enrollments(columns, join = "") {
  return `SELECT of.id AS "groupId", ${columns} FROM unnest($2::uuid[]) AS of (id) CROSS JOIN LATERAL (
       SELECT id, status, waitlist_position AS "waitlistPosition", enrolled_at AS "enrolledAt",
         patient_id AS "patientId", place
       FROM pm_group_enrollments
       WHERE group_definition_id = of.id AND organization_id = $1 AND deleted_at IS NULL
       ORDER BY place, id LIMIT $3
     ) e ${join} ${join && "ORDER BY of.id, e.place, e.id"}`;
}
