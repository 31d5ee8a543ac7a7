"""Goal: whatever goes wrong, no process and no server beneath it writes whom it concerned.

Method: one `plodnee up` that sends its traces to a collector. A year is played over its api with people who occur
nowhere else, and then errors are made that quote rows: in PostgreSQL, an api, a job, a consumer, a relay, and where
nothing catches them. Every byte that the processes, the broker and PostgreSQL have written is searched, and every span.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import psycopg
import pytest
from aiokafka import TopicPartition
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from shared.chassis.database import Database, WriteSession
from shared.chassis.kafka import make_consumer
from shared.chassis.reach import UNSCOPED, Reach
from shared.chassis.settings import SERVICES, get_settings
from shared.chassis.testing.tokens import TokenIssuer
from tests.attacks.country import Country, add_idempotency_key, csv_of, every_scope
from tests.attacks.playing import add_programme, play_place
from tests.attacks.test_privacy import SOMEBODY, ask_everything, found_in, refuse_much
from tests.collector import Collector, collecting
from tests.faults.suite import PATIENCE_SECONDS, PROCESSES, Suite
from tests.services.registry.people import member_body

CANARY = "zqcanaryqz"  # what nobody keeps out of a log: it shows that this is the log, and that the search finds


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, token_issuer: TokenIssuer, collector: Collector) -> Iterator[Suite]:
    """A running suite that traces, and believes the test's tokens."""
    environment = {"PLODNEE_ISSUER": token_issuer.url, **collector.environment}
    started = Suite(tmp_path_factory.mktemp("suite") / ".plodnee", environment)
    try:
        started.start()
        yield started
    finally:
        started.remove()


@dataclass
class RunningCountry(Country):
    """The services as processes: what the in-process country does itself, they do in their own time."""

    address: str = ""
    kafka: Any = None  # aiokafka ships no types

    def client(self, headers: Mapping[str, str]) -> httpx2.AsyncClient:
        hooks = {"request": [add_idempotency_key]}
        client = httpx2.AsyncClient(
            base_url=self.address, headers=headers, event_hooks=hooks, timeout=60, trust_env=False
        )
        self.clients.append(client)
        return client

    async def settle(self) -> None:
        """Wait until no job is left, no outbox holds an event, and every consumer has read its topics to their ends."""
        quiet = 0
        deadline = time.monotonic() + PATIENCE_SECONDS
        while quiet < 2:  # between two looks an event may be under way from one service to the next
            assert time.monotonic() < deadline, "the suite does not come to rest"
            quiet = quiet + 1 if await self._is_quiet() else 0
            await asyncio.sleep(0.05)

    async def _is_quiet(self) -> bool:
        read: dict[TopicPartition, int] = {}
        for service in SERVICES:
            async with self.databases[service].unscoped() as session:
                if await session.scalar(_LEFT):
                    return False
                for row in await session.fetch(_READ, consumer=service):
                    partition = TopicPartition(row["topic"], row["partition"])
                    read[partition] = min(row["next_offset"], read.get(partition, row["next_offset"]))
        ends = await self.kafka.end_offsets(list(read))
        return all(read[partition] >= end for partition, end in ends.items())


_LEFT = "select (select count(*) from job where status in ('queued', 'running')) + (select count(*) from outbox)"
_READ = "select topic, partition, next_offset from consumer_offset where consumer = :consumer"


@asynccontextmanager
async def country_of(suite: Suite, issuer: TokenIssuer) -> AsyncIterator[RunningCountry]:
    with suite.settings():
        databases = {service: Database(get_settings(), service, "worker", "test") for service in SERVICES}
        kafka = make_consumer(get_settings(), None, "test")
        country = RunningCountry(issuer, {}, databases, scopes="", address=suite.address, kafka=kafka)
        try:
            await kafka.start()
            country.scopes = await every_scope(country)
            yield country
        finally:
            await kafka.stop()
            await country.close()


@pytest.mark.timeout(600)
async def test_nobody_is_named_by_what_processes_and_servers_write(
    suite: Suite, token_issuer: TokenIssuer, collector: Collector
) -> None:
    async with country_of(suite, token_issuer) as country:
        await add_programme(country.caller(areas=["TH"], subject="nation"))
        await play_place(country, SOMEBODY)
        await refuse_much(country)
        await ask_everything(country)
        await _have_statements_refused(country)
        await _have_processes_fail(suite, country)
        await _until(lambda: _failed(collector) >= {"POST /registry/v1/members", "debt consume"})
    with pytest.raises(psycopg.errors.RaiseException):
        suite.execute("registry", f"do $$ begin raise exception '{CANARY}'; end $$")
    written = suite.written()
    assert {f"{name}.log" for name in PROCESSES} <= set(written)
    assert CANARY.encode() in written["postgres.log"]
    assert not {name: _around(text) for name, text in written.items() if _names_somebody(text)}
    assert not [body for body in collector.bodies if _names_somebody(body)]


def _names_somebody(text: bytes) -> bool:
    return SOMEBODY.mark.encode() in text or bool(found_in(text.decode(errors="replace"), SOMEBODY))


