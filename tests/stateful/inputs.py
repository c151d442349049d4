"""Random inputs. Most are valid, so that much happens; sometimes one is invalid in any possible way."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from tests.stateful.model import ACTIVE_PATIENTS, INACTIVE_PATIENT

Inputs = st.SearchStrategy[dict[str, Any]]
_TODAY = datetime.now(UTC).date()


def _day(number: int) -> str:
    """Return a day of the sessions, from 1. Some are over, and deleting a group cancels only the others."""
    return str(_TODAY + timedelta(days=number - 4))


def _mostly(valid: list[Any], invalid: list[Any]) -> st.SearchStrategy[Any]:
    """Draw an invalid value in one of thirty cases: an input has many fields, and any of them can refuse it."""
    return st.sampled_from([*valid * (29 * len(invalid) // len(valid) + 1), *invalid])


_NAMES = _mostly(["Anger management", " Morning group ", "Sleep"], ["  ", "x" * 201])
_STAFF = _mostly(["staff-1", "staff-2"], ["nobody"])
_OTHERS = _mostly(["staff-2", None], ["staff-1", "nobody"])
_PLACES = _mostly(["phoenix", "denver"], ["nowhere"])
_ZONES = _mostly(["America/Denver", "Europe/Berlin", "America/Phoenix"], ["Mars/Olympus"])
_MOST = _mostly([1, 1, 2, 3, 4], [0, 501])
_LEAST = _mostly([1, 1, 2, None], [0, 3])
_MINUTES = _mostly([45, 60, 90, 180], [4, 721])
_DAYS = st.sampled_from([_day(number) for number in range(1, 8)])
_STARTS = _mostly(["08:00:00", "09:00:00", "13:30:00"], ["23:30:00"])
_ENDS = _mostly(["15:00:00", "23:45:00", None], ["09:00:00"])
_RECURRENCES: Inputs = st.fixed_dictionaries(
    {
        "rule": _mostly(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE"], ["FREQ=HOURLY"]),
        "startDate": _DAYS,
        "startTime": _mostly(["08:00:00", "13:30:00", "22:00:00"], ["23:30:00"]),
    },
    optional={"excludedDates": st.none() | st.lists(_DAYS, max_size=2)},
)

REASONS: Final = _mostly(["snow", "moved away", " trimmed "], [" "])
STARTS: Final = _mostly([_day(1), _day(3), _day(4), _day(6), None], [_day(-100), _day(400)])
LAST_DAYS: Final = st.sampled_from([_day(4), _day(6), _day(9), None, _day(2)])
STAYS: Final[Inputs] = st.fixed_dictionaries(
    {"dryRun": st.booleans()}, optional={"startDate": STARTS, "endDate": LAST_DAYS}
)
STAY_EDITS: Final[Inputs] = st.fixed_dictionaries({}, optional={"startDate": STARTS, "endDate": LAST_DAYS})
DEPARTURES: Final[Inputs] = st.fixed_dictionaries(
    {"reason": REASONS}, optional={"endDate": _mostly([None, _day(3), _day(2)], [_day(6)])}
)
TRANSFERS: Final[Inputs] = st.fixed_dictionaries(
    {"dryRun": st.booleans()}, optional={"startDate": STARTS, "reason": REASONS}
)
PATIENTS: Final = _mostly([*ACTIVE_PATIENTS], [INACTIVE_PATIENT, "nobody"])

A_GROUP: Final = {
    "name": "Full soon",
    "groupType": "SUPPORT",
    "facilitatorId": "staff-1",
    "maxCapacity": 1,
    "durationMinutes": 60,
    "recurrence": {"rule": "FREQ=DAILY", "startDate": _day(1), "startTime": "09:00:00", "excludedDates": []},
}
ANOTHER_GROUP: Final = {**A_GROUP, "name": "Few come", "timeZone": "Europe/Berlin", "maxCapacity": 2}
A_WINDOW: Final = {"from": _day(1), "through": _day(8)}
NEW_GROUPS: Final[Inputs] = st.fixed_dictionaries(
    {
        "name": _NAMES,
        "groupType": st.sampled_from(["THERAPY", "IOP"]),
        "facilitatorId": _STAFF,
        "maxCapacity": _MOST,
        "durationMinutes": _MINUTES,
    },
    optional={
        "coFacilitatorId": _OTHERS,
        "locationId": st.none() | _PLACES,
        "minCapacity": _LEAST,
        "timeZone": st.none() | _ZONES,
        "recurrence": st.none() | _RECURRENCES,
    },
)
GROUP_EDITS: Final[Inputs] = st.fixed_dictionaries(
    {},
    optional={
        "name": _NAMES,
        "groupType": _mostly(["THERAPY", "PHP"], [None]),
        "facilitatorId": _mostly(["staff-1", "staff-2"], ["nobody", None]),
        "maxCapacity": _MOST,
        "durationMinutes": _mostly([45, 60, 90, 180], [4, 721, None]),
        "coFacilitatorId": _OTHERS,
        "locationId": st.none() | _PLACES,
        "minCapacity": _LEAST,
        "timeZone": st.none() | _ZONES,
        "recurrence": st.none() | _RECURRENCES,
    },
) | st.fixed_dictionaries({"maxCapacity": _MOST})
SESSIONS_OF_DELETED: Final[Inputs] = st.fixed_dictionaries(
    {}, optional={"cancelSessions": st.booleans(), "cancellationReason": REASONS}
)
NEW_SESSIONS: Final[Inputs] = st.fixed_dictionaries(
    {"sessionDate": _DAYS, "startTime": _STARTS},
    optional={
        "endTime": _ENDS,
        "facilitatorId": _mostly(["staff-1", "staff-2"], ["nobody", None]),
        "coFacilitatorId": _OTHERS,
        "locationId": st.none() | _PLACES,
        "dryRun": st.booleans(),
    },
)
CANCELLATIONS: Final[Inputs] = st.fixed_dictionaries({"reason": REASONS}, optional={"dryRun": st.booleans()})
REOPENINGS: Final[Inputs] = st.fixed_dictionaries({}, optional={"dryRun": st.booleans()})
SESSION_EDITS: Final[Inputs] = st.fixed_dictionaries(
    {},
    optional={
        "sessionDate": _DAYS,
        "startTime": _STARTS,
        "endTime": _ENDS,
        "facilitatorId": _mostly(["staff-1", "staff-2"], ["nobody", None]),
        "coFacilitatorId": _OTHERS,
        "locationId": st.none() | _PLACES,
        "timeZone": _ZONES,
        "dryRun": st.booleans(),
    },
)
SELECTED_EDITS: Final[Inputs] = st.fixed_dictionaries(
    {},
    optional={
        "startTime": _STARTS,
        "endTime": _ENDS,
        "shiftDays": st.sampled_from([None, -1, 0, 1, 2]),
        "facilitatorId": _mostly(["staff-1", "staff-2"], ["nobody", None]),
        "coFacilitatorId": _OTHERS,
        "locationId": st.none() | _PLACES,
        "timeZone": _ZONES,
        "dryRun": st.booleans(),
    },
)
SELECTED_DAYS: Final[Inputs] = st.fixed_dictionaries(
    {"from": _DAYS, "through": _mostly([_day(5), _day(8)], [_day(-30)])},
)
WINDOWS: Final[Inputs] = st.fixed_dictionaries(
    {
        "from": st.sampled_from([_day(0), _day(2), _day(4)]),
        "through": _mostly([_day(5), _day(8)], [_day(-30), _day(800)]),
    },
    optional={"dryRun": st.booleans()},
)
RECONCILED_WINDOWS: Final[Inputs] = st.fixed_dictionaries(
    {
        "from": _mostly([_day(5), _day(6)], [_day(2)]),
        "through": _mostly([_day(7), _day(9)], [_day(-30), _day(800)]),
        "includeEdited": st.booleans(),
        "dryRun": st.sampled_from([False, False, True]),
        "cancellationReason": _mostly(["closed", " moved "], [" ", None]),
    }
)
DEFINITION_EDITS: Final[Inputs] = st.fixed_dictionaries(
    {},
    optional={
        "durationMinutes": st.sampled_from([45, 60, 90]),
        "facilitatorId": st.sampled_from(["staff-1", "staff-2"]),
        "locationId": st.none() | st.sampled_from(["phoenix", "denver"]),
        "timeZone": st.sampled_from(["America/Denver", "America/Phoenix"]),
        "recurrence": _RECURRENCES,
    },
)
NEW_CLOSURES: Final[Inputs] = st.fixed_dictionaries(
    {
        "name": _mostly(["Holiday", " Flood "], ["  ", "x" * 201]),
        "from": _DAYS,
        "through": _mostly([_day(6), _day(7)], [_day(-30), _day(800)]),
    },
    optional={"locationId": st.none() | _PLACES, "dryRun": st.booleans()},
)
CLOSURE_EDITS: Final[Inputs] = st.fixed_dictionaries(
    {},
    optional={
        "name": _mostly(["Holiday", "Repairs"], ["  ", None]),
        "from": _mostly([_day(3), _day(5)], [None, _day(9)]),
        "through": _mostly([_day(6), _day(7)], [None, _day(-30)]),
        "locationId": st.none() | _PLACES,
        "dryRun": st.booleans(),
    },
)
