"""The statements of the limit. Each returns a complete response: PostgreSQL builds its JSON."""

REPORT_BUILT = """
SELECT convert_to(
  json_build_object(
    'data', json_build_object('groupDefinitions', json_build_object('nodes', coalesce(json_agg(grp.node), '[]')))
  )::text,
  'UTF8'
)
FROM (
  SELECT json_build_object(
    'id', d.id, 'name', d.name, 'groupType', d.group_type, 'timeZone', d.time_zone, 'maxCapacity', d.max_capacity,
    'minCapacity', d.min_capacity, 'durationMinutes', d.duration_minutes, 'version', d.version,
    'createdAt', d.created_at,
    'facilitator', json_build_object('displayName', f.display_name),
    'occurrences', json_build_object('nodes', coalesce(sessions.nodes, '[]')),
    'enrollments', json_build_object('nodes', coalesce(places.nodes, '[]'))
  ) AS node
  FROM pm_group_definitions d
  JOIN pm_group_staff_members f ON f.organization_id = d.organization_id AND f.id = d.facilitator_id
  CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object(
      'id', s.id, 'sessionDate', s.session_date, 'startTime', s.start_time, 'endTime', s.end_time,
      'startsAt', s.starts_at, 'status', s.status
    )) AS nodes
    FROM (
      SELECT * FROM pm_group_schedule s
      WHERE s.group_definition_id = d.id AND s.organization_id = d.organization_id
      ORDER BY s.session_date, s.start_time, s.id
      LIMIT 20
    ) s
  ) sessions
  CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object(
      'id', e.id, 'status', e.status, 'waitlistPosition', e.waitlist_position, 'enrolledAt', e.enrolled_at,
      'patient', json_build_object('displayName', e.display_name)
    )) AS nodes
    FROM (
      SELECT e.*, p.display_name
      FROM pm_group_enrollments e
      JOIN pm_group_patients p ON p.organization_id = e.organization_id AND p.id = e.patient_id
      WHERE e.group_definition_id = d.id AND e.organization_id = d.organization_id AND e.deleted_at IS NULL
      ORDER BY e.place, e.id
      LIMIT 20
    ) e
  ) places
  WHERE d.organization_id = $1 AND d.deleted_at IS NULL
  ORDER BY d.name, d.id
  LIMIT 200
) grp
"""
"""The common form: every object by json_build_object, which writes the names of fields for each object."""

REPORT = """
SELECT convert_to('{"data":{"groupDefinitions":{"nodes":' || coalesce(json_agg(grp), '[]')::text || '}}}', 'UTF8')
FROM (
  SELECT
    d.id, d.name, d.group_type AS "groupType", d.time_zone AS "timeZone", d.max_capacity AS "maxCapacity",
    d.min_capacity AS "minCapacity", d.duration_minutes AS "durationMinutes", d.version, d.created_at AS "createdAt",
    json_build_object('displayName', f.display_name) AS facilitator,
    json_build_object('nodes', coalesce(sessions.nodes, '[]')) AS occurrences,
    json_build_object('nodes', coalesce(places.nodes, '[]')) AS enrollments
  FROM pm_group_definitions d
  JOIN pm_group_staff_members f ON f.organization_id = d.organization_id AND f.id = d.facilitator_id
  CROSS JOIN LATERAL (
    SELECT json_agg(session) AS nodes
    FROM (
      SELECT
        s.id, s.session_date AS "sessionDate", s.start_time AS "startTime", s.end_time AS "endTime",
        s.starts_at AS "startsAt", s.status
      FROM pm_group_schedule s
      WHERE s.group_definition_id = d.id AND s.organization_id = d.organization_id
      ORDER BY s.session_date, s.start_time, s.id
      LIMIT 20
    ) session
  ) sessions
  CROSS JOIN LATERAL (
    SELECT json_agg(place) AS nodes
    FROM (
      SELECT
        e.id, e.status, e.waitlist_position AS "waitlistPosition", e.enrolled_at AS "enrolledAt",
        json_build_object('displayName', p.display_name) AS patient
      FROM pm_group_enrollments e
      JOIN pm_group_patients p ON p.organization_id = e.organization_id AND p.id = e.patient_id
      WHERE e.group_definition_id = d.id AND e.organization_id = d.organization_id AND e.deleted_at IS NULL
      ORDER BY e.place, e.id
      LIMIT 20
    ) place
  ) places
  WHERE d.organization_id = $1 AND d.deleted_at IS NULL
  ORDER BY d.name, d.id
  LIMIT 200
) grp
"""
"""The fastest known form: json_agg of whole rows."""

SMALL = """
SELECT convert_to('{"data":{"groupDefinition":' || row_to_json(grp)::text || '}}', 'UTF8')
FROM (
  SELECT
    d.id, d.name, d.group_type AS "groupType",
    json_build_object(
      'enrolled', seats.enrolled, 'max', d.max_capacity, 'available', greatest(0, d.max_capacity - seats.enrolled),
      'status', CASE
        WHEN seats.enrolled < d.max_capacity THEN 'OPEN'
        WHEN seats.enrolled = d.max_capacity THEN 'FULL'
        ELSE 'OVER_CAPACITY'
      END
    ) AS capacity,
    json_build_object('nodes', coalesce(sessions.nodes, '[]')) AS occurrences
  FROM pm_group_definitions d
  CROSS JOIN LATERAL (
    SELECT count(*) AS enrolled
    FROM pm_group_enrollments e
    WHERE e.group_definition_id = d.id AND e.organization_id = d.organization_id AND e.status = 'ENROLLED'
  ) seats
  CROSS JOIN LATERAL (
    SELECT json_agg(session) AS nodes
    FROM (
      SELECT
        s.id, s.session_date AS "sessionDate", s.start_time AS "startTime", s.end_time AS "endTime", s.status
      FROM pm_group_schedule s
      WHERE s.group_definition_id = d.id AND s.organization_id = d.organization_id
      ORDER BY s.session_date, s.start_time, s.id
      LIMIT 5
    ) session
  ) sessions
  WHERE d.organization_id = $1 AND d.id = $2
) grp
"""
