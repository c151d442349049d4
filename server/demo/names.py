"""The people and locations of the demo clinic, with fictional names and record numbers."""

from datetime import date, timedelta
from random import Random

from domain.records import Location, Patient, StaffMember

PATIENT_COUNT = 120
_INACTIVE_PATIENTS = 7

_GIVEN_NAMES = (
    "Adela", "Alden", "Amara", "Anton", "Beatriz", "Bennett", "Camila", "Caspian", "Dahlia", "Darius", "Elena",
    "Emmett", "Farah", "Felix", "Greta", "Gideon", "Hana", "Hugo", "Imani", "Ivo", "Jolene", "Jonas", "Kaya",
    "Kellan", "Leila", "Linus", "Maren", "Mateo", "Nadia", "Nils", "Odette", "Orson", "Paloma", "Quentin",
    "Renata", "Rufus", "Selma", "Silas", "Talia", "Tobias",
)  # fmt: skip
# The names that patients with these given names go by.
_SHORT_NAMES = {"Beatriz": "Bea", "Bennett": "Ben", "Paloma": "Lola", "Renata": "Rena", "Tobias": "Toby"}
# Surnames are composed, so that they do not belong to a real person.
_SURNAME_STARTS = (
    "Amber", "Bram", "Cinder", "Dove", "Elder", "Fern", "Glimmer", "Hazel", "Indigo", "Juniper", "Lark",
    "Marble", "Nettle", "Quill", "Sorrel",
)  # fmt: skip
_SURNAME_ENDS = (
    "bourne", "brook", "combe", "croft", "dale", "fell", "grove", "haven", "mere", "more", "shaw", "stead",
    "thorpe", "well", "wick",
)  # fmt: skip

_CREDENTIALS = (
    "PhD", "LCSW", "LPC", "PsyD", "LMFT", "MD", "LCSW", "LPC", "PMHNP", "LISAC", "LMSW", "LAC", "RN", "LCSW",
    "LMFT",
)  # fmt: skip

_SITES = (
    ("saguaro", "Saguaro House (Demo)", "America/Phoenix", ("Room 101", "Room 102", "Ocotillo Hall")),
    ("copper", "Copper Mill Center (Demo)", "America/Phoenix", ("Room A", "Room B")),
    ("mesquite", "Mesquite Lane Clinic (Demo)", "America/Phoenix", ("Garden Room", "Library")),
    ("columbine", "Columbine Point (Demo)", "America/Denver", ("Studio 1", "Studio 2")),
)


def demo_staff(random: Random) -> tuple[StaffMember, ...]:
    """Return 15 staff members with credentials. The last one is inactive and facilitates no group."""
    names = _names(random, len(_CREDENTIALS))
    return tuple(
        StaffMember(f"staff-{number:02}", name, credentials, active=number < len(_CREDENTIALS))
        for number, (name, credentials) in enumerate(zip(names, _CREDENTIALS, strict=True), start=1)
    )


def demo_locations() -> tuple[Location, ...]:
    """Return the rooms of four sites: three in Arizona, which has no daylight saving time, and one in Colorado."""
    return tuple(
        Location(f"{key}-{number}", site, room, time_zone, active=True)
        for key, site, time_zone, rooms in _SITES
        for number, room in enumerate(rooms, start=1)
    )


def demo_patients(random: Random) -> tuple[Patient, ...]:
    """Return 120 patients, a few of them inactive, as deceased and deactivated patients are in a registry."""
    inactive = set(random.sample(range(1, PATIENT_COUNT + 1), _INACTIVE_PATIENTS))
    return tuple(
        Patient(
            id=f"patient-{number:03}",
            display_name=name,
            medical_record_number=f"DEMO-{number:06}",
            birth_date=date(1945, 1, 1) + timedelta(days=random.randrange(63 * 365)),
            active=number not in inactive,
            preferred_name=_SHORT_NAMES.get(name.split()[0]),
        )
        for number, name in enumerate(_names(random, PATIENT_COUNT), start=1)
    )


def _names(random: Random, count: int) -> list[str]:
    """Return distinct full names out of 9,000."""
    names = [f"{first} {start}{end}" for first in _GIVEN_NAMES for start in _SURNAME_STARTS for end in _SURNAME_ENDS]
    return random.sample(names, count)
