"""What is measured: a question, as each kind of server understands it, and what every answer must hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from benchmarks.queries import ENROLL, REPORT, SMALL

ORGANIZATION = "clinic"
"""The organization that reports and small queries read."""

ENROLLING = "enrolling"
"""The organization whose groups patients are enrolled in."""


REPORT_NAME, SMALL_NAME, ENROLL_NAME = "report", "small", "enroll"


@dataclass(frozen=True, slots=True)
class Workload:
    """One question, asked again and again.

    Attributes:
        name: How tables call it; also its path at the limit.
        organization: Whose rows it is about.
        document: The question in this API's GraphQL.
        variables: Its variables, a dictionary for each time it is asked.
        expected: What every answer holds.
        clients: By how many at once it is asked.
    """

    name: str
    organization: str
    document: str
    variables: Sequence[dict[str, Any]]
    expected: str
    clients: Sequence[int] = (1, 8)

    def bodies(self, document: str | None = None) -> list[str]:
        """Return the requests' bodies, for a server whose API words the question as this document."""
        asked = document or self.document
        return [orjson.dumps({"query": asked, "variables": each}).decode() for each in self.variables]


def workloads(
    report_groups: Sequence[UUID], enrolling_groups: Sequence[UUID], patients: Sequence[str]
) -> list[Workload]:
    """Return the questions about these groups. Each of the patients can be enrolled in each of the enrolling groups."""
    return [
        Workload(REPORT_NAME, ORGANIZATION, REPORT, [{}], '"groupDefinitions"'),
        Workload(SMALL_NAME, ORGANIZATION, SMALL, [{"id": str(group)} for group in report_groups], '"capacity"'),
        Workload(
            ENROLL_NAME,
            ENROLLING,
            ENROLL,
            # One patient after the other goes through all groups: eight clients are in different groups.
            [{"group": str(group), "patient": patient} for patient in patients for group in enrolling_groups],
            '"userErrors":[]',
        ),
    ]
