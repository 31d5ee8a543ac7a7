"""`plodnee init`: databases, roles, grants and topics on the operator's own PostgreSQL and Kafka. Safe to repeat."""

from urllib.parse import urlsplit

import asyncpg
import structlog

from shared.chassis.events import Topic
from shared.chassis.kafka import create_topics
from shared.chassis.settings import Role, Settings, UnsafeSettings, role_name

log = structlog.get_logger(__name__)

_LOCK = 7_105  # advisory: two `plodnee init` of one server wait for each other
_ROLES: tuple[Role, ...] = ("owner", "api", "worker")
# What the server's log may hold of our sessions. A refused statement is told to us, and we log its state and its
# constraint; the server's own line would quote the row (DETAIL), the value ("invalid input syntax"), the line of a COPY
# (CONTEXT), the statement, or the parameters of a slow one.
_SERVER_LOG = {
    "log_min_messages": "log",  # above all errors of statements
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
}


async def initialise(settings: Settings, services: list[str], topics: list[Topic]) -> None:
    """Create what is missing, set the roles' passwords, and create missing topics.

    Raises:
        MissingSettings: the superuser's URL or a password is not in the environment.
    """
    for service in services:
        await initialise_database(settings, service)
    created = await create_topics(settings, topics)
    log.info("topics_ready", created=len(created), topics=len(topics))


async def initialise_database(settings: Settings, service: str) -> None:
    """Create the service's roles and database, owned by its owner role."""
    admin_url = settings.require("admin_database_url")
    database = urlsplit(settings.database_url(service, "owner")).path.lstrip("/")
    connection = await asyncpg.connect(admin_url, timeout=10)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)  # ends with the connection
        for role in _ROLES:
            await _ensure_role(connection, role_name(service, role), settings.role_password(service, role))
            await keep_rows_out_of_server_log(connection, role_name(service, role))
        if not await connection.fetchval("select 1 from pg_database where datname = $1", database):
            owner = role_name(service, "owner")
            await connection.execute(f"grant {owner} to current_user")
            await connection.execute(f"create database \"{database}\" owner {owner} encoding 'UTF8' template template0")
        await connection.execute(f'revoke all on database "{database}" from public')
        for role in _ROLES[1:]:
            await connection.execute(f'grant connect on database "{database}" to {role_name(service, role)}')
    finally:
        await connection.close()
    log.info("database_ready", service=service, database=database)


async def _ensure_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    """A plain role that can sign in: no superuser, no bypass of row-level security."""
    quoted = await connection.fetchval("select quote_literal($1::text)", password)
    exists = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
    verb = "alter" if exists else "create"
    await connection.execute(
        f"{verb} role {role} login nosuperuser nobypassrls nocreatedb nocreaterole password {quoted}"
    )


async def keep_rows_out_of_server_log(connection: asyncpg.Connection, role: str) -> None:
    """Have the server log nothing of a role's sessions that could quote a row; say so when that is not allowed."""
    try:
        for name, value in _SERVER_LOG.items():
            await connection.execute(f"alter role {role} set {name} = '{value}'")
    except asyncpg.InsufficientPrivilegeError:
        # A managed server's administrator is no superuser: there the operator sets them for the whole server.
        log.warning("server_log_may_quote_rows", role=role, settings=_SERVER_LOG)


async def refuse_unsafe_role(settings: Settings, service: str, role: Role) -> None:
    """Refuse in production an api or worker that row-level security does not bind as that role.

    Raises:
        UnsafeSettings: the process signs in as another role than its own, or as a superuser, a role that bypasses
            policies, a member of the tables' owner, or one for which every reading under a policy is an error.
    """
    if not settings.is_production:
        return
    connection = await asyncpg.connect(settings.database_url(service, role), timeout=10)
    try:
        row = await connection.fetchrow(_ROLE_FAULTS, role_name(service, role))
    finally:
        await connection.close()
    faults = [name.replace("_", " ") for name, is_so in row.items() if is_so] if row else ["is unknown"]
    if faults:
        raise UnsafeSettings(f"refusing to run in production: the {role} of {service} {', '.join(faults)}")


# An owner's policies bind neither the owner nor its members; policies name the role that they are made for.
_ROLE_FAULTS = """
    select rolsuper as is_a_superuser, rolbypassrls as bypasses_policies, rolname <> $1 as signs_in_as_another_role,
           exists (select from pg_class where relkind in ('r', 'p') and pg_has_role(pg_roles.oid, relowner, 'member'))
               as owns_tables,
           not cast(current_setting('row_security') as boolean) as has_row_security_off
    from pg_roles where rolname = current_user
"""
