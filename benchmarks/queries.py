"""What is asked: the documents of this API."""

REPORT = """
query Report {
  groupDefinitions(first: 200) {
    nodes {
      id name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt
      facilitator { displayName }
      occurrences(first: 20) {
        nodes { id sessionDate startTime endTime startsAt status }
      }
      enrollments(first: 20) {
        nodes { id status waitlistPosition enrolledAt patient { displayName } }
      }
    }
  }
}
"""
"""200 groups, each with 10 fields, 20 sessions of 6 fields and 20 enrollments of 5."""

SMALL = """
query Group($id: ID!) {
  groupDefinition(id: $id) {
    id name groupType
    capacity { enrolled max available status }
    occurrences(first: 5) { nodes { id sessionDate startTime endTime status } }
  }
}
"""
"""One group with its seats and its first five sessions."""

ENROLL = """
mutation Enroll($group: ID!, $patient: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: $patient}) {
    enrollment { id status waitlistPosition }
    userErrors { code }
  }
}
"""
"""Puts a patient in a group."""
