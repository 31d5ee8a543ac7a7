"""The one way in which reading personal data is recorded."""

from collections.abc import Sequence
from uuid import UUID

from shared.chassis.auth.caller import Caller
from shared.chassis.database import WriteSession

PURPOSE_CHARACTERS_MAX = 80


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
        """
        insert into access_log (subject, client_id, what, subject_ids, purpose)
        values (:subject, :client_id, :what, cast(:subject_ids as uuid[]), :purpose)
        """,
        subject=caller.subject,
        client_id=caller.client_id,
        what=what,
        subject_ids=list(subject_ids),
        purpose=purpose[:PURPOSE_CHARACTERS_MAX],
    )
