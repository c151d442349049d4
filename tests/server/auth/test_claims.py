"""Claims: the paths to organization, permissions and roles, and refused values."""

from datetime import timedelta
from typing import Any

import pytest

from resolvers.caller import ROLES, PermissionKey
from server.auth.authenticator import Authenticator
from server.auth.claims import ClaimRules
from server.auth.refusals import RefusalReason
from server.auth.signing import sign_token
from server.settings.environment import load_settings
from tests.server.auth.tokens import SECRET, refusal, shared

pytestmark = pytest.mark.anyio

VIEW = PermissionKey.GROUP_SCHEDULE_VIEW
NAMESPACED = "https://example.org/org"


def authenticator_with(**rules: Any) -> Authenticator:
    return Authenticator(SECRET, rules=ClaimRules(**rules))


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("org", {"org": "clinic-9"}),
        ("app.org", {"app": {"org": "clinic-9"}}),
        ("a.b.c", {"a": {"b": {"c": "clinic-9"}}}),
        (NAMESPACED, {NAMESPACED: "clinic-9"}),
        (f"{NAMESPACED}.id", {NAMESPACED: {"id": "clinic-9"}}),
        ("clients.my.client.org", {"clients": {"my.client": {"org": "clinic-9"}}}),
        # The longest name wins.
        ("app.org", {"app.org": "clinic-9", "app": {"org": "clinic-8"}}),
        ("a.b.c", {"a.b": {"c": "clinic-9"}, "a": {"b": {"c": "clinic-8"}}}),
        ("a.b", {"a": {"b": "clinic-9"}, "b": "clinic-8"}),
    ],
)
async def test_a_path_names_one_claim(path: str, claims: dict[str, Any]) -> None:
    caller = await authenticator_with(organization=path).authenticate(shared(organization_id=..., **claims))
    assert caller.organization_id == "clinic-9"


@pytest.mark.parametrize(
    "claims", [{}, {"app": {}}, {"app": "org"}, {"app": ["org"]}, {"app": None}, {"org": "clinic-9"}, {"app": {"x": 1}}]
)
async def test_a_path_without_a_claim_names_no_organization(claims: dict[str, Any]) -> None:
    error = await refusal(authenticator_with(organization="app.org"), shared(**claims))
    assert error.reason is RefusalReason.NO_ORGANIZATION
    assert "app.org" in error.message


@pytest.mark.parametrize("value", ["acme", ["acme"], {"acme": {}}, {"acme": {"id": "7", "site": ["a", "b"]}}])
async def test_one_organization_is_read_in_every_form(value: object) -> None:
    caller = await authenticator_with(organization="organization").authenticate(shared(organization=value))
    assert caller.organization_id == "acme"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (["acme", "globex"], RefusalReason.SEVERAL_ORGANIZATIONS),
        (["acme", "acme"], RefusalReason.SEVERAL_ORGANIZATIONS),
        ({"acme": {}, "globex": {}}, RefusalReason.SEVERAL_ORGANIZATIONS),
        ([], RefusalReason.NO_ORGANIZATION),
        ({}, RefusalReason.NO_ORGANIZATION),
        ({"roles": ["staff"]}, RefusalReason.MALFORMED_CLAIM),
        ({"acme": {}, "roles": ["staff"]}, RefusalReason.MALFORMED_CLAIM),
        ([["acme"]], RefusalReason.MALFORMED_CLAIM),
        ([None], RefusalReason.MALFORMED_CLAIM),
        (7, RefusalReason.MALFORMED_CLAIM),
        (None, RefusalReason.MALFORMED_CLAIM),
        (["a" * 65], RefusalReason.MALFORMED_CLAIM),
        ({"a\nb": {}}, RefusalReason.MALFORMED_CLAIM),
    ],
)
async def test_none_or_several_organizations_are_refused(value: object, reason: RefusalReason) -> None:
    assert (await refusal(authenticator_with(organization="organization"), shared(organization=value))).reason is reason


