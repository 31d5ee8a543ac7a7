"""An officer's reach: the co-operatives assigned to him today, as this service knows them.

The registry owns assignments and tells every service by event; each keeps ``officer_cooperative``. When that
knowledge is older than a stated bound, access is refused rather than granted by an assignment that may have ended.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol
from uuid import UUID

from shared.chassis.database import Database, WriteSession
from shared.chassis.events import Received, Withdrawn
from shared.chassis.http.problems import Unavailable
from shared.chassis.reach import NOWHERE, Reach

BANGKOK = timezone(timedelta(hours=7), "Asia/Bangkok")  # no daylight saving since 1920
REMEMBERED_SECONDS = 5
_OFFICERS_REMEMBERED_MAX = 10_000

_REACH_SQL = """
    select coalesce(array_agg(distinct cooperative_id), '{}') as cooperatives,
           (select extract(epoch from now() - polled_at) + lag_seconds from consumer_heartbeat
             where consumer = :consumer) as age_seconds
      from officer_cooperative
     where officer_id = :officer_id and valid_from <= :today and (valid_to is null or valid_to >= :today)
"""


def today_in_bangkok() -> date:
    """The calendar day by which assignments begin and end."""
    return datetime.now(UTC).astimezone(BANGKOK).date()


class AssignedReach:
    """The reach of officers, remembered for a few seconds each.

    Args:
        database: the service's database.
        consumer: the consumer whose heartbeat says how old the knowledge is; None for its owner.
        age_seconds_max: older knowledge refuses access.
        today: the calendar day.
        clock: a monotonic clock in seconds.
    """

    def __init__(
        self,
        database: Database,
        consumer: str | None,
        age_seconds_max: int,
        today: Callable[[], date] = today_in_bangkok,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._consumer = consumer
        self._age_seconds_max = age_seconds_max
        self._today = today
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[float, Reach]] = OrderedDict()

    async def of(self, officer_id: str) -> Reach:
        """What the officer may reach today.

        Raises:
            Unavailable: this service's knowledge of assignments is too old.
        """
        known = self._remembered.get(officer_id)
        if known is not None and self._clock() < known[0]:
            return known[1]
        async with self._database.read(NOWHERE) as session:
            found = await session.fetch_one(
                _REACH_SQL, officer_id=officer_id, consumer=self._consumer or "", today=self._today()
            )
        assert found is not None  # noqa: S101 - an aggregate always has its one row
        age_seconds = found["age_seconds"]
        if self._consumer is not None and (age_seconds is None or age_seconds > self._age_seconds_max):
            raise Unavailable(
                "Assignments are not up to date in this service; access waits until they are",
                "ข้อมูลการมอบหมายยังไม่เป็นปัจจุบัน โปรดลองใหม่ภายหลัง",
                retry_after_seconds=30,
            )
        reach = Reach(cooperatives=frozenset(found["cooperatives"]))
        self._remember(officer_id, reach)
        return reach

    def _remember(self, officer_id: str, reach: Reach) -> None:
        self._remembered[officer_id] = (self._clock() + REMEMBERED_SECONDS, reach)
        self._remembered.move_to_end(officer_id)
        if len(self._remembered) > _OFFICERS_REMEMBERED_MAX:
            self._remembered.popitem(last=False)


class Assignment(Protocol):
    """One co-operative in an officer's hands, as the registry's event says it; both days count, an open end is None."""

    @property
    def cooperative_id(self) -> UUID: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...
    @property
    def delegate_of(self) -> str | None: ...


async def store_assignments(
    session: WriteSession, officer_id: str, order: tuple[int, int], assignments: Sequence[Assignment]
) -> bool:
    """Replace what is known of an officer's co-operatives, unless the same or a newer state is known already.

    Args:
        session: the transaction of the event (or, in the registry, of the request).
        officer_id: the subject of the officer's tokens.
        order: epoch and version of the state.
        assignments: the whole list.

    Returns:
        Whether it was written.
    """
    written = await session.execute(
        """
        insert into officer_state (officer_id, epoch, version) values (:officer_id, :epoch, :version)
        on conflict (officer_id) do update set epoch = excluded.epoch, version = excluded.version
        where (officer_state.epoch, officer_state.version) < (excluded.epoch, excluded.version)
        """,
        officer_id=officer_id,
        epoch=order[0],
        version=order[1],
    )
    if not written:
        return False
    await session.execute("delete from officer_cooperative where officer_id = :officer_id", officer_id=officer_id)
    await session.execute_many(
        """
        insert into officer_cooperative (officer_id, cooperative_id, valid_from, valid_to, delegate_of)
        values (:officer_id, :cooperative_id, :valid_from, :valid_to, :delegate_of)
        """,
        [
            {
                "officer_id": officer_id,
                "cooperative_id": assignment.cooperative_id,
                "valid_from": assignment.valid_from,
                "valid_to": assignment.valid_to,
                "delegate_of": assignment.delegate_of,
            }
            for assignment in assignments
        ],
    )
    return True


async def forget_officers(session: WriteSession, received: Sequence[Received[Withdrawn]]) -> None:
    """Officers whom a restored registry does not know any more reach nothing."""
    await session.execute(
        """
        with held as (
            select known.officer_id from officer_state known
            join unnest(cast(:officers as text[]), cast(:epochs as integer[])) as gone (officer_id, epoch)
              on known.officer_id = gone.officer_id and known.epoch < gone.epoch
            order by known.officer_id for update of known
        ), gone as (
            delete from officer_state known using held where known.officer_id = held.officer_id
            returning known.officer_id
        )
        delete from officer_cooperative using gone where officer_cooperative.officer_id = gone.officer_id
        """,
        officers=[item.event.id for item in received],
        epochs=[item.epoch for item in received],
    )
