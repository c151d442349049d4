"""The workloads: the requests that are sent, and what every response must contain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from benchmarks.queries import ENROLL, REPORT, SMALL
from resolvers.caller import PermissionKey

ORGANIZATION = "clinic"
"""The organization of the report and the small queries."""

ENROLLING = "enrolling"
"""The organization of the enrollments."""


REPORT_NAME, SMALL_NAME, ENROLL_NAME = "report", "small", "enroll"


@dataclass(frozen=True, slots=True)
class Workload:
    """One GraphQL document that is sent repeatedly.

    Attributes:
        name: Its name in tables, and its path at the limit.
        organization: The organization of the caller.
        document: The GraphQL document for this API.
        variables: The variables of each request, which are sent in turn.
        expected: A text that every response must contain.
        clients: The numbers of concurrent clients to measure with.
        permissions: The keys of the caller; None for all.
    """

    name: str
    organization: str
    document: str
    variables: Sequence[dict[str, Any]]
    expected: str
    clients: Sequence[int] = (1, 8)
    permissions: Sequence[PermissionKey] | None = None

    def bodies(self, document: str | None = None) -> list[str]:
        """Return the request bodies, with another document for another API."""
        query = document or self.document
        return [orjson.dumps({"query": query, "variables": variables}).decode() for variables in self.variables]


def workloads(
    report_groups: Sequence[UUID], enrolling_groups: Sequence[UUID], patients: Sequence[str]
) -> list[Workload]:
    """Return all workloads. Each of the patients can be enrolled in each of `enrolling_groups`."""
    return [
        Workload(REPORT_NAME, ORGANIZATION, REPORT, [{}], '"groupDefinitions"'),
        Workload(SMALL_NAME, ORGANIZATION, SMALL, [{"id": str(group)} for group in report_groups], '"capacity"'),
        Workload(
            ENROLL_NAME,
            ENROLLING,
            ENROLL,
            # Each patient is enrolled in all groups, so that concurrent clients use different groups.
            [{"group": str(group), "patient": patient} for patient in patients for group in enrolling_groups],
            '"userErrors":[]',
        ),
    ]
