"""A small world for tests of debt: people by event, loans and payments as files, jobs run at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson

from services.debt.app import SERVICE
from services.debt.inbox import INBOX
from shared.chassis.crypto import member_number_hash
from shared.chassis.database import Database
from shared.chassis.events import Event, Received
from shared.chassis.jobs.worker import run_job
from shared.chassis.settings import Settings, get_settings
from shared.chassis.worker import tasks_of
from shared.contracts.registry import CooperativeRecorded, MemberRecorded
from shared.kernel.identifiers import derived_id

CUT_OVER = date(2022, 9, 30)

LOAN_COLUMNS = (
    "cooperative_code", "member_number", "loan_number", "loan_type", "principal", "annual_rate", "disbursed_on",
    "method", "frequency", "harvest_months", "instalments", "first_due_on", "day_count", "cut_over_on",
    "opening_principal", "opening_interest", "opening_fee", "opening_overdue_principal", "opening_last_paid_on",
)  # fmt: skip

# A loan of 12,000 in twelve equal parts of 1,000, of which three were missed before the cut-over.
LOAN: Mapping[str, str] = {
    "loan_type": "medium", "principal": "12000.00", "annual_rate": "0.0600", "disbursed_on": "2022-05-15",
    "method": "equal_principal", "frequency": "monthly", "harvest_months": "", "instalments": "12",
    "first_due_on": "2022-06-15", "day_count": "30/360", "cut_over_on": "2022-09-30",
    "opening_principal": "11000.00", "opening_interest": "150.00", "opening_fee": "0.00",
    "opening_overdue_principal": "3000.00", "opening_last_paid_on": "2022-06-15",
}  # fmt: skip


def received(event: Event, version: int = 1, event_id: UUID | None = None) -> Received[Any]:
    """An event as a consumer hands it over."""
    return Received(
        event=event, event_id=event_id or uuid4(), epoch=1, version=version, effective_on=CUT_OVER,
        topic=event.topic.name, partition=0, offset=0, key=event.key, correlation_id=None,
        occurred_at=datetime(2022, 9, 30),
    )  # fmt: skip


@dataclass
class World:
    """One database of debt, in the worker's role."""

    database: Database
    settings: Settings = field(default_factory=get_settings)

    async def hear(self, *events: Event, version: int = 1) -> None:
        """Let the inbox handle events, in one transaction."""
        async with self.database.unscoped() as session:
            await INBOX.apply(session, [received(event, version) for event in events])

    async def cooperative(self, code: str = "C1", district: str = "5201") -> UUID:
        """A co-operative by event; its id follows from its code."""
        cooperative_id = derived_id("test-cooperative", code)
        await self.hear(
            CooperativeRecorded(
                cooperative_id=cooperative_id, cooperative_code=code, kind="cooperative",
                cooperative_type="agricultural", name_th=f"สหกรณ์ {code}", name_en=None, province_code=district[:2],
                district_code=district, strength_level=2, status="active",
            )
        )  # fmt: skip
        return cooperative_id

    async def members(self, code: str = "C1", *numbers: str, persons: Sequence[UUID] = ()) -> list[UUID]:
        """Members by event; ids follow from co-operative and number."""
        events = []
        for place, number in enumerate(numbers):
            member_id = derived_id("test-member", code, number)
            events.append(
                MemberRecorded(
                    member_id=member_id,
                    person_id=persons[place] if persons else derived_id("test-person", code, number),
                    cooperative_id=derived_id("test-cooperative", code),
                    member_number_hash=member_number_hash(code, number), household_id=None, member_kind="ordinary",
                    status="active", birth_decade=1960,
                )
            )  # fmt: skip
        await self.hear(*events)
        return [event.member_id for event in events]

    async def send(
        self, client: httpx2.AsyncClient, kind: str, rows: Sequence[Mapping[str, str]], as_of: str = "2022-09-30"
    ) -> dict[str, Any]:
        """Send a file over HTTP, let the worker take it in, and return the delivery as it then stands."""
        columns = list(rows[0])
        body = "\n".join([",".join(columns), *(",".join(row[column] for column in columns) for row in rows)])
        answer = await client.post(
            f"/debt/v1/feed-deliveries?kind={kind}&as_of={as_of}",
            content=body.encode(),
            headers={"content-type": "text/csv"},
        )
        assert answer.status_code == 202, answer.text
        await self.run_jobs()
        return dict((await client.get(f"/debt/v1/feed-deliveries/{answer.json()['id']}")).json())

    async def run_jobs(self) -> list[dict[str, Any]]:
        """Run everything that is queued, as the worker would; returns the jobs as they ended."""
        ended: list[dict[str, Any]] = []
        while True:
            async with self.database.unscoped() as session:
                job = await session.fetch_one(
                    "select id, queue_id from job where status = 'queued' order by id limit 1"
                )
                if job is None:
                    return ended
                # Taken out of the queue, as the worker would, so that the same work can be queued again.
                await session.execute("delete from procrastinate_jobs where id = :id", id=job["queue_id"])
            await run_job(tasks_of(SERVICE), self.database, self.settings, job["id"])
            ended.append(dict((await self.rows("select * from job where id = :id", id=job["id"]))[0]))

    async def rows(self, sql: str, /, **parameters: Any) -> list[Any]:
        """All rows of a query, whoever's they are."""
        async with self.database.unscoped() as session:
            return list(await session.fetch(sql, **parameters))

    async def value(self, sql: str, /, **parameters: Any) -> Any:
        """The first column of the first row."""
        async with self.database.unscoped() as session:
            return await session.scalar(sql, **parameters)

    async def spoken(self, event_type: str) -> list[dict[str, Any]]:
        """The values of the events of one type that wait in the outbox, in order; amounts as decimal strings."""
        rows = await self.rows(
            "select value, aggregate_version from outbox where headers ->> 'ce_type' = :type order by id",
            type=f"plodnee.debt.{event_type}.v1",
        )
        return [orjson.loads(row["value"]) | {"_version": row["aggregate_version"]} for row in rows]


def loan_row(member: str = "1", number: str = "L1", code: str = "C1", **changes: str) -> dict[str, str]:
    """A row of loans.csv."""
    row = {"cooperative_code": code, "member_number": member, "loan_number": number, **LOAN, **changes}
    return {column: row[column] for column in LOAN_COLUMNS}


def payment_row(
    number: str, amount: str, paid_on: str, loan: str = "L1", code: str = "C1", **changes: str
) -> dict[str, str]:
    """A row of payments.csv."""
    return {
        "cooperative_code": code, "loan_number": loan, "receipt_number": number, "paid_on": paid_on, "amount": amount,
        "channel": "cash", **changes,
    }  # fmt: skip
