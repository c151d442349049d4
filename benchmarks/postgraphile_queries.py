"""The queries in the API that PostGraphile derives from the tables. Aliases give the fields this API's names."""

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
