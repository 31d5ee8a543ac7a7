"""Two co-operatives that have nothing in common, played through the five services' own apis, jobs and inboxes.

One lies in province 52, the other in 50. Everything about them is unlike: names, numbers, amounts, people. The events
go from each outbox to the inboxes of the others as the bytes that the relay would publish.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import httpx2
import orjson
from fastapi import FastAPI
from starlette.responses import Response

from services.reporting.dashboard.session import Cookies, Session
from shared.chassis.database import Database, Row
from shared.chassis.events import Event, Received
from shared.chassis.http.app import create_app
from shared.chassis.jobs.worker import run_job
from shared.chassis.settings import SERVICES, get_settings
from shared.chassis.testing.tokens import TokenIssuer
from shared.chassis.worker import tasks_of
from shared.kernel.identifiers import national_id_check_digit
from tests.attacks.routes import all_routes, definition

BASELINE_ON = "2022-09-30"
YEAR = 2566
CLOSED_ON = "2022-11-30"
TODAY = date(2022, 12, 1)

HOUSEHOLD_FIGURES = {"household_expense": "60000.00", "household_size": 4, "nonfarm_income": "24000.00"}


@dataclass(frozen=True)
class Place:
    """One co-operative and its people; `number` makes every text and amount unlike those of the others."""

    number: int
    district: str

    @property
    def province(self) -> str:
        return self.district[:2]

    @property
    def mark(self) -> str:
        """Part of every name that stands for this place."""
        return f"zq{self.number}mark{self.number}qz"

    @property
    def code(self) -> str:
        return f"ZQ{self.number}C"

    def national_id(self, member: int) -> str:
        twelve = f"09{self.number}{self.number:05d}{member:04d}"
        return twelve + national_id_check_digit(twelve)

    def phone(self, member: int) -> str:
        return f"08{self.number}{self.number:03d}{member:04d}"

    def household_number(self, member: int) -> str:
        return f"77{self.number}{self.number:05d}{member:04d}"

    def baht(self, whole: int) -> str:
        """An amount of this place alone."""
        return f"{whole}.{self.number}7"

    def rows(self, kind: str, member: int = 1) -> dict[str, str]:
        """A good row of a kind of file."""
        return _ROWS[kind](self, member)

    def secrets(self) -> set[str]:
        """Texts that stand for this place's people and co-operative, and that nobody else may be shown."""
        found = {self.mark, self.code}
        for member in (1, 2, 3, 4):
            found |= {self.national_id(member), self.phone(member), self.household_number(member)}
        return found


HERE, THERE = Place(5, "5201"), Place(8, "5001")


def _member_row(place: Place, member: int) -> dict[str, str]:
    return {
        "cooperative_code": place.code, "member_number": f"{place.mark}-{member}",
        "national_id": place.national_id(member), "full_name": f"นาย{place.mark} ตัวอย่าง{member}", "sex": "M",
        "birth_date": "12/04/2511", "member_kind": "ordinary", "joined_on": "2544-01-15", "status": "active",
        "phone": place.phone(member), "household_number": place.household_number(member),
    }  # fmt: skip


def _loan_row(place: Place, member: int) -> dict[str, str]:
    return {
        "cooperative_code": place.code, "member_number": f"{place.mark}-{member}",
        "loan_number": f"{place.mark}/L{member}", "loan_type": "medium",
        "principal": place.baht(120000 + place.number), "annual_rate": "0.0600", "disbursed_on": "2022-05-15",
        "method": "equal_principal", "frequency": "monthly", "harvest_months": "",
        "instalments": "12", "first_due_on": "2022-06-15", "day_count": "30/360", "cut_over_on": BASELINE_ON,
        "opening_principal": place.baht(110000 + place.number), "opening_interest": place.baht(1500),
        "opening_fee": "0.00", "opening_overdue_principal": place.baht(30000 + place.number),
        "opening_last_paid_on": "2022-06-15",
    }  # fmt: skip


