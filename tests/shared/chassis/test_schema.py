"""Goal: the role that answers requests reaches no more of the chassis' tables than an answer needs."""

from tests.conftest import DatabaseOf

_REACHED = """
    select relname, privilege from pg_class cross join unnest(array['select', 'insert', 'update', 'delete']) privilege
    where relnamespace = to_regnamespace('public') and relkind = 'r' and relname = any(:tables)
      and has_table_privilege('plodnee_literacy_api', pg_class.oid, privilege)
    order by relname, privilege
"""


async def test_the_api_sees_no_event_of_others_and_changes_no_offset(database_of: DatabaseOf) -> None:
    tables = [
        "alembic_version",
        "consumer_heartbeat",
        "consumer_offset",
        "dead_letter",
        "dead_letter_drop",
        "outbox",
        "outbox_epoch",
        "access_log",
        "feed_file_part",
        "feed_row",
    ]
    database = await database_of("literacy")
    async with database.unscoped() as session:
        rows = await session.fetch(_REACHED, tables=tables)
    assert [(row["relname"], row["privilege"]) for row in rows] == [
        ("access_log", "insert"),
        ("alembic_version", "select"),
        ("consumer_heartbeat", "select"),
        ("feed_file_part", "insert"),
        ("outbox", "insert"),
    ]