def _around(text: bytes) -> str:
    """Where somebody is named, to show it."""
    word = re.escape(SOMEBODY.mark.encode())
    found = re.search(rb"[^\n]{0,400}(%b|\d{10,13})[^\n]{0,100}" % word, text)
    return "" if found is None else found[0].decode(errors="replace")


def _failed(collector: Collector) -> set[str]:
    """The names of the spans that ended in an error."""
    return {span.name for span in collector.spans if span.status.code == Status.STATUS_CODE_ERROR}


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "what was to be written is not written"
        await asyncio.sleep(0.1)


# --- errors that quote rows ------------------------------------------------------------------------------------------

_NUMBER, _OTHER = (SOMEBODY.rows("members", member)["member_number"] for member in (1, 2))
REFUSED = {
    "unique key": f"update member set member_number = '{_NUMBER}' where member_number = '{_OTHER}'",
    "nothing": f"update member set sex = null, full_name = null where member_number = '{_NUMBER}'",
    "check": f"update member set status = '{_NUMBER}' where member_number = '{_NUMBER}'",
    "no number": "select cast(full_name as integer) from member",
    "no date": "select cast(member_number as date) from member",
    "no such column": f'select "{_NUMBER}" from member',
    "not even SQL": f"selct '{_NUMBER}'",
    "raised": f"do $$ begin raise exception '{_NUMBER}'; end $$",
}


async def _have_statements_refused(country: Country) -> None:
    """Each of the registry's roles, by every kind of refusal whose text quotes a row, a value or the statement."""
    for role in ("owner", "worker", "api"):
        for sql in REFUSED.values():
            await _refused(role, lambda session, sql=sql: session.execute(sql))  # type: ignore[misc]
    await _refused("worker", _copy_what_does_not_fit)


async def _refused(role: str, act: Callable[[WriteSession], Awaitable[object]]) -> None:
    database = Database(get_settings(), "registry", role, "test")  # type: ignore[arg-type]
    try:
        with pytest.raises(asyncpg.PostgresError):
            async with database.write(UNSCOPED if role != "api" else Reach(everything=True)) as session:
                await act(session)
    finally:
        await database.close()


async def _copy_what_does_not_fit(session: WriteSession) -> None:
    line = BytesIO(f"{uuid4()}\t{_NUMBER}\n".encode())
    await (await session.raw()).copy_to_table("feed_row", source=line, columns=["delivery_id", "row_number"])


@contextmanager
def _quoting(suite: Suite, service: str, event: str, table: str, state: str = "P0001") -> Iterator[None]:
    """While the block lasts, touching a row is an error that quotes the row, and somebody besides."""
    suite.execute(
        service,
        f"""
        create function quote_row() returns trigger language plpgsql as $$
        begin
            raise exception 'Failing row contains % {_NUMBER}', coalesce(new, old) using errcode = '{state}';
        end $$;
        create trigger quote_row before {event} on {table} for each row execute function quote_row()
        """,
    )
    try:
        yield
    finally:
        suite.execute(service, "drop function quote_row cascade")


async def _have_processes_fail(suite: Suite, country: Country) -> None:
    chief = country.caller(areas=[SOMEBODY.province], subject=f"chief-{SOMEBODY.province}")
    cooperative = (await chief.get("/registry/v1/cooperatives")).json()["items"][0]
    third = SOMEBODY.rows("members", 3)
    body = member_body(cooperative["id"], third["member_number"], 3, full_name=third["full_name"])
    with _quoting(suite, "registry", "insert", "member"):
        answer = await chief.post("/registry/v1/members", json=body)
        assert answer.status_code == 500, answer.text
        assert not _names_somebody(answer.content)
        delivery = await country.send(chief, "registry", "members", csv_of([third]))
        assert delivery["status"] == "failed", delivery
    with _quoting(suite, "debt", "insert or update", "consumer_heartbeat"):
        await _until(lambda: "process_fault" in suite.log("worker-debt"))
    with _quoting(suite, "debt", "insert", "member", state="40001"):
        assert (await chief.post("/registry/v1/members", json=body)).status_code == 201
        await _until(lambda: "consumer_paused" in suite.log("worker-debt"))
    await country.settle()
    fourth = SOMEBODY.rows("members", 4)
    with _quoting(suite, "debt", "insert", "member"):
        answer = await chief.post("/registry/v1/members", json={**body, "member_number": fourth["member_number"]})
        assert answer.status_code == 201, answer.text
        await country.settle()
    with _quoting(suite, "registry", "delete", "outbox"):
        changed = {**body, "member_number": f"{SOMEBODY.mark}-5"}
        assert (await chief.post("/registry/v1/members", json=changed)).status_code == 201
        await _until(lambda: "relay_paused" in suite.log("worker-registry"))
    await country.settle()
    assert "request_failed" in suite.log("api")
    assert "job_failed" in suite.log("worker-registry")
    assert "batch_retried_one_by_one" in suite.log("worker-debt")
