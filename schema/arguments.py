"""Arguments that several fields share."""

from typing import Annotated

import strawberry

from domain.records import EnrollmentStatus

First = Annotated[
    int | None, strawberry.argument(description="How many elements from the start, 1 to 200; 50 by default.")
]
After = Annotated[str | None, strawberry.argument(description="Only elements after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many elements from the end, 1 to 200.")]
Before = Annotated[str | None, strawberry.argument(description="Only elements before this cursor.")]
Search = Annotated[
    str | None,
    strawberry.argument(
        description="Only names that contain each of these words, in any order. Case, accents, apostrophes and hyphens"
        " are ignored. At most 10 words."
    ),
]
Active = Annotated[
    bool | None, strawberry.argument(description="Only records that are active, or only those that are not.")
]
SearchOfPatients = Annotated[
    str | None,
    strawberry.argument(
        description="Only patients whose name or record number contains each of these words, in any order, or who were"
        " born on this date. Exact matches come first: the record number, the whole name, the last name, whole words."
        " Case, accents, apostrophes and hyphens are ignored. At most 10 words."
    ),
]
Statuses = Annotated[
    list[EnrollmentStatus] | None, strawberry.argument(description="Only enrollments with one of these statuses.")
]
