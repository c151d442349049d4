"""The Schedule tab of a group's page in the admin UI."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from playwright.sync_api import Locator, expect

from tests.web.visits import AdminVisit

NARROW: Final = 400


def open_schedule(admin: AdminVisit, name: str, search: str = "") -> str:
    group = admin.group_id(name)
    admin.open(f"/groups/{group}?tab=schedule{search}")
    expect(sessions(admin)).to_be_visible()
    return group


def sessions(admin: AdminVisit) -> Locator:
    return admin.page.locator("section[aria-label=Sessions]")


def outcome(dialog: Locator) -> Locator:
    """Return the part of a dialog that says what the change would do."""
    return dialog.get_by_role("status", name="What will happen")


def scheduled(admin: AdminVisit, group: str, after: date) -> list[tuple[str, str]]:
    """Return the ids and dates of the group's scheduled sessions after a day."""
    rows = admin.stored_rows(
        "SELECT id, session_date FROM pm_group_schedule WHERE group_definition_id = ? AND status = 'SCHEDULED'"
        " AND session_date > ? ORDER BY session_date",
        group,
        after.isoformat(),
    )
    return [(str(UUID(session_id)), day) for session_id, day in rows]


def stored(admin: AdminVisit, session: str, columns: str) -> tuple[Any, ...]:
    [row] = admin.stored_rows(f"SELECT {columns} FROM pm_group_schedule WHERE id = ?", session)
    return row


def is_phone(admin: AdminVisit) -> bool:
    """Return whether the window is narrow. Tests of both widths share the clinic, so each takes its own sessions."""
    size = admin.page.viewport_size
    return size is not None and size["width"] < NARROW
