"""Settings: defaults, what each variable accepts, and messages that name it without its value."""

import pytest
from pydantic import ValidationError

from schema.admission.limits import Limits
from server.settings.environment import Settings, SettingsError, load_settings
from server.settings.request_limits import RequestLimits

SECRET = "a-shared-secret-of-32-bytes-or-more"


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings({})
    assert settings.database_url == "sqlite:///var/group-sessions.db"
    assert settings.default_time_zone == "America/Phoenix"
    assert settings.week_start == "sunday"
    assert settings.first_weekday == 6
    assert settings.log_level == "INFO"
    assert not settings.sign_in_configured


def test_an_empty_variable_counts_as_unset() -> None:
    names = [name.upper() for name in Settings.model_fields]
    assert load_settings(dict.fromkeys(names, "")) == load_settings(dict.fromkeys(names, "  ")) == load_settings({})


def test_only_the_environment_argument_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    assert load_settings({}).log_level == "INFO"
    assert load_settings({}).request_limits.persisted_queries
    assert load_settings({"PATH": "/bin", "HOME": "/"}) == load_settings({})


def test_every_variable_is_read() -> None:
    settings = load_settings(
        {
            "DATABASE_URL": "postgresql://clinic:word@db:5432/pm",
            "AUTH_JWKS_URL": "https://id.example.org/jwks",
            "AUTH_ISSUER": "https://id.example.org/",
            "AUTH_AUDIENCE": "pm",
            "DEFAULT_TIME_ZONE": "Europe/Vienna",
            "WEEK_START": "Monday",
            "LOG_LEVEL": "debug",
            "GRAPHIQL": "ON",
            "LIMIT_BODY_BYTES": "2000000",
            "LIMIT_TOKENS": "9000",
            "CORS_ORIGINS": "https://admin.example.org, http://localhost:3000",
            "RATE_LIMIT": "10/second;200/minute",
            "PERSISTED_QUERIES": "Off",
        }
    )
    assert settings.sign_in_configured
    assert (settings.auth_issuer, settings.auth_audience) == ("https://id.example.org/", "pm")
    assert settings.default_time_zone == "Europe/Vienna"
    assert settings.first_weekday == 0
    assert settings.log_level == "DEBUG"
    assert settings.serves_graphiql(demo=False)
    assert settings.request_limits == RequestLimits(
        2_000_000, Limits(tokens=9000), "10/second;200/minute", persisted_queries=False
    )
    assert settings.allowed_origins == ("https://admin.example.org", "http://localhost:3000")


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///var/clinic.db", "sqlite+aiosqlite"),
        ("sqlite:////srv/clinic.db", "sqlite+aiosqlite"),
        ("postgresql://clinic@db/pm", "postgresql+asyncpg"),
        ("postgres://clinic@db/pm", "postgresql+asyncpg"),
    ],
)
def test_the_database_gets_an_async_driver(url: str, driver: str) -> None:
    assert load_settings({"DATABASE_URL": url}).database_async_url.drivername == driver


def test_an_invalid_part_of_the_database_url_is_named() -> None:
    for url, fault in (
        ("postgresql://clinic:hidden@db:port/pm", "an invalid host or port"),
        ("postgresql://clinic:hidden@db/pm?pgbouncer=true", "an unknown parameter: pgbouncer"),
    ):
        with pytest.raises(SettingsError) as refused:
            load_settings({"DATABASE_URL": url})
        assert str(refused.value) == f"DATABASE_URL has {fault}."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db/pm"),
        ("DATABASE_URL", "sqlite://?cache=shared"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "postgresql://db"),
        ("DATABASE_URL", "clinic.db"),
        ("AUTH_JWT_SECRET", "thirty-one-bytes-are-too-few..."),
        (
            "AUTH_JWT_SECRET",
            "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
        ),
        ("DEFAULT_TIME_ZONE", "Arizona"),
        ("DEFAULT_TIME_ZONE", "../../etc/passwd"),
        ("DEFAULT_TIME_ZONE", "Factory"),
        ("WEEK_START", "0"),
        ("LOG_LEVEL", "loud"),
        ("GRAPHIQL", "yes"),
        ("PERSISTED_QUERIES", "no"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://admin.example.org/"),
        ("CORS_ORIGINS", "https://admin.example.org null"),
        ("CORS_ORIGINS", "clinic.example.org"),
        ("CORS_ORIGINS", "https://[broken"),
        ("TRUSTED_PROXIES", "*"),
        ("TRUSTED_PROXIES", "10.0.0.7/8"),
        ("TRUSTED_PROXIES", "proxy.internal"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("WORKER_TIMEOUT", "9"),
        ("WORKER_TIMEOUT", "86401"),
        ("WORKER_TIMEOUT", "soon"),
        ("WORKER_TIMEOUT", "1.5"),
        ("WAITLIST_LIMIT", "-5"),
        ("WAITLIST_LIMIT", "many"),
        ("RATE_LIMIT", "often"),
        ("RATE_LIMIT", "77"),
        ("RATE_LIMIT", "100/fortnight"),
        ("LIMIT_BODY_BYTES", "0"),
        ("LIMIT_TOKENS", "-7"),
        ("LIMIT_COST", "without"),
        ("LIMIT_HEAD_BYTES", "999"),
        ("LIMIT_CONNECTIONS", "0"),
        ("TIMEOUT_HEAD", "0"),
        ("TIMEOUT_WRITE", "10s"),
        ("EVENTS_NOTIFY_CHANNEL", "Events"),
        ("EVENTS_NOTIFY_CHANNEL", "1st; DROP"),
        ("EVENTS_NOTIFY_CHANNEL", "e" * 64),
        ("EVENTS_WEBHOOK_URL", "http://cl.example.org/hooks"),
        ("EVENTS_WEBHOOK_URL", "https://cl.example.org:port/"),
        ("EVENTS_WEBHOOK_URL", "https://cl.example.org/ho oks"),
        ("EVENTS_WEBHOOK_SECRET", "whsec_!"),
        ("EVENTS_WEBHOOK_SECRET", "whsec_dG9vIHNob3J0"),
        ("EVENTS_WEBHOOK_SECRET", "a secret that is no base64"),
        ("EVENTS_WEBHOOK_SECRET", "é" * 40),
        ("EVENTS_WEBHOOK_TIMEOUT", "90s"),
        ("EVENTS_WEBHOOK_TRIES", "many"),
        ("EVENTS_WEBHOOK_FIRST_WAIT", "-1"),
        ("EVENTS_WEBHOOK_LONGEST_WAIT", "86401"),
        ("EVENTS_INBOUND_SECRET", "hunter2"),
        ("EVENTS_INBOUND_SECRET", f"whsec_{'A' * 32}, hunter2"),
        ("EVENTS_WEBHOOK_SECRET", " ".join([f"whsec_{'A' * 32}"] * 6)),
    ],
)
def test_an_error_names_the_variable_and_what_it_accepts_but_no_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings({name: value})
    assert str(refusal.value) == f"{name} must be {Settings.model_fields[name.lower()].description}."
    assert refusal.value.__cause__ is refusal.value.__context__ is None


