"""Many rows in one statement. COPY is refused on tables with row-level security, so arrays travel instead."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.chassis.database import WriteSession


async def insert_rows(
    session: WriteSession, table: str, types: Mapping[str, str], rows: Sequence[Sequence[Any]], *, conflict: str = ""
) -> None:
    """Insert rows whose values stand in the order of `types` (column name to SQL type).

    `conflict` is the whole ``on conflict`` clause, where one is wanted.
    """
    if not rows:
        return
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types.values(), 1))
    # The order of the rows given is kept, so that identities and locks follow it.
    statement = f"insert into {table} ({', '.join(types)}) select * from unnest({arrays}) {conflict}"
    await (await session.raw()).execute(statement, *(list(column) for column in zip(*rows, strict=True)))


async def update_rows(
    session: WriteSession, table: str, keys: Mapping[str, str], types: Mapping[str, str], rows: Sequence[Sequence[Any]]
) -> None:
    """Set the columns `types` of the rows named by `keys`; each row gives its keys first, then its values."""
    if not rows:
        return
    columns = {**keys, **types}
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(columns.values(), 1))
    changes = ", ".join(f"{column} = given.{column}" for column in types)
    match = " and ".join(f"target.{column} = given.{column}" for column in keys)
    statement = (
        f"update {table} as target set {changes} from unnest({arrays}) as given ({', '.join(columns)}) where {match}"
    )
    await (await session.raw()).execute(statement, *(list(column) for column in zip(*rows, strict=True)))
