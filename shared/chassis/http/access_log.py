"""The one place where the reading of personal data is recorded."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.chassis.auth.caller import Caller
from shared.chassis.database import Row, WriteSession

PURPOSE_CHARACTERS_MAX = 80
_INSERT = "insert into access_log (subject, client_id, what, subject_ids, purpose)"


async def log_access(
    session: WriteSession, caller: Caller, what: str, subject_ids: Sequence[UUID], purpose: str = "service"
) -> None:
    """Record that the caller was shown these persons' data, in the transaction that shows it.

    Args:
        session: of the dependency ``AuditedReading`` (or ``Writing``).
        caller: who reads.
        what: the act, e.g. ``member-search``.
        subject_ids: the persons shown; none when a search found nobody, which is recorded too.
        purpose: why, as a code (``case-assessment``); cut at 80 characters.
    """
    await session.execute(
        f"""
        {_INSERT}
        values (:subject, :client_id, :what, cast(:subject_ids as uuid[]), :purpose)
        """,
        subject=caller.subject,
        client_id=caller.client_id,
        what=what,
        subject_ids=list(subject_ids),
        purpose=purpose[:PURPOSE_CHARACTERS_MAX],
    )


async def fetch_one_logged(
    session: WriteSession, caller: Caller, what: str, sql: str, *, subject_column: str, **parameters: Any
) -> Row | None:
    """The only row of a query, or None, and the record of it, in one round trip: for what is read all the time.

    Args:
        session: as for :func:`log_access`.
        caller: who reads.
        what: the act.
        sql: the query.
        subject_column: its column that names the person shown.
        parameters: of the query.
    """
    return await session.fetch_one(
        f"""
        with shown as ({sql}), logged as (
            {_INSERT}
            select cast(:log_subject as text), cast(:log_client_id as text), cast(:log_what as text),
                   array[shown.{subject_column}], 'service' from shown
        )
        select * from shown
        """,
        log_subject=caller.subject,
        log_client_id=caller.client_id,
        log_what=what,
        **parameters,
    )
