"""Goal: a production process refuses what is only safe on a developer's machine, and names each setting to mend."""

import asyncio
import base64
import secrets
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import structlog

from shared.chassis.http.app import create_app
from shared.chassis.initialise import initialise_database, keep_rows_out_of_server_log, refuse_unsafe_role
from shared.chassis.service import Service
from shared.chassis.settings import MissingSettings, Settings, UnsafeSettings, role_name
from shared.chassis.worker import run_worker
from tests.conftest import DatabaseOf


def _key(content: bytes | None = None) -> str:
    return base64.b64encode(content or secrets.token_bytes(32)).decode()


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that production accepts, to be spoilt by one setting."""
    for name, value in {
        "ENVIRONMENT": "production",
        "ISSUER": "https://sign-in.example",
        "DASHBOARD_URL": "https://dashboard.example",
        "KAFKA_REPLICATION_FACTOR": "3",
        "KEY_ENCRYPTION_KEYS": f"2026:{_key()},2025:{_key()}",
        "BLIND_INDEX_KEY": _key(),
        "MEMBER_NUMBER_KEY": _key(),
        "SESSION_KEY": _key(),
    }.items():
        monkeypatch.setenv(f"PLODNEE_{name}", value)
    return monkeypatch


def test_promise_9_settings_of_an_operator_are_accepted(production: pytest.MonkeyPatch) -> None:
    Settings().refuse_unsafe_production()


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("ISSUER", "http://127.0.0.1:8000/identity", "must be an https"),
        ("JWKS_URL", "http://127.0.0.1/jwks", "must be an https"),
        ("DASHBOARD_URL", "http://127.0.0.1:8000", "must be an https"),
        ("KAFKA_REPLICATION_FACTOR", "1", "must be 3 or more"),
        ("KAFKA_TOPIC_PREFIX", "t1.", "is for tests"),
        ("SESSION_KEY", "", "SESSION_KEY is not set"),
        ("KEY_ENCRYPTION_KEYS", f"development-1:{_key()}", "is a development key"),
        ("BLIND_INDEX_KEY", "CHANGE-ME-key", "not the base64 of 32 random bytes"),
        ("BLIND_INDEX_KEY", _key(bytes(range(16))), "not the base64 of 32 random bytes"),
        ("MEMBER_NUMBER_KEY", _key(b"a-default-key-typed-by-a-person!"), "not the base64 of 32 random bytes"),
        ("MEMBER_NUMBER_KEY", _key(bytes(31) + b"\xff"), "not the base64 of 32 random bytes"),
        ("KEY_ENCRYPTION_KEYS", f"2026:{_key()},2025:{_key(bytes(32))}", "not the base64 of 32 random bytes"),
    ],
    ids=[
        "plain issuer",
        "plain key set",
        "plain dashboard",
        "one replica",
        "topic prefix",
        "no session key",
        "development key",
        "marker",
        "short key",
        "typed key",
        "empty key",
        "empty older key",
    ],  # the values are random, and every worker must collect the same names
)
def test_promise_9_one_unsafe_setting_is_refused_by_name(
    production: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    production.setenv(f"PLODNEE_{name}", value)
    with pytest.raises(UnsafeSettings, match=fault):
        Settings().refuse_unsafe_production()


def test_promise_9_one_key_serves_one_purpose(production: pytest.MonkeyPatch) -> None:
    key = _key()
    production.setenv("PLODNEE_BLIND_INDEX_KEY", key)
    production.setenv("PLODNEE_SESSION_KEY", key)
    with pytest.raises(UnsafeSettings, match="SESSION_KEY is the key of PLODNEE_BLIND_INDEX_KEY too"):
        Settings().refuse_unsafe_production()


def test_a_key_that_is_not_base64_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLODNEE_SESSION_KEY", "not base64!")
    with pytest.raises(MissingSettings, match="PLODNEE_SESSION_KEY must be the base64"):
        Settings().key_bytes("session_key")


async def test_promise_9_only_the_role_that_policies_are_made_for_may_answer(
    settings: Settings, database_of: DatabaseOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database_of("literacy")
    safe = settings.model_copy(update={"environment": "production"})
    await refuse_unsafe_role(safe, "literacy", "api")
    await refuse_unsafe_role(safe, "literacy", "worker")
    urls = {
        "signs in as another role, owns tables": settings.database_url("literacy", "owner"),
        "is a superuser": settings.require("admin_database_url"),
        "signs in as another role": settings.database_url("literacy", "worker"),
    }
    for fault, url in urls.items():
        monkeypatch.setenv("PLODNEE_LITERACY_DATABASE_URL", url)
        with pytest.raises(UnsafeSettings, match=fault):
            await refuse_unsafe_role(safe, "literacy", "api")


@pytest.mark.parametrize(
    ("gift", "fault"),
    [
        (f"grant {role_name('literacy', 'owner')} to {{}}", "owns tables"),
        ("alter role {} bypassrls", "bypasses policies"),
        ("alter role {} set row_security = off", "has row security off"),
    ],
)
async def test_promise_9_a_role_that_was_given_too_much_is_refused(
    settings: Settings, database_of: DatabaseOf, monkeypatch: pytest.MonkeyPatch, gift: str, fault: str
) -> None:
    await database_of("literacy")
    member = f"test_member_{secrets.token_hex(6)}"
    url = urlsplit(settings.database_url("literacy", "api"))
    admin = await asyncpg.connect(settings.require("admin_database_url"))
    try:
        await admin.execute(f"create role {member} login password 'x'")
        await admin.execute(gift.format(member))
        await admin.execute(f'grant connect on database "{url.path[1:]}" to {member}')
        address = f"{member}:x@{url.netloc.rpartition('@')[2]}"
        monkeypatch.setenv("PLODNEE_LITERACY_DATABASE_URL", urlunsplit(url._replace(netloc=address)))
        with pytest.raises(UnsafeSettings, match=fault):
            await refuse_unsafe_role(settings.model_copy(update={"environment": "production"}), "literacy", "api")
    finally:
        await admin.execute(f'revoke connect on database "{url.path[1:]}" from {member}')
        await admin.execute(f"drop role {member}")
        await admin.close()


async def test_promise_9_every_process_asks_before_it_starts(
    settings: Settings, database_of: DatabaseOf, production: pytest.MonkeyPatch
) -> None:
    await database_of("literacy")
    production.setenv("PLODNEE_LITERACY_DATABASE_URL", settings.database_url("literacy", "owner"))
    service, operators = Service("literacy", "Test", "ทดสอบ"), Settings()
    app = create_app(service, settings=operators)
    with pytest.raises(UnsafeSettings, match=r"the api of literacy .* owns tables"):
        async with app.router.lifespan_context(app):
            pass
    with pytest.raises(UnsafeSettings, match=r"the worker of literacy .* owns tables"):
        await run_worker(service, operators, asyncio.Event(), parts=())
    developers = operators.model_copy(update={"issuer": "http://127.0.0.1:8000/identity"})
    with pytest.raises(UnsafeSettings, match="must be an https"):
        create_app(service, settings=developers)
    with pytest.raises(UnsafeSettings, match="must be an https"):
        await run_worker(service, developers, asyncio.Event(), parts=())


async def test_init_mends_what_an_interrupted_init_left(settings: Settings, database_of: DatabaseOf) -> None:
    await database_of("literacy")
    url = settings.database_url("literacy", "api")
    admin = await asyncpg.connect(settings.require("admin_database_url"))
    try:
        await admin.execute(f'revoke connect on database "{url.rsplit("/", 1)[1]}" from {role_name("literacy", "api")}')
    finally:
        await admin.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(url)
    await initialise_database(settings, "literacy")
    await (await asyncpg.connect(url)).close()


async def test_init_keeps_rows_out_of_the_servers_log(settings: Settings, database_of: DatabaseOf) -> None:
    for role in ("owner", "api", "worker"):
        database = await database_of("literacy", role)
        async with database.unscoped() as session:
            found = await session.fetch("select name, setting from pg_settings where name like 'log\\_%'")
        said = {row["name"]: row["setting"] for row in found}
        assert (said["log_min_messages"], said["log_error_verbosity"]) == ("log", "terse")
        assert (said["log_min_error_statement"], said["log_parameter_max_length"]) == ("panic", "0")


async def test_init_says_what_a_managed_server_does_not_let_it_set(settings: Settings, database_of: DatabaseOf) -> None:
    await database_of("literacy")
    nobody = await asyncpg.connect(settings.database_url("literacy", "owner"))
    try:
        with structlog.testing.capture_logs() as lines:
            await keep_rows_out_of_server_log(nobody, role_name("literacy", "owner"))
    finally:
        await nobody.close()
    assert [line["event"] for line in lines] == ["server_log_may_quote_rows"]