_ROWS: Mapping[str, Callable[[Place, int], dict[str, str]]] = {
    "cooperatives": lambda place, _: {
        "cooperative_code": place.code, "kind": "cooperative", "cooperative_type": "agricultural",
        "name_th": f"สหกรณ์ {place.mark}", "name_en": f"Co-op {place.mark}", "province_code": place.province,
        "district_code": place.district, "registered_on": "2530-01-15", "strength_level": "2", "status": "active",
    },
    "members": _member_row,
    "farm_households": lambda place, member: {
        "household_number": place.household_number(member), "cooperative_code": place.code,
        "member_number": f"{place.mark}-{member}", "size": "4", "district_code": place.district,
        "registered_on": "2560-05-01",
    },
    "plots": lambda place, member: {
        "household_number": place.household_number(member), "plot_number": f"{place.mark}-P{member}",
        "crop": "rice_wet", "area_rai": f"1{place.number}.5", "document": f"โฉนด {place.mark}",
        "planted_on": "2565-07-01",
    },
    "external_debts": lambda place, member: {
        "national_id": place.national_id(member), "creditor": "baac", "contract_number": f"{place.mark}-B{member}",
        "outstanding": place.baht(200000 + place.number), "annual_payment": place.baht(15000), "as_of": BASELINE_ON,
    },
    "loans": _loan_row,
    "payments": lambda place, member: {
        "cooperative_code": place.code, "loan_number": f"{place.mark}/L{member}",
        "receipt_number": f"{place.mark}-R{member}", "paid_on": "2022-10-20", "amount": place.baht(2000),
        "channel": "cash",
    },
    "produce": lambda place, member: {
        "cooperative_code": place.code, "member_number": f"{place.mark}-{member}",
        "delivery_number": f"{place.mark}-D{member}", "delivered_on": "2022-11-10", "crop": "rice_wet",
        "kilograms": f"100{place.number}.250", "price_per_kilogram": place.baht(8), "savings_share": "0.0300",
    },
    "training": lambda place, member: {
        "cooperative_code": place.code, "course_code": f"{place.mark}-K1", "course_title": f"บัญชีครัวเรือน {place.mark}",
        "session_date": "2022-11-05", "member_number": f"{place.mark}-{member}", "pre_score": "40",
        "post_score": f"6{place.number}.5",
    },
    "household_accounts": lambda place, member: {
        "cooperative_code": place.code, "member_number": f"{place.mark}-{member}", "month": "2022-10",
        "category": "food", "amount": place.baht(3000 + place.number),
    },
}  # fmt: skip
"""A good row of every kind of file."""


def feed_kinds() -> list[tuple[str, Any]]:
    """Every service and kind of file, as the services register them."""
    return [(service, kind) for service in SERVICES for kind in definition(service).feed_kinds]


