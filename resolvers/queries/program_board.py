"""The board of a program: the weeks of all its patients, the worst first."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from uuid import UUID

from db.queries.program_seats import seats_of_program
from db.queries.references import patient_names
from db.sql.listings import Window
from domain.patient_compliance import PatientCompliance
from domain.program_board import BoardFilter, Urgency, urgency
from domain.records import PROGRAMS, GroupType, Program
from resolvers.arguments import uuid
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.queries.computed_pages import ComputedPage, computed_page
from resolvers.queries.cursors import cursor_of_keys, invalid_cursor
from resolvers.queries.pages import window
from resolvers.queries.patient_weeks import compare_weeks, first_day_of_week


@dataclass(frozen=True, slots=True)
class _Board:
    """The board of a program in a week, for its cursors. Their keys are those of `Urgency`: they contain no name."""

    program: Program
    first_day: date
    types: tuple[type, ...] = (int, int, str)

    @property
    def name(self) -> str:
        return f"board:{self.program}:{self.first_day}"

    def cursor(self, week: PatientCompliance) -> str:
        """Return the cursor of a week."""
        return cursor_of_keys(self.name, urgency(week))


@dataclass(frozen=True, slots=True)
class BoardRequest:
    """Which board is requested.

    Attributes:
        group_type: IOP or PHP.
        week_of: Any day of the week; None for today in the clinic's time zone.
        board_filter: What narrows the list.
        group_id: Only patients with a seat in this group; None for all groups of the program.
    """

    group_type: GroupType
    week_of: date | None
    board_filter: BoardFilter
    group_id: str | None = None


async def board_page(
    context: Context, request: BoardRequest, *, needs_weeks: bool, **page: object
) -> ComputedPage[PatientCompliance]:
    """Return a page of the weeks of all patients of a program, in the week of a day.

    The number of statements is constant. Only the patients of the page are disclosed.

    Args:
        context: The request.
        request: Which board.
        needs_weeks: Whether the weeks of the page are needed, not only their number.
        page: The arguments of `window`.

    Raises:
        BadInput: The type is no program, the group's id is no UUID, the day is in an unsupported year, or an argument
            of the page is invalid.
    """
    program = PROGRAMS.get(request.group_type)
    if program is None:
        raise BadInput("`program` must be IOP or PHP.", "program")
    group_id = None if request.group_id is None else uuid(request.group_id, "groupDefinitionId")
    board = _Board(program, first_day_of_week(context, request.week_of))
    part = window(board, **page)  # type: ignore[arg-type]  # the arguments of a connection
    weeks = [week for week in await _weeks(context, board, group_id) if request.board_filter.matches(week)]
    if not needs_weeks:
        return computed_page((), part, len(weeks), board.cursor)
    result = computed_page(await _select(context, weeks, part), part, len(weeks), board.cursor)
    context.disclosures.add(week.patient_id for week in result.nodes)
    return result


async def _weeks(context: Context, board: _Board, group_id: UUID | None) -> Sequence[PatientCompliance]:
    async with context.snapshot as snapshot:
        seats = await seats_of_program(snapshot, board.program, board.first_day)
    if group_id is not None:
        # The seats of a patient in other groups count too, so the patients are chosen, not the seats.
        seats = {
            patient_id: of_patient
            for patient_id, of_patient in seats.items()
            if any(seat.group.id == group_id for seat in of_patient)
        }
    compared = await compare_weeks(context, board.first_day, seats, (board.program,))
    return [week for of_patient in compared for week in of_patient]


async def _select(context: Context, weeks: Sequence[PatientCompliance], part: Window) -> Sequence[PatientCompliance]:
    """Return the weeks between the cursors, in the order of the board. Raise BadInput for a cursor of no patient."""
    limits = {name: Urgency(*keys) for name, keys in (("after", part.after), ("before", part.before)) if keys}
    patient_ids = {week.patient_id for week in weeks}.union(limit.patient_id for limit in limits.values())
    async with context.snapshot as snapshot:
        names = await patient_names(snapshot, sorted(patient_ids))
    for name, limit in limits.items():
        if limit.patient_id not in names:
            raise invalid_cursor(name)
    places = await context.clinic.pace.map(lambda week: urgency(week).place(names), weeks)
    ordered = sorted(zip(places, weeks, strict=True), key=itemgetter(0))
    start = bisect_right(ordered, limits["after"].place(names), key=itemgetter(0)) if "after" in limits else 0
    end = bisect_left(ordered, limits["before"].place(names), key=itemgetter(0)) if "before" in limits else len(ordered)
    return [week for _, week in ordered[start:end]]