@pytest.mark.parametrize(
    "value",
    [
        ["pm.group_schedule.view", "pm.billing.view"],
        "openid pm.group_schedule.view pm.billing.view",
        "pm.group_schedule.view",
        "  pm.group_schedule.view\n",
    ],
)
async def test_permissions_are_a_list_or_words_separated_by_spaces(value: object) -> None:
    caller = await authenticator_with(permissions=("scope",)).authenticate(
        shared(scope=value, permissions=["pm.group_schedule.edit"])
    )
    assert caller.permissions == {VIEW}


@pytest.mark.parametrize("value", [None, 7, True, {"staff": True}, ["staff", 7], [["staff"]], {}])
@pytest.mark.parametrize("name", ["permissions", "roles"])
async def test_permissions_and_roles_of_other_types_are_refused(name: str, value: object) -> None:
    error = await refusal(Authenticator(SECRET), shared(**{name: value}))
    assert error.reason is RefusalReason.MALFORMED_CLAIM
    assert name in error.message


async def test_permissions_and_roles_of_several_paths_add_up() -> None:
    authenticator = authenticator_with(
        permissions=("permissions", "scope"),
        roles=("realm_access.roles", "resource_access.pm.roles"),
        role_permissions={"desk": frozenset({PermissionKey.GROUP_ENROLLMENTS_VIEW}), **ROLES},
    )
    token = shared(
        scope="pm.group_definitions.view",
        realm_access={"roles": ["offline_access", "desk"]},
        resource_access={"pm": {"roles": ["staff"]}, "account": {"roles": ["org_admin"]}},
    )
    caller = await authenticator.authenticate(token)
    assert caller.permissions == {VIEW, *ROLES["staff"], PermissionKey.GROUP_ENROLLMENTS_VIEW}


async def test_scopes_are_ignored_unless_configured() -> None:
    caller = await Authenticator(SECRET).authenticate(shared(permissions=..., scope="pm.group_schedule.view org_admin"))
    assert caller.permissions == frozenset()


async def test_other_roles_have_the_configured_permissions() -> None:
    settings = load_settings(
        {
            "AUTH_JWT_SECRET": SECRET,
            "AUTH_CLAIM_ROLES": "groups",
            "AUTH_ROLE_PERMISSIONS": '{"/Front desk": ["pm.group_schedule.view"], "/Leads": ["staff"], "/None": []}',
        }
    )
    authenticator = Authenticator.from_settings(settings)
    for groups, permissions in (
        (["/Front desk"], {VIEW}),
        (["/Leads", "/Front desk"], ROLES["staff"]),
        (["/None", "/Front", "desk"], set()),
        (["org_admin"], set(PermissionKey)),
    ):
        caller = await authenticator.authenticate(shared(groups=groups, permissions=...))
        assert caller.permissions == permissions


async def test_a_token_without_permissions_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    authenticator = authenticator_with(roles=("realm_access.roles",))
    token = shared(permissions=["pm.billing.edit"], roles=["org_admin"])
    for _ in range(3):
        await authenticator.authenticate(token)
    [record] = [record for record in caplog.records if record.getMessage() == "a caller holds no permission"]
    assert getattr(record, "fields", None) == {
        "caller_id": "dana",
        "organization_id": "clinic-1",
        "claims_absent": ["realm_access.roles"],
    }


@pytest.mark.parametrize("paths", [("permissions", "roles"), ("access.keys", "access.roles"), ("roles", "roles")])
async def test_a_signed_token_is_valid_under_the_same_rules(paths: tuple[str, str]) -> None:
    rules = ClaimRules(organization=NAMESPACED, permissions=(paths[0],), roles=(paths[1],))
    token = sign_token(
        SECRET,
        organization_id="clinic-1",
        subject="dana",
        permissions=[PermissionKey.GROUP_SCHEDULE_EDIT],
        roles=["staff"],
        expires_in=timedelta(minutes=5),
        rules=rules,
    )
    caller = await Authenticator(SECRET, rules=rules).authenticate(f"Bearer {token}")
    assert (caller.subject, caller.organization_id) == ("dana", "clinic-1")
    assert caller.permissions == {PermissionKey.GROUP_SCHEDULE_EDIT, *ROLES["staff"]}
