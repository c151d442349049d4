"""Fills a database with the demo clinic, which has data for every feature of the API.

The resolvers of the API create the groups, sessions and enrollments, so history and events are complete.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from random import Random
from typing import Final, TypeVar

from sqlalchemy import exists, func, or_, select

from db.connections.roles import Role
from db.registry.rows import IMPORT_LOCK
from db.sql.statement import Statement, of_organization
from db.tables import audit_log, group_definitions, locations, outbox, patients, staff_members
from db.transactions.unit_of_work import Actor, UnitOfWork, unit_of_work
from domain.groups import GroupDraft
from domain.records import Enrollment, EnrollmentStatus, Occurrence
from domain.recurrence import Recurrence, occurrence_dates
from domain.recurrence_input import RecurrenceDraft
from domain.stays import Stay
from domain.wall_time import local_date
from resolvers.caller import ROLES, Caller
from resolvers.commands.closures import create_closure
from resolvers.commands.enrollments import disenroll_patient, enroll_patient
from resolvers.commands.groups import create_group, delete_group, update_group_definition
from resolvers.commands.series import generate_occurrences
from resolvers.commands.sessions import cancel_occurrence
from resolvers.context import Clinic, Context
from server.demo.closures import DEMO_CLOSURES
from server.demo.groups import DEMO_GROUPS, DemoGroup
from server.demo.names import demo_locations, demo_patients, demo_staff
from server.demo.registry import store_registry

DEMO_ORGANIZATION = "demo-clinic"
WEEKS_EACH_WAY = 8
"""Sessions are scheduled from this many weeks before today to this many weeks after it."""

Result = TypeVar("Result")

_SEED = 4
_LOCK_IMPORTS: Final = Statement(select(func.pg_advisory_xact_lock(IMPORT_LOCK)))
_HAS_DATA: Final = Statement(
    select(
        or_(
            *(
                exists().where(of_organization(table))
                for table in (staff_members, locations, patients, group_definitions, outbox, audit_log)
            )
        )
    )
)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person to sign in as: the label of the link, and the subject and role of the token."""

    label: str
    subject: str
    role: str


DEMO_PEOPLE = (
    DemoPerson("Administrator", "demo-administrator", "org_admin"),
    DemoPerson("Staff", "demo-staff", "staff"),
)


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """The number of records of each kind that were created."""

    staff: int
    locations: int
    patients: int
    groups: int
    sessions: int
    cancelled_sessions: int
    enrollments: int
    closures: int


_LOCK_SECONDS: Final = 60
"""How long a process waits while another one creates the demo clinic. No request waits for this lock."""


