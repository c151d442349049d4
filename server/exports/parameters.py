"""The request for an export, from its path, its query string and its Accept header."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from starlette.datastructures import QueryParams

from db.sql.exports.catalog import EXPORTS
from db.sql.exports.columns import Export
from db.sql.exports.statements import ExportFilter, ExportFormat
from resolvers.errors import BadInput
from resolvers.exports.request import ExportRequest, check_filter, select_columns
from server.responses.errors import ErrorCode
from server.responses.headers import cached_parser, quality_values
from server.responses.json_responses import RequestRefused

MEDIA_TYPES: Final[Mapping[ExportFormat, str]] = {
    ExportFormat.CSV: "text/csv",
    ExportFormat.NDJSON: "application/x-ndjson",
}
_ACCEPTED: Final[Mapping[ExportFormat, Sequence[str]]] = {
    ExportFormat.CSV: ("text/csv",),
    ExportFormat.NDJSON: ("application/x-ndjson", "application/ndjson", "application/jsonl"),
}
_PARAMETERS: Final = ("columns", "from", "through", "updatedSince")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# The sign of an offset is a space if it was not percent-encoded.
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?:[Zz]|([+ -])(\d\d:\d\d))", re.ASCII
)


def read_export_request(scope: Mapping[str, Any], accept: str | None) -> ExportRequest:
    """Return what is requested.

    Raises:
        RequestRefused: The export is unknown, or the client accepts no format that there is.
        BadInput: A parameter is unknown or invalid.
    """
    export, extension = _export(scope["path_params"]["name"])
    export_format = _format(accept) if extension is None else extension
    if export_format is None:
        message = f"The Accept header must allow {' or '.join(MEDIA_TYPES.values())}."
        raise RequestRefused(406, ErrorCode.BAD_REQUEST, message)
    values = _parameters(QueryParams(scope["query_string"]))
    names = values.get("columns")
    columns = select_columns(export, None if names is None else [name.strip() for name in names.split(",")])
    narrowed = ExportFilter(_date(values, "from"), _date(values, "through"), _instant(values, "updatedSince"))
    check_filter(export, narrowed)
    return ExportRequest(export, columns, narrowed, export_format)


def _export(text: str) -> tuple[Export, ExportFormat | None]:
    name, dot, extension = text.partition(".")
    export_format = next((member for member in ExportFormat if member == extension), None)
    if name not in EXPORTS or (dot and export_format is None):
        extensions = " and ".join(f".{member}" for member in ExportFormat)
        message = f"There is no such export. The exports are {', '.join(EXPORTS)}, with the extensions {extensions}."
        raise RequestRefused(404, ErrorCode.BAD_REQUEST, message)
    return EXPORTS[name], export_format


@cached_parser
def _format(accept: str | None) -> ExportFormat | None:
    """Return the format that the client prefers: CSV if it has no preference; None if it accepts none."""
    qualities = quality_values(accept or "*/*")

    def quality(member: ExportFormat) -> tuple[float, bool]:
        # The most specific range applies (RFC 9110, 12.5.1). Of two equal ones, a format that is named is preferred.
        named = [qualities[name] for name in _ACCEPTED[member] if name in qualities]
        kind = MEDIA_TYPES[member].partition("/")[0]
        return (max(named), True) if named else (qualities.get(f"{kind}/*", qualities.get("*/*", 0.0)), False)

    best = max(ExportFormat, key=quality)
    return best if quality(best)[0] > 0 else None


def _parameters(query: QueryParams) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in query.multi_items():
        if name not in _PARAMETERS:
            raise BadInput(f"There is an unknown parameter. The parameters are: {', '.join(_PARAMETERS)}.", "query")
        if name in values:
            raise BadInput(f"`{name}` is there twice. Send each parameter once.", name)
        values[name] = value
    return values


def _date(values: Mapping[str, str], name: str) -> date | None:
    text = values.get(name)
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:  # a day that its month does not have
        pass
    raise BadInput(f"`{name}` must be a date such as 2026-11-24.", name)


def _instant(values: Mapping[str, str], name: str) -> datetime | None:
    text = values.get(name)
    if text is None:
        return None
    match = _INSTANT.fullmatch(text)
    if match is not None:
        day, time, sign, offset = match.groups()
        zone = "+00:00" if offset is None else f"{'-' if sign == '-' else '+'}{offset}"
        try:
            return datetime.fromisoformat(f"{day}T{time}{zone}").astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadInput(f"`{name}` must be an instant with a time zone, such as 2026-11-24T16:00:00Z.", name)
