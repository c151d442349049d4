"""Documents of other shapes than the report. Each should cost about as much for each value as the report does."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from benchmarks.data_set import FIRST_DAY
from benchmarks.queries import REPORT

_SESSION = "id sessionDate startTime endTime startsAt status"
_ENROLLMENT = "id status waitlistPosition enrolledAt patient { displayName }"
_GROUP = f"""
    id name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt
    facilitator {{ displayName }}
    occurrences(first: 20) {{ nodes {{ {_SESSION} }} }}
    enrollments(first: 20) {{ nodes {{ {_ENROLLMENT} }} }}"""

_PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"

NESTED_PAGE_INFO: Final = REPORT.replace("(first: 20) {", f"(first: 20) {{ {_PAGE_INFO}")
"""The report with the position of each nested page."""

RELAY: Final = f"""
query Relay {{
  groupDefinitions(first: 200) {{
    edges {{
      cursor
      node {{
        id name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt
        facilitator {{ displayName }}
        occurrences(first: 20) {{ edges {{ cursor node {{ {_SESSION} }} }} {_PAGE_INFO} }}
        enrollments(first: 20) {{ edges {{ cursor node {{ {_ENROLLMENT} }} }} {_PAGE_INFO} }}
      }}
    }}
    {_PAGE_INFO}
  }}
}}
"""
"""The report as Relay and Apollo's helpers send it."""

DENIED: Final = """
{
  groupDefinitions(first: 200) {
    nodes {
      id name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt
      enrollments(first: 20) { totalCount }
    }
  }
}
"""
"""200 groups with a field that the caller may not view, and an error for each."""

FIVE_COUNTS: Final = """
{
  groupDefinitions(first: 200) {
    nodes {
      id
      all: occurrences { totalCount }
      scheduled: occurrences(filter: {status: [SCHEDULED]}) { totalCount }
      cancelled: occurrences(filter: {status: [CANCELLED]}) { totalCount }
      enrolled: enrollments(status: [ENROLLED]) { totalCount }
      waiting: enrollments(status: [WAITLISTED]) { totalCount }
    }
  }
}
"""
"""200 groups, each with the lengths of five lists."""

BY_CAPACITY: Final = """
{
  groupDefinitions(first: 200, filter: {capacityStatus: [OPEN]}) {
    totalCount
    nodes { id name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt }
  }
}
"""
"""200 of the groups with a free seat, and their number."""

_COMPLIANCE = """
      program weekStart weekEnd status hours days
      requirements { code required actual met }
      gaps { code shortfall }"""
_WEEKS = "\n".join(
    f'    {alias}: compliance(weekOf: "{FIRST_DAY + timedelta(weeks=week)}") {{{_COMPLIANCE}\n    }}'
    for week, alias in enumerate("abcd")
)
FOUR_WEEKS: Final = f"{{\n  groupDefinitions(first: 200) {{ nodes {{\n    id\n{_WEEKS}\n  }} }}\n}}"
"""200 groups, of which two in seven are programs, each compared with the requirements of four weeks."""

LAST_GENERATED_DAY: Final = FIRST_DAY + timedelta(days=729)
GENERATE: Final = f"""
mutation Generate($id: ID!, $from: Date!, $through: Date!) {{
  generateOccurrences(input: {{groupDefinitionId: $id, from: $from, through: $through}}) {{
    occurrences {{ {_SESSION} }}
    createdCount
    userErrors {{ code }}
  }}
}}
"""
"""Creates 730 sessions and returns them."""


def groups(ids: Sequence[str]) -> str:
    """Return the document that reads groups by their ids under aliases, with the fields of the report."""
    fields = "\n".join(f'  g{number}: groupDefinition(id: "{id_}") {{ ...group }}' for number, id_ in enumerate(ids))
    return f"{{\n{fields}\n}}\nfragment group on GroupDefinition {{{_GROUP}\n}}"


def nodes(ids: Sequence[str]) -> str:
    """Return the document that reads records of several types by their ids under aliases."""
    fields = "\n".join(f'  n{number}: node(id: "{id_}") {{ ...record }}' for number, id_ in enumerate(ids))
    return f"""{{
{fields}
}}
fragment record on Node {{
  __typename
  id
  ... on GroupDefinition {{{_GROUP}
  }}
  ... on Occurrence {{ {_SESSION} groupDefinition {{ id name }} }}
  ... on Enrollment {{ enrollmentStatus: status waitlistPosition enrolledAt groupDefinition {{ id name }} }}
  ... on Patient {{
    displayName medicalRecordNumber birthDate
    enrolledIn: enrollments(first: 5) {{ nodes {{ {_ENROLLMENT} }} }}
  }}
}}"""
