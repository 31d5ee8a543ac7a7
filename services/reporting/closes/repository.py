"""All writes of what debt states at a baseline or a close."""

from collections.abc import Sequence
from typing import Any

from shared.chassis.database import WriteSession
from shared.chassis.inbox import to_json


async def insert_statements(session: WriteSession, table: str, rows: Sequence[dict[str, Any]], key: str) -> None:
    """Insert statements; one that is known (by the columns of `key`) changes nothing."""
    if not rows:
        return
    names = ", ".join(rows[0])
    await session.execute(
        f"""
        insert into {table} ({names})
        select {names} from jsonb_populate_recordset(cast(null as {table}), cast(:rows as jsonb)) order by {key}
        on conflict ({key}) do nothing
        """,
        rows=to_json(rows),
    )
