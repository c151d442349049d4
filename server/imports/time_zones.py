"""Time zone names in registries: IANA names in any case, and Windows names by CLDR's mapping."""

from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from tzlocal.windows_tz import win_tz

from domain.wall_time import is_time_zone

# tz-code is deprecated but still in use.
EXTENSIONS: Final = frozenset(
    f"{scheme}://hl7.org/fhir/StructureDefinition/{name}"
    for scheme in ("http", "https")
    for name in ("timezone", "tz-code")
)


def find_time_zone(name: str) -> str | None:
    """Return the IANA time zone for a name, or None if the name is unknown."""
    name = name.strip()
    return name if is_time_zone(name) else _zones_by_name().get(name.casefold())


@lru_cache(maxsize=1)
def _zones_by_name() -> dict[str, str]:
    names = {zone.casefold(): zone for zone in available_timezones() if is_time_zone(zone)}
    return {name.casefold(): zone for name, zone in win_tz.items()} | names
