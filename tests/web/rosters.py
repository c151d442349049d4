"""The Enrollments tab of a group's page in the admin UI."""

from playwright.sync_api import Locator, expect

from tests.web.visits import AdminVisit

FULL_GROUP = "Grief and Loss"
OPEN_GROUP = "Tuesday Process Group"


def open_group(admin: AdminVisit, name: str) -> str:
    opened = admin.group_id(name)
    admin.open(f"/groups/{opened}")
    expect(admin.page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(section(admin, "Seats")).to_be_visible()
    return opened


def section(admin: AdminVisit, name: str) -> Locator:
    return admin.page.get_by_role("region", name=name)


def patients(admin: AdminVisit, name: str) -> list[str]:
    """Return the names in a list, in order."""
    names = section(admin, name).locator("tbody th > :first-child")
    return [text.strip() for text in names.all_text_contents()]


def stored_waitlist(admin: AdminVisit, group: str) -> list[str]:
    rows = admin.stored_rows(
        "SELECT p.display_name FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.group_definition_id = ? AND e.status = 'WAITLISTED' AND e.deleted_at IS NULL"
        " ORDER BY e.waitlist_position",
        group,
    )
    return [name for (name,) in rows]


def enroll_another(admin: AdminVisit, group: str) -> None:
    """Enroll another patient by the API, as another person would."""
    free = admin.stored_rows(
        "SELECT id FROM pm_group_patients p WHERE active AND NOT EXISTS (SELECT 1 FROM pm_group_enrollments e"
        " WHERE e.patient_id = p.id AND e.group_definition_id = ?) ORDER BY display_name DESC LIMIT 1",
        group,
    )
    mutation = "mutation($input: EnrollPatientInput!) { enrollPatient(input: $input) { userErrors { message } } }"
    admin.send(mutation, input={"groupDefinitionId": group, "patientId": free[0][0]})
