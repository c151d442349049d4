"""The export of patients' weeks. Its rows are computed by `domain.patient_weeks`, so it has no SQL."""

from typing import Final

from db.sql.exports.columns import Area, Export, ExportColumn, Kind

COMPLIANCE_WEEKS: Final = Export(
    "compliance-weeks",
    "a patient's week in a program",
    frozenset({Area.ENROLLMENTS}),
    (
        ExportColumn("patient_id", Kind.TEXT, "The patient, by the registry's id."),
        ExportColumn("program", Kind.CODE, "`IOP` or `PHP`."),
        ExportColumn("rule_set_id", Kind.TEXT, "The rule set that the week is compared with."),
        ExportColumn("week_start", Kind.DATE, "The first day of the week."),
        ExportColumn("week_end", Kind.DATE, "The last day of the week."),
        ExportColumn("partial_week", Kind.BOOLEAN, "Whether the patient's stay begins or ends within the week."),
        ExportColumn("status", Kind.CODE, "`COMPLIANT` or `NON_COMPLIANT`, by all scheduled sessions."),
        ExportColumn("outlook", Kind.CODE, "`MET`, `ON_TRACK`, `AT_RISK` or `CANNOT_BE_MET`."),
        ExportColumn("hours", Kind.NUMBER, "The scheduled hours, those that are over included."),
        ExportColumn("hours_past", Kind.NUMBER, "The hours of the sessions that are over."),
        ExportColumn("hours_missing", Kind.NUMBER, "The hours that the week is short of."),
        ExportColumn("days", Kind.INTEGER, "The number of days with a session."),
        ExportColumn(
            "gaps", Kind.CODE, "The requirements that are not met, such as `WEEKLY_HOURS`, separated by spaces."
        ),
        ExportColumn("patient_name", Kind.TEXT, "The patient's name.", optional=True, identifies=True),
        ExportColumn(
            "medical_record_number",
            Kind.TEXT,
            "The patient's medical record number.",
            optional=True,
            identifies=True,
        ),
    ),
    order="`week_start`, `program`, `patient_id`, because computed rows have no time of a change",
    window="the weeks that contain a day of the window. Both are today if they are missing; at most 106 weeks",
    has_updates=False,
)
