"""DATABASE_URL accepts the parameters of libpq. Errors name unusable parameters without quoting secrets."""

import ssl
from pathlib import Path

import pytest

from db.connections.postgres_address import UnusableParameter, postgres_address


@pytest.mark.parametrize(
    ("url", "dsn"),
    [
        ("postgres://clinic:p%40ss@db:5433/pm", "postgresql://clinic:p%40ss@db:5433/pm"),
        ("postgresql://db/pm?sslmode=require", "postgresql://db/pm?sslmode=require"),
        ("postgresql:///pm?host=/var/run/postgresql", "postgresql:///pm?host=%2Fvar%2Frun%2Fpostgresql"),
        ("postgresql://db/pm?application_name=clinic+1", "postgresql://db/pm?application_name=clinic%201"),
        ("postgresql://db/pm?options=-c%20jit%3Doff", "postgresql://db/pm?options=-c%20jit%3Doff"),
        ("postgresql://db/pm?channel_binding=prefer&gssencmode=disable", "postgresql://db/pm"),
    ],
)
def test_parameters_of_libpq_reach_the_driver(url: str, dsn: str) -> None:
    assert postgres_address(url).dsns == (dsn,)


@pytest.mark.parametrize(
    ("url", "dsns"),
    [
        (
            "postgresql://clinic:p%40ss@one:5432,[::1]:5433,two/pm",
            (
                "postgresql://clinic:p%40ss@one:5432/pm?target_session_attrs=read-write",
                "postgresql://clinic:p%40ss@[::1]:5433/pm?target_session_attrs=read-write",
                "postgresql://clinic:p%40ss@two/pm?target_session_attrs=read-write",
            ),
        ),
        (
            "postgresql:///pm?host=/run/one,two&port=5433&target_session_attrs=any",
            (
                "postgresql:///pm?host=%2Frun%2Fone&port=5433&target_session_attrs=any",
                "postgresql:///pm?host=two&port=5433&target_session_attrs=any",
            ),
        ),
        (
            "postgresql://clinic@/pm?host=one,two&port=1,2",
            (
                "postgresql://clinic@/pm?host=one&port=1&target_session_attrs=read-write",
                "postgresql://clinic@/pm?host=two&port=2&target_session_attrs=read-write",
            ),
        ),
    ],
)
def test_each_of_several_hosts_has_its_own_address(url: str, dsns: tuple[str, ...]) -> None:
    address = postgres_address(url)
    assert address.dsns == dsns
    assert address.connect_seconds == 2


def test_the_url_for_sqlalchemy_has_no_parameters() -> None:
    url = postgres_address("postgresql://clinic:hidden@[::1]:5433,two/p%6D?sslmode=require").url
    assert (url.drivername, url.username, url.host, url.port) == ("postgresql+asyncpg", "clinic", "::1", 5433)
    assert (url.database, dict(url.query), url.password) == ("pm", {}, None)


@pytest.mark.parametrize(("parameters", "seconds"), [("", 5), ("?connect_timeout=30", 30), ("?connect_timeout=1", 2)])
def test_connect_timeout_limits_connecting(parameters: str, seconds: float) -> None:
    assert postgres_address(f"postgresql://db/pm{parameters}").connect_seconds == seconds


def test_connect_timeout_0_means_no_limit() -> None:
    assert postgres_address("postgresql://db/pm?connect_timeout=0").connect_seconds is None


def test_system_certificates_verify_the_host_name() -> None:
    address = postgres_address("postgresql://db/pm?sslmode=verify-full&sslrootcert=system")
    assert address.dsns == ("postgresql://db/pm",)
    assert address.tls is not None
    assert (address.tls.check_hostname, address.tls.verify_mode) == (True, ssl.CERT_REQUIRED)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("sslmode=on", "sslmode that is not one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("channel_binding=require", "channel_binding"),
        ("pgbouncer=true", "an unknown parameter: pgbouncer"),
        ("sslmode=require&sslmode=disable", "the parameter sslmode twice"),
        ("sslmode=", "the parameter sslmode without a value"),
        ("connect_timeout=soon", "connect_timeout that is not a number"),
        ("target_session_attrs=any-one", "target_session_attrs"),
        ("sslrootcert=/nowhere/ca.pem", "sslrootcert that cannot be read: /nowhere/ca.pem: No such file"),
        ("sslrootcert=system&sslmode=require", "needs sslmode=verify-full"),
    ],
)
def test_an_unusable_parameter_is_named_without_the_password(parameters: str, message: str) -> None:
    with pytest.raises(UnusableParameter) as refused:
        postgres_address(f"postgresql://clinic:hidden-word@db/pm?{parameters}")
    assert message in str(refused.value)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("parameter", ["port=6000", "host=other"])
def test_a_parameter_that_the_driver_would_ignore_is_refused(parameter: str) -> None:
    with pytest.raises(UnusableParameter, match="both host:port and the parameter"):
        postgres_address(f"postgresql://db/pm?{parameter}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db:port/pm",
        "postgresql://db:65536/pm",
        "postgresql://db:0/pm",
        "postgresql:///pm?host=db&port=x",
        "postgresql:///pm?host=a,b&port=5432,99999",
        "postgresql://a:1,b:x/pm",
        "postgresql:///pm?host=a,b,c&port=1,2",
        "postgresql://[::1/pm",
    ],
)
def test_invalid_hosts_and_ports_are_refused(url: str) -> None:
    with pytest.raises(UnusableParameter):
        postgres_address(url)


def test_an_address_does_not_show_its_password(tmp_path: Path) -> None:
    assert "hidden" not in repr(postgres_address("postgresql://clinic:hidden-word@db/pm"))
