"""The export of patients' weeks: computed week by week, so that no more than one is in memory."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from db.exports.encoding import encoder, header
from db.exports.streaming import Write
from db.queries.pages import find_records
from db.queries.program_seats import seats_of_program
from db.queries.references import PATIENTS
from domain.patient_compliance import PatientCompliance
from domain.records import Patient, Program
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.exports.request import ExportRequest
from resolvers.queries.patient_weeks import compare_weeks, first_day_of_week

MOST_WEEKS: Final = 106
_ONE_WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class ComplianceWeeks:
    """The weeks of all patients of both programs that have a day in the window of the request.

    The number of statements is the same for each week and program, whatever the number of patients.
    """

    context: Context
    request: ExportRequest

    async def find_patients(self) -> frozenset[str]:
        """Return the patients whose weeks these are. Raise BadInput if the window is too long."""
        return frozenset([week.patient_id async for weeks in self._batches() for week in weeks])

    async def write(self, write: Write) -> int:
        """Write the header and a row for each week, and return the number of rows."""
        columns, export_format = self.request.columns, self.request.format
        encode = encoder(columns, export_format)
        identified = any(column.identifies for column in columns)
        await write(header(columns, export_format))
        row_count = 0
        async for weeks in self._batches():
            patients = await self._patients(weeks) if identified else {}
            rows = ([_value(column.name, week, patients) for column in columns] for week in weeks)
            await write(encode(rows))
            row_count += len(weeks)
        return row_count

    async def _batches(self) -> AsyncIterator[Sequence[PatientCompliance]]:
        """Yield the weeks of each program and week, by patient."""
        for first_day in self._first_days():
            for program in Program:
                async with self.context.snapshot as snapshot:
                    seats = await seats_of_program(snapshot, program, first_day)
                compared = await compare_weeks(self.context, first_day, seats, (program,))
                # The sessions and groups of one week are no use to the next.
                self.context.loaders.forget()
                yield sorted((week for of_patient in compared for week in of_patient), key=lambda week: week.patient_id)

    def _first_days(self) -> list[date]:
        narrowed = self.request.narrowed
        first = first_day_of_week(self.context, narrowed.from_date or narrowed.through_date)
        last = first_day_of_week(self.context, narrowed.through_date or narrowed.from_date)
        count = (last - first) // _ONE_WEEK + 1
        if count > MOST_WEEKS:
            raise BadInput(f"`through` may be at most {MOST_WEEKS} weeks after `from`.", "through")
        return [first + number * _ONE_WEEK for number in range(count)]

    async def _patients(self, weeks: Sequence[PatientCompliance]) -> dict[str, Patient]:
        async with self.context.snapshot as snapshot:
            return await find_records(snapshot, PATIENTS, sorted({week.patient_id for week in weeks}))


def _value(name: str, week: PatientCompliance, patients: dict[str, Patient]) -> Any:
    match name:
        case "rule_set_id":
            return week.rule_set.id
        case "gaps":
            return " ".join(dict.fromkeys(gap.code.value for gap in week.gaps)) or None
        case "patient_name":
            return patients[week.patient_id].display_name
        case "medical_record_number":
            return patients[week.patient_id].medical_record_number
    return getattr(week, name)
