"""Random recurrence rules."""

from datetime import date

from hypothesis import strategies as st

from domain.recurrence_rule import WEEKDAY_CODES

_DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


def _numbers(most: int, size: int = 3) -> st.SearchStrategy[str]:
    values = st.integers(-most, most).filter(bool)
    return st.lists(values, min_size=1, max_size=size, unique=True).map(lambda numbers: ",".join(map(str, numbers)))


def _listed(values: st.SearchStrategy[str], most: int = 4) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=most, unique=True).map(",".join)


def _ordinal_days(most: int) -> st.SearchStrategy[str]:
    ordinals = st.integers(-most, most).filter(bool)
    return _listed(st.tuples(ordinals, st.sampled_from(WEEKDAY_CODES)).map(lambda pair: f"{pair[0]}{pair[1]}"))


WEEKDAYS = _listed(st.sampled_from(WEEKDAY_CODES))
MONTHS = _listed(st.integers(1, 12).map(str))
BY_PARTS = {
    "DAILY": {"BYDAY": WEEKDAYS, "BYMONTHDAY": _numbers(31), "BYMONTH": MONTHS},
    "WEEKLY": {"BYDAY": WEEKDAYS, "BYMONTH": MONTHS},
    "MONTHLY": {"BYDAY": WEEKDAYS | _ordinal_days(5), "BYMONTHDAY": _numbers(31), "BYMONTH": MONTHS},
    "YEARLY": {
        "BYDAY": WEEKDAYS | _ordinal_days(5),
        "BYMONTHDAY": _numbers(31),
        "BYMONTH": MONTHS,
        "BYYEARDAY": _numbers(366),
    },
}


@st.composite
def rules_that_dateutil_evaluates_alike(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(sorted(BY_PARTS)))
    parts = {"FREQ": frequency, "INTERVAL": str(draw(st.integers(1, 9)))}
    limits = BY_PARTS[frequency]
    for name in draw(st.lists(st.sampled_from(sorted(limits)), max_size=2, unique=True)):
        parts[name] = draw(limits[name])
    if frequency == "YEARLY" and len(parts) == 2 and draw(st.booleans()):
        parts["BYWEEKNO"] = draw(_listed(st.integers(1, 53).map(str)))
        parts["BYDAY"] = draw(WEEKDAYS)
    # dateutil counts the positions of the first week from the start date, not from the week's beginning.
    if len(parts) > 2 and frequency in ("MONTHLY", "YEARLY") and draw(st.booleans()):
        parts["BYSETPOS"] = draw(_numbers(6))
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(WEEKDAY_CODES))
    if draw(st.booleans()):
        parts["COUNT"] = str(draw(st.integers(1, 40)))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw any valid rule."""
    frequency = draw(st.sampled_from(sorted(BY_PARTS)))
    parts = {"FREQ": frequency}
    limits = dict(BY_PARTS[frequency])
    if frequency == "YEARLY":
        limits |= {"BYDAY": WEEKDAYS | _ordinal_days(53), "BYWEEKNO": _numbers(53)}
    for name in draw(st.lists(st.sampled_from(sorted(limits)), max_size=3, unique=True)):
        parts[name] = draw(limits[name])
    if "BYWEEKNO" in parts and "BYDAY" in parts:
        parts["BYDAY"] = draw(WEEKDAYS)
    if len(parts) > 1 and draw(st.booleans()):
        parts["BYSETPOS"] = draw(_numbers(draw(st.sampled_from((2, 7, 31, 366))), size=8))
    if draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.integers(2, 7) | st.integers(8, 1000)))
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(WEEKDAY_CODES))
    ending = draw(st.sampled_from(("", "COUNT", "UNTIL")))
    if ending == "COUNT":
        parts["COUNT"] = str(draw(st.integers(1, 400)))
    elif ending == "UNTIL":
        parts["UNTIL"] = draw(_DAYS).strftime("%Y%m%d")
    return ";".join(f"{name}={value}" for name, value in parts.items())
