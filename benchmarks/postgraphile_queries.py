"""The queries in the API that PostGraphile derives from the tables. Aliases give the fields this API's names."""

from collections.abc import Sequence

REPORT = """
query Report {
  groupDefinitions: allPmGroupDefinitions(
    first: 200, condition: {organizationId: "clinic", deletedAt: null}, orderBy: [NAME_ASC, ROW_ID_ASC]
  ) {
    nodes {
      id: rowId name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt
      facilitator: pmGroupStaffMemberByOrganizationIdAndFacilitatorId { displayName }
      occurrences: pmGroupSchedulesByOrganizationIdAndGroupDefinitionId(
        first: 20, orderBy: [SESSION_DATE_ASC, START_TIME_ASC, ROW_ID_ASC]
      ) {
        nodes { id: rowId sessionDate startTime endTime startsAt status }
      }
      enrollments: pmGroupEnrollmentsByOrganizationIdAndGroupDefinitionId(
        first: 20, condition: {deletedAt: null}, orderBy: [PLACE_ASC, ROW_ID_ASC]
      ) {
        nodes {
          id: rowId status waitlistPosition enrolledAt
          patient: pmGroupPatientByOrganizationIdAndPatientId { displayName }
        }
      }
    }
  }
}
"""

_PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
_INNER_NODES = "\n        nodes {"
NESTED_PAGE_INFO = REPORT.replace(_INNER_NODES, f"\n        {_PAGE_INFO}{_INNER_NODES}")

_GROUPS = """groupDefinitions: allPmGroupDefinitions(
    first: 200, condition: {organizationId: "clinic", deletedAt: null}, orderBy: [NAME_ASC, ROW_ID_ASC]
  )"""
_GROUP = "id: rowId name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt"
_FACILITATOR = "facilitator: pmGroupStaffMemberByOrganizationIdAndFacilitatorId { displayName }"
_SESSIONS = "pmGroupSchedulesByOrganizationIdAndGroupDefinitionId"
_ENROLLMENTS = "pmGroupEnrollmentsByOrganizationIdAndGroupDefinitionId"
_FIRST_SESSIONS = f"occurrences: {_SESSIONS}(first: 20, orderBy: [SESSION_DATE_ASC, START_TIME_ASC, ROW_ID_ASC])"
_FIRST_ENROLLMENTS = (
    f"enrollments: {_ENROLLMENTS}(first: 20, condition: {{deletedAt: null}}, orderBy: [PLACE_ASC, ROW_ID_ASC])"
)
_SESSION = "id: rowId sessionDate startTime endTime startsAt status"
_ENROLLMENT = (
    "id: rowId status waitlistPosition enrolledAt patient: pmGroupPatientByOrganizationIdAndPatientId { displayName }"
)

RELAY = f"""
{{
  {_GROUPS} {{
    edges {{
      cursor
      node {{
        {_GROUP} {_FACILITATOR}
        {_FIRST_SESSIONS} {{ edges {{ cursor node {{ {_SESSION} }} }} {_PAGE_INFO} }}
        {_FIRST_ENROLLMENTS} {{ edges {{ cursor node {{ {_ENROLLMENT} }} }} {_PAGE_INFO} }}
      }}
    }}
    {_PAGE_INFO}
  }}
}}
"""

FIVE_COUNTS = f"""
{{
  {_GROUPS} {{
    nodes {{
      id: rowId
      all: {_SESSIONS} {{ totalCount }}
      scheduled: {_SESSIONS}(condition: {{status: "SCHEDULED"}}) {{ totalCount }}
      cancelled: {_SESSIONS}(condition: {{status: "CANCELLED"}}) {{ totalCount }}
      enrolled: {_ENROLLMENTS}(condition: {{deletedAt: null, status: "ENROLLED"}}) {{ totalCount }}
      waiting: {_ENROLLMENTS}(condition: {{deletedAt: null, status: "WAITLISTED"}}) {{ totalCount }}
    }}
  }}
}}
"""


def groups(ids: Sequence[str]) -> str:
    """Return the document that reads groups by their ids under aliases, with the fields of the report."""
    fields = "\n".join(
        f'  g{number}: pmGroupDefinitionByRowId(rowId: "{id_}") {{ ...group }}' for number, id_ in enumerate(ids)
    )
    return f"""{{
{fields}
}}
fragment group on PmGroupDefinition {{
  {_GROUP} {_FACILITATOR}
  {_FIRST_SESSIONS} {{ nodes {{ {_SESSION} }} }}
  {_FIRST_ENROLLMENTS} {{ nodes {{ {_ENROLLMENT} }} }}
}}"""


SMALL = """
query Group($id: UUID!) {
  groupDefinition: pmGroupDefinitionByRowId(rowId: $id) {
    id: rowId name groupType maxCapacity
    capacity: pmGroupEnrollmentsByOrganizationIdAndGroupDefinitionId(condition: {status: "ENROLLED"}) {
      enrolled: totalCount
    }
    occurrences: pmGroupSchedulesByOrganizationIdAndGroupDefinitionId(
      first: 5, orderBy: [SESSION_DATE_ASC, START_TIME_ASC, ROW_ID_ASC]
    ) {
      nodes { id: rowId sessionDate startTime endTime status }
    }
  }
}
"""
"""The capacity is only a count here. Clients derive the other two values from it."""
