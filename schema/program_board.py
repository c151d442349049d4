"""The field with the board of a program."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver

from domain.compliance import ComplianceStatus
from domain.patient_compliance import ComplianceOutlook
from domain.patient_compliance import PatientCompliance as WeekRecord
from domain.program_board import BoardFilter
from domain.records import GroupType
from executor import Batch, SelectedAttributes
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.queries.computed_pages import ComputedPage
from resolvers.queries.program_board import BoardRequest, board_page
from schema.admission.cost_directives import CostWeight
from schema.connections import Connection
from schema.relations import PAGE_ARGUMENTS, needs_nodes, read_field, selects_nodes, split_page_arguments
from schema.types.patient_compliance import PatientCompliance


def program_board() -> Any:
    """Return the field of the query type that leads to a page of the board."""
    field = read_field(
        Connection[PatientCompliance] | None,
        _Board(),
        "The weeks of all patients of a program, the worst first: by outlook (CANNOT_BE_MET, AT_RISK, ON_TRACK, MET),"
        " then by the hours that are missing, most first, then by name. Only hours of groups are counted: those of"
        " individual sessions are in other modules. The access log has the patients of the page.",
        PermissionKey.GROUP_ENROLLMENTS_VIEW,
        _request,
    )
    field.arguments = [*field.arguments, *PAGE_ARGUMENTS]
    field.directives = [*field.directives, CostWeight(weight="500")]
    return field


def _request(
    program: Annotated[GroupType, strawberry.argument(description="IOP or PHP.")],
    week_of: Annotated[
        date | None,
        strawberry.argument(description="Any day of the week; by default today in the clinic's time zone."),
    ] = None,
    status: Annotated[
        list[ComplianceStatus] | None, strawberry.argument(description="Only weeks with one of these statuses.")
    ] = None,
    outlook: Annotated[
        list[ComplianceOutlook] | None, strawberry.argument(description="Only weeks with one of these outlooks.")
    ] = None,
    group_definition_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="Only patients who have a seat in this group on a day of the week."),
    ] = None,
) -> BoardRequest:
    """Return which board is requested."""
    return BoardRequest(program, week_of, BoardFilter(status, outlook), group_definition_id)


class _Board(Batch):
    def __init__(self) -> None:
        super().__init__(self._resolve_many, pass_selected=True)

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info[Context], **arguments: Any
    ) -> ComputedPage[WeekRecord]:
        return await _page(info.context, arguments, needs_weeks=needs_nodes(info))

    async def _resolve_many(
        self, _query: Sequence[Any], context: Context, selected: SelectedAttributes = None, **arguments: Any
    ) -> list[ComputedPage[WeekRecord]]:
        return [await _page(context, arguments, needs_weeks=selects_nodes(selected))]


async def _page(context: Context, arguments: dict[str, Any], *, needs_weeks: bool) -> ComputedPage[WeekRecord]:
    own, page = split_page_arguments(arguments)
    return await board_page(context, _request(**own), needs_weeks=needs_weeks, **page)
