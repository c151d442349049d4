"""Tokens with the claims that Keycloak, Entra ID and Auth0 document, with the settings in docs/sign-in.md."""

from dataclasses import dataclass
from typing import Any

import pytest

from resolvers.caller import ROLES, Caller, PermissionKey
from server.auth.authenticator import Authenticator
from server.auth.refusals import RefusalReason
from server.settings.environment import load_settings
from tests.server.auth.provider_host import ProviderHost, signed
from tests.server.auth.tokens import claims, refusal

pytestmark = pytest.mark.anyio

TENANT = "8f2c1d5e-4b7a-4c1e-9a53-0d6f2b8e7a11"
APPLICATION = "5d0a7c3f-2e41-4f6b-8c9d-1b2a3c4d5e6f"


@dataclass(frozen=True, slots=True)
class Product:
    """A product: the path of its issuer, the settings for it, the claims of its tokens, and the caller they name."""

    path: str
    settings: dict[str, str]
    claims: dict[str, Any]
    caller: Caller


KEYCLOAK = Product(
    "/realms/clinic",
    {
        "AUTH_AUDIENCE": "group-sessions",
        "AUTH_CLAIM_ORGANIZATION": "organization",
        "AUTH_CLAIM_ROLES": "realm_access.roles,resource_access.group-sessions.roles",
        "AUTH_ROLE_PERMISSIONS": '{"front-desk": ["pm.group_schedule.view"], "clinical-lead": ["staff"]}',
    },
    {
        "jti": "onrtac:9c0e7d2b-1f64-4a86-b8b3-6a1d9a1f3c55",
        "aud": ["group-sessions", "account"],
        "sub": "f3b2a7de-0c11-4e55-9d8a-7c6b5a493827",
        "typ": "Bearer",
        "azp": "admin-ui",
        "sid": "1b6e0c9e-5a2d-4b0f-8b62-7a1f2e3d4c5b",
        "acr": "1",
        "allowed-origins": ["https://admin.example.org"],
        "realm_access": {"roles": ["default-roles-clinic", "offline_access", "uma_authorization", "front-desk"]},
        "resource_access": {
            "group-sessions": {"roles": ["clinical-lead"]},
            "account": {"roles": ["manage-account", "view-profile"]},
        },
        "scope": "openid email profile organization",
        "email_verified": True,
        "organization": {"acme": {}},
        "preferred_username": "dana",
    },
    Caller("f3b2a7de-0c11-4e55-9d8a-7c6b5a493827", "acme", ROLES["staff"]),
)
ENTRA = Product(
    f"/{TENANT}/v2.0",
    {
        "AUTH_AUDIENCE": APPLICATION,
        "AUTH_CLAIM_ORGANIZATION": "tid",
        "AUTH_ROLE_PERMISSIONS": '{"GroupSessions.Admin": ["org_admin"]}',
    },
    {
        "aud": APPLICATION,
        "aio": "AXQAi/8TAAAA",
        "azp": "0e1f2a3b-4c5d-6e7f-8091-a2b3c4d5e6f7",
        "azpacr": "0",
        "name": "Dana",
        "oid": "2c7d8e9f-a0b1-4c2d-9e3f-405162738495",
        "preferred_username": "dana@example.org",
        "rh": "0.AXYA",
        "roles": ["GroupSessions.Admin"],
        "scp": "access_as_user User.Read",
        "sub": "8pQ0f3Zr6Jc1m2n3o4p5q6r7s8t9u0v1w2x3y4z5A6B",
        "tid": TENANT,
        "uti": "Zk1x2c3v4b5n6m7q8w9e0r",
        "ver": "2.0",
    },
    Caller("8pQ0f3Zr6Jc1m2n3o4p5q6r7s8t9u0v1w2x3y4z5A6B", TENANT, frozenset(PermissionKey)),
)
AUTH0 = Product(
    "/",
    {
        "AUTH_AUDIENCE": "https://group-sessions.example.org",
        "AUTH_CLAIM_ORGANIZATION": "org_id",
        "AUTH_CLAIM_ROLES": "https://example.org/roles",
    },
    {
        "aud": ["https://group-sessions.example.org", "https://clinic.eu.auth0.com/userinfo"],
        "sub": "auth0|64f0c0ffee",
        "azp": "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY",
        "scope": "openid profile email pm.group_definitions.delete",
        "org_id": "org_9ybsU1dN2dKfDkBi",
        "permissions": ["pm.group_schedule.edit", "read:billing"],
        "https://example.org/roles": ["staff"],
    },
    Caller(
        "auth0|64f0c0ffee",
        "org_9ybsU1dN2dKfDkBi",
        ROLES["staff"] | {PermissionKey.GROUP_SCHEDULE_EDIT},
    ),
)
PRODUCTS = pytest.mark.parametrize("product", [KEYCLOAK, ENTRA, AUTH0], ids=["keycloak", "entra", "auth0"])


def authenticator_of(product: Product, host: ProviderHost, **settings: str) -> Authenticator:
    host.issuer = host.origin + product.path
    return Authenticator.from_settings(load_settings({"AUTH_ISSUER": host.issuer} | product.settings | settings))


def token(product: Product, host: ProviderHost, **changes: Any) -> str:
    product_claims = {
        "iss": host.issuer,
        "iat": 1_700_000_000,
        "organization_id": ...,
        "permissions": ...,
    } | product.claims
    return signed(claims(**product_claims | changes))


@PRODUCTS
async def test_a_token_of_the_product_names_the_caller(product: Product, provider_host: ProviderHost) -> None:
    authenticator = authenticator_of(product, provider_host)
    assert await authenticator.authenticate(token(product, provider_host)) == product.caller


@PRODUCTS
async def test_a_token_of_another_tenant_or_application_is_refused(
    product: Product, provider_host: ProviderHost
) -> None:
    authenticator = authenticator_of(product, provider_host)
    for changes, reason in (
        ({"iss": f"{provider_host.origin}/another"}, RefusalReason.WRONG_ISSUER),
        ({"aud": "account"}, RefusalReason.WRONG_AUDIENCE),
        ({"aud": [product.claims["azp"]]}, RefusalReason.WRONG_AUDIENCE),
        ({product.settings["AUTH_CLAIM_ORGANIZATION"]: ...}, RefusalReason.NO_ORGANIZATION),
    ):
        error = await refusal(authenticator, token(product, provider_host, **changes))
        assert error.reason is reason


async def test_a_keycloak_token_with_several_organizations_is_refused(provider_host: ProviderHost) -> None:
    authenticator = authenticator_of(KEYCLOAK, provider_host)
    listed = token(KEYCLOAK, provider_host, organization=["acme"])
    assert (await authenticator.authenticate(listed)).organization_id == "acme"
    several = token(KEYCLOAK, provider_host, organization={"acme": {}, "globex": {}})
    assert (await refusal(authenticator, several)).reason is RefusalReason.SEVERAL_ORGANIZATIONS


async def test_scopes_of_entra_grant_permissions_if_configured(provider_host: ProviderHost) -> None:
    authenticator = authenticator_of(ENTRA, provider_host, AUTH_CLAIM_PERMISSIONS="scp")
    scoped = token(ENTRA, provider_host, roles=..., scp="access_as_user pm.group_schedule.view")
    assert (await authenticator.authenticate(scoped)).permissions == {PermissionKey.GROUP_SCHEDULE_VIEW}
