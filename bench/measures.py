"""The measurements, each against the figure the design asks for, most with the bare operation beside it."""

import asyncio
import csv
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx2

from bench.load import latencies_of, load, until
from bench.suite import Suite

CUT_OVER = date(2022, 9, 30)


@dataclass(frozen=True)
class Row:
    """One line of the table. `must` and `aim` are None where the design names none; `bare` is the bare operation."""

    id: str
    what: str
    value: float
    unit: str
    must: float | None
    aim: float | None
    lower_is_better: bool
    bare: float | None = None

    @property
    def met(self) -> bool | None:
        if self.must is None:
            return None
        return self.value <= self.must if self.lower_is_better else self.value >= self.must

    @property
    def ratio(self) -> float | None:
        """The value over the bare operation's, in the same run."""
        return None if not self.bare else self.value / self.bare


class Bench:
    """Measures one suite, in the order in which its data grow."""

    def __init__(self, suite: Suite, feeds: Path) -> None:
        self._suite = suite
        self._feeds = feeds
        self.rows: list[Row] = []

    async def run(self) -> None:
        """Everything; the order matters."""
        agency = self._client(await self._suite.system_token("agency-feed"))
        core = self._client(await self._suite.system_token("coop-core"))
        chief = self._client(await self._suite.persona_token("chief"))
        await self._send(agency, "registry", "cooperatives")
        await self._import_members(agency)
        await self._import_loans(core)
        await self._close(chief)
        await self._read_members(agency)
        await self._payment_to_kpi(core)
        await self._kpis(chief)
        await self._rebuild()
        for client in (agency, core, chief):
            await client.aclose()

    def _client(self, token: str) -> httpx2.AsyncClient:
        limits = httpx2.Limits(max_connections=64)
        headers = {"authorization": f"Bearer {token}"}
        return httpx2.AsyncClient(base_url=self._suite.address, headers=headers, timeout=600, limits=limits)

    async def _send(self, client: httpx2.AsyncClient, service: str, kind: str) -> tuple[int, float]:
        """Send a file and wait for its end; returns rows and seconds, from the first byte to the last commit."""
        content = (self._feeds / f"{kind}.csv").read_bytes()
        started = time.perf_counter()
        sent = await client.post(
            f"/{service}/v1/feed-deliveries?kind={kind}&as_of={CUT_OVER}",
            content=content,
            headers={"content-type": "text/csv", "idempotency-key": uuid4().hex},
        )
        sent.raise_for_status()
        shown: dict[str, object] = {}

        async def ended() -> bool:
            shown.update((await client.get(sent.headers["location"])).json())
            return shown["status"] in ("completed", "failed") and not shown["waiting"]

        await until(ended, 900)
        if shown["status"] == "failed":
            raise RuntimeError(f"{kind}: {shown['error']}")
        return int(str(shown["rows"])), time.perf_counter() - started

    async def _import_members(self, agency: httpx2.AsyncClient) -> None:
        bare = await self._copy_rate("members")
        rows, seconds = await self._send(agency, "registry", "members")
        self._add("import-members", "members, file to rows and outbox", rows / seconds, "rows/s", 5_000, 10_000, bare)
        count = await self._count("registry", "select count(*) from member")
        seconds = await until(lambda: self._has("livelihood", "select count(*) from member", count), 300)
        self._add("members-everywhere", "after the import, until livelihood has them all", seconds, "s", None, None)

    async def _import_loans(self, core: httpx2.AsyncClient) -> None:
        await until(lambda: self._same("registry", "debt", "select count(*) from member"), 300)
        bare = await self._copy_rate("loans")
        rows, seconds = await self._send(core, "debt", "loans")
        self._add("import-loans", "loans, file to rows and outbox", rows / seconds, "rows/s", 5_000, 10_000, bare)

    async def _close(self, chief: httpx2.AsyncClient) -> None:
        started = time.perf_counter()
        await self._job(chief, "/debt/v1/baselines", {"fiscal_year_be": 2566})
        loans = await self._count("debt", "select count(*) from loan")
        seconds = time.perf_counter() - started
        self._add("baseline", f"close to 30 September and baseline of {loans} loans", seconds, "s", None, None)
        started = time.perf_counter()
        await self._job(chief, "/debt/v1/closes", {"close_to": "2022-10-31"})
        seconds = time.perf_counter() - started
        scaled = seconds * 500_000 / loans
        self._add("close", f"close of a month, {loans} loans, as for 500,000", scaled, "s", 60, 10)

    async def _job(self, client: httpx2.AsyncClient, path: str, body: dict[str, object]) -> None:
        accepted = await client.post(path, json=body, headers={"idempotency-key": uuid4().hex})
        accepted.raise_for_status()
        location = accepted.headers["location"]

        async def ended() -> bool:
            job = (await client.get(location)).json()
            if job["status"] in ("failed", "cancelled"):
                raise RuntimeError(f"{path}: {job}")
            return bool(job["status"] == "succeeded")

        await until(ended, 1800, 0.1)

    async def _read_members(self, agency: httpx2.AsyncClient) -> None:
        ids = await self._column("registry", "select id from member order by md5(id::text) limit 2000")
        bare = await self._bare_read("registry", "select * from member where id = $1", ids)
        found = await load(
            agency, [f"/registry/v1/members/{member_id}" for member_id in ids], connections=32, seconds=8
        )
        self._add("member-read", "member by id, 32 connections, p95", found.p95_ms, "ms", 50, 20, bare)
        cooperative = (await self._column("registry", "select cooperative_id from member limit 1"))[0]
        names = await self._column("registry", "select left(full_name, 4) from member order by id limit 500")
        paths = [f"/registry/v1/members?cooperative_id={cooperative}&name_prefix={name}" for name in names]
        found = await load(agency, paths, connections=8, seconds=5)
        self._add("member-search", "search by name prefix, 8 connections, p95", found.p95_ms, "ms", 150, 50)

    async def _payment_to_kpi(self, core: httpx2.AsyncClient) -> None:
        """From the answer to a payment (committed) until reporting's own table holds it."""
        loans = await self._column(
            "debt", "select loan_id from instalment where due_on < '2022-10-01' group by loan_id limit 60"
        )
        seconds = []
        connection = await asyncpg.connect(self._suite.database_url("reporting"))
        try:
            for loan_id in loans:
                body = {"loan_id": loan_id, "amount": "10.00", "value_on": "2022-11-01", "channel": "cash"}
                body["receipt_number"] = f"bench-{loan_id}"
                posted = await core.post("/debt/v1/payments", json=body, headers={"idempotency-key": uuid4().hex})
                posted.raise_for_status()
                started = time.perf_counter()
                payment_id = posted.json()["id"]

                async def is_there(payment_id: str = payment_id) -> bool:
                    query = "select true from read_model.posting where payment_id = $1"
                    return bool(await connection.fetchval(query, payment_id))

                await until(is_there, 60, 0.002)
                seconds.append(time.perf_counter() - started)
        finally:
            await connection.close()
        found = latencies_of(seconds, sum(seconds))
        self._add("event-p50", "payment committed to KPI's tables, light load, p50", found.p50_ms, "ms", None, None)
        self._add("event-p99", "payment committed to KPI's tables, light load, p99", found.p99_ms, "ms", 1000, 250)

    async def _kpis(self, chief: httpx2.AsyncClient) -> None:
        for level, area in (("province", "52"), ("district", "5201")):
            path = f"/reporting/v1/kpis?area={area}&fiscal_year_be=2566"
            found = await load(chief, [path], connections=4, seconds=4)
            self._add(f"kpi-{level}", f"all KPIs of a {level}, 4 connections, p95", found.p95_ms, "ms", 100, 30)

    async def _rebuild(self) -> None:
        """Every event of every topic through the projections of reporting, from the beginning, and compared."""
        started = time.perf_counter()
        await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "services.cli", "rebuild", "reporting", "--check"],
            env=self._suite.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=1800,
        )
        seconds = time.perf_counter() - started
        events = await self._count(
            "reporting", "select sum(next_offset) from consumer_offset where consumer = 'reporting'"
        )
        self._add(
            "consumer", "projections of reporting from a backlog, with the comparison", events / seconds, "events/s",
            10_000, 20_000,
        )  # fmt: skip

    async def _copy_rate(self, kind: str) -> float:
        """Rows a second of the bare COPY of a file's cells, as text, into an unlogged table."""
        with (self._feeds / f"{kind}.csv").open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            width = len(next(reader))
            records = [tuple((row + [""] * width)[:width]) for row in reader]
        connection = await asyncpg.connect(self._suite.database_url("registry"))
        try:
            columns = [f"c{number}" for number in range(width)]
            await connection.execute(f"create temp table bare ({', '.join(f'{name} text' for name in columns)})")
            started = time.perf_counter()
            await connection.copy_records_to_table("bare", records=records, columns=columns)
            return len(records) / (time.perf_counter() - started)
        finally:
            await connection.close()

    async def _bare_read(self, service: str, sql: str, keys: Sequence[str]) -> float:
        """p95 in ms of a single select by asyncpg over one connection."""
        connection = await asyncpg.connect(self._suite.database_url(service))
        try:
            durations = []
            for key in keys:
                started = time.perf_counter()
                await connection.fetchrow(sql, key)
                durations.append(time.perf_counter() - started)
            return latencies_of(durations, sum(durations)).p95_ms
        finally:
            await connection.close()

    async def _count(self, service: str, sql: str) -> int:
        connection = await asyncpg.connect(self._suite.database_url(service))
        try:
            return int(await connection.fetchval(sql))
        finally:
            await connection.close()

    async def _has(self, service: str, sql: str, wanted: int) -> bool:
        return await self._count(service, sql) >= wanted

    async def _same(self, first: str, second: str, sql: str) -> bool:
        return await self._count(first, sql) == await self._count(second, sql)

    async def _column(self, service: str, sql: str) -> list[str]:
        connection = await asyncpg.connect(self._suite.database_url(service))
        try:
            return [str(row[0]) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    def _add(
        self, row_id: str, what: str, value: float, unit: str, must: float | None, aim: float | None,
        bare: float | None = None,
    ) -> None:  # fmt: skip
        row = Row(row_id, what, value, unit, must, aim, unit in ("s", "ms"), bare)
        self.rows.append(row)
        print(f"{row.id:20} {row.value:12.1f} {row.unit:9} {row.what}", flush=True)