def csv_of(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Rows as a file."""
    columns = list(rows[0])
    lines = [",".join(columns), *(",".join(f'"{row.get(column, "")}"' for column in columns) for row in rows)]
    return "\n".join(lines).encode()


@dataclass
class Country:
    """The five services over databases of their own, in one process."""

    issuer: TokenIssuer
    apps: dict[str, FastAPI]
    databases: dict[str, Database]
    scopes: str
    clients: list[httpx2.AsyncClient] = field(default_factory=list)
    published: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def caller(self, **token: Any) -> httpx2.AsyncClient:
        """A client of all five services and their pages, with every scope unless told."""
        signed = self.issuer.token(**{"scopes": self.scopes, **token})
        return self.client({"authorization": f"Bearer {signed}", "cookie": self.session_cookie(signed)})

    def client(self, headers: Mapping[str, str]) -> httpx2.AsyncClient:
        """A client that sends these headers with everything."""
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=_Five(self.apps)),
            base_url="http://127.0.0.1",
            headers=headers,
            event_hooks={"request": [add_idempotency_key]},
        )
        self.clients.append(client)
        return client

    def session_cookie(self, access_token: str) -> str:
        """What a browser sends whose reader has signed in with this token."""
        response, now = Response(), time.time()
        session = Session(access_token, refresh_token=None, expires_at=now + 3600, signed_in_at=now)
        Cookies(get_settings().key_bytes("session_key"), secure=False).set_session(response, session, now)
        return "; ".join(one.partition(";")[0] for one in response.headers.getlist("set-cookie"))

    async def send(
        self, client: httpx2.AsyncClient, service: str, kind: str, content: bytes, as_of: str = BASELINE_ON, **more: str
    ) -> dict[str, Any]:
        """Send a file, let everything that follows from it happen, and return the delivery."""
        sent = await client.post(
            f"/{service}/v1/feed-deliveries?kind={kind}&as_of={as_of}",
            content=content,
            headers={"content-type": more.get("content_type", "text/csv")},
        )
        assert sent.status_code == 202, sent.text
        await self.settle()
        return dict((await client.get(sent.headers["location"])).json())

    async def settle(self) -> None:
        """Run queued jobs and carry events until nothing moves."""
        while any([await self._work(service) for service in SERVICES]):
            pass

    async def _work(self, service: str) -> bool:
        database = self.databases[service]
        async with database.unscoped() as session:
            jobs = await session.fetch("select id from job where status = 'queued' order by created_at, id")
            await session.execute("delete from procrastinate_jobs")
        for job in jobs:
            await run_job(tasks_of(definition(service)), database, get_settings(), job["id"])
        async with database.unscoped() as session:
            rows = await session.fetch("delete from outbox returning id, topic, key, aggregate_version, headers, value")
        if rows:
            await self._carry(sorted(rows, key=lambda row: row["id"]))
        return bool(jobs or rows)

    async def _carry(self, rows: Sequence[Row]) -> None:
        """Hand events to whoever reads their topic, as the relay and the consumers would."""
        for row in rows:
            headers = orjson.loads(row["headers"]) if isinstance(row["headers"], str) else dict(row["headers"])
            headers["ce_aggregateversion"] = f"1.{row['aggregate_version']}"
            self.published.append((row["topic"], headers, bytes(row["value"])))
        for service in SERVICES:
            inbox = definition(service).inbox
            if inbox is None:
                continue
            topics = {topic.name for topic in inbox.topics}
            received: list[Received[Event]] = []
            for row, (topic, headers, value) in zip(rows, self.published[-len(rows) :], strict=True):
                if topic in topics:
                    found = inbox.parse(
                        topic=topic, partition=0, offset=0, key=row["key"].encode(), headers=headers, value=value
                    )
                    received += [] if found is None else [found]
            async with self.databases[service].unscoped() as session:
                await inbox.apply(session, received)

    async def hear_from(self, *, seconds_ago: float = 0) -> None:
        """How long ago every consumer last asked the broker."""
        for service in SERVICES:
            async with self.databases[service].unscoped() as session:
                await session.execute(
                    """
                    insert into consumer_heartbeat (consumer, polled_at, lag_events, lag_seconds)
                    values (:service, now() - make_interval(secs => :ago), 0, 0)
                    on conflict (consumer) do update set polled_at = excluded.polled_at
                    """,
                    service=service,
                    ago=seconds_ago,
                )

    async def close(self) -> None:
        for client in self.clients:
            await client.aclose()
        for database in self.databases.values():
            await database.close()


class _Five:
    """The five apps behind one address, by the first segment of the path."""

    def __init__(self, apps: Mapping[str, FastAPI]) -> None:
        self._apps = {**apps, "dashboard": apps["reporting"]}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._apps[scope["path"].split("/")[1]](scope, receive, send)


async def add_idempotency_key(request: httpx2.Request) -> None:
    if request.method == "POST" and "idempotency-key" not in request.headers:
        request.headers["idempotency-key"] = uuid4().hex


@asynccontextmanager
async def open_country(issuer: TokenIssuer) -> AsyncIterator[Country]:
    """The country over the databases that the environment names."""
    async with AsyncExitStack() as stack:
        apps = {}
        for service in SERVICES:
            apps[service] = create_app(definition(service))
            await stack.enter_async_context(apps[service].router.lifespan_context(apps[service]))
        databases = {service: Database(get_settings(), service, "worker", "test") for service in SERVICES}
        country = Country(issuer, apps, databases, scopes="")
        stack.push_async_callback(country.close)
        country.scopes = await every_scope(country)
        yield country


async def every_scope(country: Country) -> str:
    """What the routes ask for, by their own refusals of a caller who may nothing."""
    nobody, scopes = country.caller(areas=[]), set()
    for route in all_routes():
        answer = await nobody.request(route.method, route.path.replace("{", "").replace("}", ""), json={})
        assert answer.status_code == 403, f"{route} needs no scope: {answer.text}"
        scopes.update(answer.headers["www-authenticate"].rpartition('scope="')[2].rstrip('"').split())
    return " ".join(sorted(scopes))