class DatabaseNotEmpty(Exception):
    """The demo clinic's organization already has data. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "the demo clinic fills only an empty database, and this one already contains its data: use another database"
        )


@dataclass(slots=True)
class _OneTransactionContext(Context):
    """A context whose mutations share one transaction, so that the clinic is created completely or not at all."""

    work: UnitOfWork = field(kw_only=True)

    async def transact(self, decide: Callable[[UnitOfWork], Awaitable[Result]]) -> Result:
        return await decide(self.work)


async def fill_demo_clinic(clinic: Clinic) -> DemoSummary:
    """Create the demo clinic around today, in one transaction. Only ids and times differ between two runs.

    Raises:
        DatabaseNotEmpty: The organization already has data, possibly because another process has just created it.
    """
    administrator = DEMO_PEOPLE[0]
    actor = Actor(administrator.subject, DEMO_ORGANIZATION, DEMO_ORGANIZATION)
    caller = Caller(administrator.subject, DEMO_ORGANIZATION, ROLES[administrator.role])
    # A fixed clock, because all history of one transaction has the same time.
    now = clinic.clock()
    # The role of operators, because requests may not write staff, locations and patients.
    async with unit_of_work(
        clinic.engine, actor, lambda: now, clinic.new_id, lock_seconds=_LOCK_SECONDS, role=Role.OPERATOR
    ) as work:
        await _refuse_unless_empty(work)
        context = _OneTransactionContext(clinic, caller, actor.correlation_id, work=work)
        random = Random(_SEED)  # noqa: S311 - reproducible data, nothing secret
        staff, rooms, people = demo_staff(random), demo_locations(), demo_patients(random)
        await store_registry(work, staff, rooms, people, clinic.default_time_zone)
        # No response holds these enrollments, so their patients are not in the access log.
        context.disclosures.mark_recorded(frozenset(person.id for person in people))
        today = local_date(work.now, clinic.default_time_zone)
        active = [patient.id for patient in people if patient.active]
        sessions = cancelled = enrollments = 0
        for group in DEMO_GROUPS:
            group_id = await _create(context, group, today)
            scheduled = await _schedule(context, group, group_id, today)
            sessions += len(scheduled)
            cancelled += len(group.cancelled)
            patient_ids = random.sample(active, group.patients)
            enrollments += len(await _enroll(context, group, group_id, patient_ids, today))
            if group.lowered_seats is not None:
                await update_group_definition(context, group_id, {"max_capacity": group.lowered_seats})
            if group.deleted:
                await delete_group(context, group_id)
        for closure in DEMO_CLOSURES:
            await create_closure(context, closure.draft(today))
    return DemoSummary(
        staff=len(staff),
        locations=len(rooms),
        patients=len(people),
        groups=len(DEMO_GROUPS),
        sessions=sessions,
        cancelled_sessions=cancelled,
        enrollments=enrollments,
        closures=len(DEMO_CLOSURES),
    )


async def _refuse_unless_empty(work: UnitOfWork) -> None:
    if work.locks_rows:
        # Two processes could both see an empty database and fill it. A second one waits here for the first, and so
        # does an import, which could store records in between.
        await work.fetch(_LOCK_IMPORTS, {})
    [[has_data]] = await work.fetch(_HAS_DATA, {})
    if has_data:
        raise DatabaseNotEmpty


async def _create(context: Context, group: DemoGroup, today: date) -> str:
    first = _first_day(group.rule, today - timedelta(weeks=WEEKS_EACH_WAY))
    excluded = tuple(first + timedelta(weeks=weeks) for weeks in group.excluded_weeks)
    draft = GroupDraft(
        name=group.name,
        group_type=group.group_type,
        facilitator_id=group.facilitators[0],
        co_facilitator_id=group.facilitators[1] if len(group.facilitators) > 1 else None,
        location_id=group.location_id,
        max_capacity=group.seats,
        min_capacity=group.minimum,
        duration_minutes=group.minutes,
        recurrence=RecurrenceDraft(group.rule, first, group.start, excluded),
    )
    return str((await create_group(context, draft)).id)


def _first_day(rule: str, earliest: date) -> date:
    """Return the first day that the rule matches, because RFC 5545 section 3.8.5.3 does not define other start days."""
    return next(
        occurrence_dates(Recurrence(rule, earliest, time()), earliest, earliest + timedelta(weeks=WEEKS_EACH_WAY))
    )


async def _schedule(context: Context, group: DemoGroup, group_id: str, today: date) -> tuple[Occurrence, ...]:
    span = timedelta(weeks=WEEKS_EACH_WAY)
    sessions = (await generate_occurrences(context, group_id, today - span, today + span)).sessions
    past = [session for session in sessions if session.session_date < today]
    upcoming = [session for session in sessions if session.session_date > today]
    for number, reason in group.cancelled:
        session = upcoming[number - 1] if number > 0 else past[number]
        await cancel_occurrence(context, str(session.id), reason)
    return sessions


async def _enroll(
    context: Context, group: DemoGroup, group_id: str, patient_ids: list[str], today: date
) -> list[Enrollment]:
    """Enroll patients who came when the sessions began, so that past sessions have rosters."""
    start = today - timedelta(weeks=WEEKS_EACH_WAY)
    stays = [Stay(start, None if group.ending_in is None else today + timedelta(days=group.ending_in))]
    stays += [Stay(start)] * (len(patient_ids) - 1)
    enrollments = [
        (await enroll_patient(context, group_id, patient_id, stay)).enrollment
        for patient_id, stay in zip(patient_ids, stays, strict=True)
    ]
    seated = [enrollment for enrollment in enrollments if enrollment.status == EnrollmentStatus.ENROLLED]
    for enrollment, reason in zip(seated, group.disenrollment_reasons, strict=False):
        await disenroll_patient(context, str(enrollment.id), reason)
    return enrollments
