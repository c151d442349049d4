"""Documents of other shapes than the report. Each should cost about as much for each value as the report does."""

from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.queries import REPORT

_PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"

NESTED_PAGE_INFO = REPORT.replace("(first: 20) {", f"(first: 20) {{ {_PAGE_INFO}")
"""The report with the position of each nested page."""

RELAY = f"""
query Relay {{
  groupDefinitions(first: 200) {{
    edges {{
      cursor
      node {{
        id name groupType timeZone maxCapacity minCapacity durationMinutes version createdAt
        facilitator {{ displayName }}
        occurrences(first: 20) {{
          edges {{ cursor node {{ id sessionDate startTime endTime startsAt status }} }}
          {_PAGE_INFO}
        }}
        enrollments(first: 20) {{
          edges {{ cursor node {{ id status waitlistPosition enrolledAt patient {{ displayName }} }} }}
          {_PAGE_INFO}
        }}
      }}
    }}
    {_PAGE_INFO}
  }}
}}
"""
"""The report as Relay and Apollo's helpers send it."""

TOTAL_COUNTS = """
query TotalCounts {
  groupDefinitions(first: 200) {
    nodes {
      id
      sessions: occurrences { totalCount }
      cancelled: occurrences(filter: {status: [CANCELLED]}) { totalCount }
      enrolled: enrollments(status: [ENROLLED]) { totalCount }
      waiting: enrollments(status: [WAITLISTED]) { totalCount }
      left: enrollments(status: [DISENROLLED]) { totalCount }
    }
  }
}
"""
"""Five lengths of lists for each of 200 groups."""

DENIED = "query Denied { groupDefinitions(first: 200) { nodes { id name enrollments(first: 20) { totalCount } } } }"
"""A field of 200 groups, for a caller without `pm.group_enrollments.view`."""

CAPACITY_STATUS = """
query CapacityStatus {
  groupDefinitions(first: 50, filter: {capacityStatus: [OPEN]}) { totalCount nodes { id name } }
}
"""
"""Groups with a free seat, and their number."""

GENERATE = """
mutation Generate($group: ID!, $from: Date!, $through: Date!) {
  generateOccurrences(input: {groupDefinitionId: $group, from: $from, through: $through}) {
    createdCount
    occurrences { id sessionDate startTime status }
    userErrors { code message }
  }
}
"""
"""The new sessions of up to two years."""


def aliased_nodes(ids: Sequence[str]) -> str:
    """Return the document that reads each record by `node`."""
    selection = "id ... on GroupDefinition { name }"
    nodes = (f'n{number}: node(id: "{key}") {{ {selection} }}' for number, key in enumerate(ids))
    return f"query Nodes {{ {' '.join(nodes)} }}"


def aliased_groups(ids: Sequence[str]) -> str:
    """Return the document that reads each group by `groupDefinition`."""
    groups = (f'g{number}: groupDefinition(id: "{key}") {{ id name }}' for number, key in enumerate(ids))
    return f"query Groups {{ {' '.join(groups)} }}"


SHAPES: Final[Mapping[str, str]] = {
    "nested pageInfo": NESTED_PAGE_INFO,
    "relay": RELAY,
    "five totalCounts": TOTAL_COUNTS,
    "denied": DENIED,
    "capacityStatus": CAPACITY_STATUS,
}
"""The documents by the name of their shape."""