def test_all_invalid_variables_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings({"WEEK_START": "someday", "LOG_LEVEL": "loud"})
    assert "WEEK_START must be" in str(refusal.value)
    assert "LOG_LEVEL must be" in str(refusal.value)


HOOKS = {"EVENTS_WEBHOOK_URL": "https://key:word@cl.example.org/hooks", "EVENTS_WEBHOOK_SECRET": f"whsec_{'A' * 32}"}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"EVENTS_NOTIFY_CHANNEL": "pm_events"}, "EVENTS_NOTIFY_CHANNEL needs PostgreSQL"),
        ({"EVENTS_WEBHOOK_URL": HOOKS["EVENTS_WEBHOOK_URL"]}, "need each other"),
        ({"EVENTS_WEBHOOK_SECRET": HOOKS["EVENTS_WEBHOOK_SECRET"]}, "need each other"),
        (HOOKS | {"EVENTS_WEBHOOK_FIRST_WAIT": "601"}, "EVENTS_WEBHOOK_LONGEST_WAIT"),
    ],
)
def test_incomplete_event_settings_are_refused(variables: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refusal:
        load_settings(variables)
    assert "word@" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_webhook_urls_and_secrets_are_not_in_the_printed_settings() -> None:
    settings = load_settings(HOOKS | {"EVENTS_INBOUND_SECRET": "B" * 40})
    assert (settings.events_webhook_tries, settings.events_webhook_timeout) == (300, 10)
    for hidden in ("word@", "AAAA", "BBBB"):
        assert hidden not in f"{settings!r} {settings}"


def test_a_channel_is_accepted_with_postgresql() -> None:
    variables = {"DATABASE_URL": "postgresql://clinic@db/pm", "EVENTS_NOTIFY_CHANNEL": "pm_events"}
    assert load_settings(variables).events_notify_channel == "pm_events"


def test_secrets_are_not_in_the_printed_settings() -> None:
    settings = load_settings({"AUTH_JWT_SECRET": SECRET, "DATABASE_URL": "postgresql://clinic:hidden@db/pm"})
    assert settings.sign_in_configured
    assert SECRET not in f"{settings!r} {settings}"
    assert "hidden" not in f"{settings!r} {settings} {settings.database_async_url}"


def test_spaces_of_a_secret_are_kept() -> None:
    assert load_settings({"AUTH_JWT_SECRET": f" {SECRET} "}).auth_jwt_secret == f" {SECRET} "


def test_settings_do_not_change() -> None:
    settings = load_settings({})
    with pytest.raises(ValidationError, match="frozen"):
        settings.log_level = "ERROR"  # type: ignore[misc]  # the rule under test


@pytest.mark.parametrize(
    ("value", "demo", "on"),
    [("", True, True), ("", False, False), ("on", False, True), ("off", True, False)],
)
def test_graphiql_is_off_outside_the_demo_unless_set(value: str, demo: bool, on: bool) -> None:
    assert load_settings({"GRAPHIQL": value}).serves_graphiql(demo=demo) is on


@pytest.mark.parametrize(("value", "expected"), [("", "on"), ("on", "on"), ("OFF", "off")])
def test_the_admin_ui_is_on_unless_it_is_turned_off(value: str, expected: str) -> None:
    assert load_settings({"ADMIN_UI": value}).admin_ui == expected
