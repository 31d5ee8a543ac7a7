"""What every service's migrations share: the chassis' own tables, row-level security by reach, and grants.

Roles: the owner runs migrations and is bound by no policy (why none is forced on him: docs/decisions/0003); api is
bound by the caller's reach; worker is bound by it too, unless the transaction says that it is unscoped (relay,
consumer, close). COPY works on chassis tables only.
"""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

from shared.chassis.settings import role_name

_SQL_FOLDER = Path(__file__).parent / "sql"

# Settings are read in a sub-select so that they are evaluated once a query, not once a row.
_IN_REACH = """(
    (select current_setting('plodnee.everything', true)) = 'on'
    or province_code = any ((select string_to_array(current_setting('plodnee.provinces', true), ','))::text[])
    or district_code = any ((select string_to_array(current_setting('plodnee.districts', true), ','))::text[])
    or id = any ((select string_to_array(nullif(current_setting('plodnee.cooperatives', true), ''), ','))::uuid[])
)"""
# What answering a request needs of the chassis' tables; of those not named, nothing.
_API_RIGHTS = {
    "outbox": "insert",
    "access_log": "insert",
    "idempotency_key": "select, insert, update",
    "consumer_heartbeat": "select",
    "officer_cooperative": "select",
    "officer_state": "select",
    "job": "select, insert, update",
    "feed_delivery": "select, insert",
    "feed_file_part": "insert",
    "feed_row": "select (delivery_id, row_number, status, waiting_for)",
    "feed_reject": "select",
    "procrastinate_jobs": "select, insert, update",
    "procrastinate_events": "select, insert",
}
_UNSCOPED = "(select current_setting('plodnee.unscoped', true)) = 'on'"


def run_sql(statements: str) -> None:
    """Run a script of several statements inside the migration's transaction; it takes no parameters."""
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})


def create_chassis_tables(service: str) -> None:
    """Create outbox, consumer, idempotency, access log, job and feed tables with the grants of the two roles."""
    for path in sorted(_SQL_FOLDER.glob("*.sql")):
        run_sql(path.read_text(encoding="utf-8"))
    run_sql(SchemaManager.get_schema())
    api, worker = role_name(service, "api"), role_name(service, "worker")
    run_sql(
        f"""
        grant usage on schema public to {api}, {worker};
        grant select, insert, update, delete on all tables in schema public to {worker};
        grant usage, select on all sequences in schema public to {api}, {worker};
        do $$ begin
            if to_regclass('alembic_version') is not null then
                grant select on alembic_version to {api};
            end if;
        end $$;
        """
    )
    for table, rights in _API_RIGHTS.items():
        run_sql(f"grant {rights} on {table} to {api};")
    let_worker_analyse_feed_rows(service)


def let_worker_analyse_feed_rows(service: str) -> None:
    """Let the worker, who does not own the table, ask for statistics of the staged rows before it looks at them.

    Rows come and go with their file, so the statistics are always of an earlier one: the planner then expects no row of
    this file and compares each with each, which takes a file of 40,000 rows ten minutes.
    """
    run_sql(
        f"""
        create or replace function analyse_feed_row() returns void
            language plpgsql security definer set search_path = public, pg_temp as
        $$ begin analyze feed_row (delivery_id, row_number, status); end $$;
        revoke execute on function analyse_feed_row from public;
        grant execute on function analyse_feed_row to {role_name(service, "worker")};
        """
    )


def let_jobs_know_since_when_they_got_nowhere() -> None:
    """Add the column by which a job that meets transient faults is ended after a time, not after a number of them."""
    run_sql("alter table job add column if not exists fruitless_since timestamptz")


def grant(service: str, table: str, *, api: str = "select, insert, update", schema: str = "public") -> None:
    """Give the service's roles their rights on a table: the worker all, the api those named (empty for none)."""
    name = f"{schema}.{table}"
    run_sql(f"grant select, insert, update, delete on {name} to {role_name(service, 'worker')};")
    if api:
        run_sql(f"grant {api} on {name} to {role_name(service, 'api')};")


def protect_cooperatives(service: str, *, schema: str = "public") -> None:
    """Row-level security on the table of co-operatives itself: columns id, province_code, district_code."""
    _policies(service, f"{schema}.cooperative", _IN_REACH)


def protect(service: str, table: str) -> None:
    """Row-level security on a table whose rows belong to a co-operative.

    A row is in reach when its co-operative is: the sub-query runs under the policy of the co-operatives' table, so
    the meaning of reach stands in one place.
    """
    condition = f"exists (select 1 from public.cooperative reached where reached.id = {table}.cooperative_id)"
    _policies(service, f"public.{table}", condition)


def protect_by(service: str, table: str, condition: str, *, schema: str = "public") -> None:
    """Row-level security by a condition of its own, e.g. a person is in reach through a membership."""
    _policies(service, f"{schema}.{table}", condition)


def _policies(service: str, table: str, condition: str) -> None:
    run_sql(
        f"""
        alter table {table} enable row level security;
        create policy reach on {table} for all to {role_name(service, "api")}
            using ({condition}) with check ({condition});
        create policy worker_reach on {table} for all to {role_name(service, "worker")}
            using ({_UNSCOPED} or {condition}) with check ({_UNSCOPED} or {condition});
        """
    )
