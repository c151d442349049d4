"""The GraphQL documents of the workloads."""

_GROUPS = """
    nodes {
      id name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt
      facilitator { displayName }
      occurrences(first: 20) {
        nodes { id sessionDate startTime endTime startsAt status }
      }
      enrollments(first: 20) {
        nodes { id status waitlistPosition enrolledAt patient { displayName } }
      }
    }"""

REPORT = f"query Report {{ groupDefinitions(first: 200) {{{_GROUPS} }} }}"
"""200 groups, each with 10 fields, 20 sessions of 6 fields and 20 enrollments of 5 fields."""

PAGE_OF_REPORT = f"""
query Report($after: String) {{
  groupDefinitions(first: 200, after: $after) {{{_GROUPS}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
"""One page of the same report of all groups."""

SMALL = """
query Group($id: ID!) {
  groupDefinition(id: $id) {
    id name groupType
    capacity { enrolled max available status }
    occurrences(first: 5) { nodes { id sessionDate startTime endTime status } }
  }
}
"""
"""One group with its capacity and its first five sessions."""

ENROLL = """
mutation Enroll($group: ID!, $patient: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: $patient}) {
    enrollment { id status waitlistPosition }
    userErrors { code }
  }
}
"""
"""Enrolls a patient in a group."""

CALENDAR = """
query Calendar($from: Date!) {
  occurrences(filter: {from: $from}, first: 50) {
    nodes {
      id sessionDate startTime endTime status
      groupDefinition { id name }
      facilitator { displayName }
      location { site room }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
"""A page of the calendar."""

GROUP_PAGE = """
query GroupPage($id: ID!, $from: Date!) {
  groupDefinition(id: $id) {
    id name groupType version
    facilitator { displayName credentials }
    location { site room }
    capacity { enrolled waitlisted max available status }
    occurrences(filter: {from: $from}, first: 10) {
      nodes { id sessionDate startTime endTime status }
    }
    enrollments(status: [ENROLLED, WAITLISTED], first: 50) {
      nodes { id status waitlistPosition enrolledAt patient { id displayName medicalRecordNumber } }
    }
  }
}
"""
"""The contents of a page about one group."""

PATIENT_SEARCH = """
query Search($text: String!) {
  patients(search: $text, first: 10) {
    nodes { id displayName medicalRecordNumber birthDate active }
    pageInfo { hasNextPage endCursor }
  }
}
"""
"""Patients by parts of their name or record number."""
