"""From an outbox to a KPI: the relay's rate, the consumer's, and single payments, quiet and during an import."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import uuid4

import httpx2

from bench import bare, feeds, people
from bench.fill import debt, events, registry
from bench.load import Latencies, latencies_of
from bench.machine import Api, Machine, ask, owner_of, until
from bench.results import Row, Table
from bench.sizes import MEMBERS_PER_COOPERATIVE, Sizes, cooperatives_of

IDS = ("relay", "consumer", "consumer-spread", "event-p50", "event-p99", "event-import-p50", "event-import-p99")

_MEMBERS = MEMBERS_PER_COOPERATIVE * 4
_PAUSE_SECONDS = 0.1
_WARM = 5
_POLL_SECONDS = 0.01
_SECONDS_MAX = 600.0
_IMPORTED_FROM = 5_000_000
_CONSUMED_SQL = "select sum(next_offset) from consumer_offset"


async def measure(machine: Machine, sizes: Sizes, table: Table) -> None:
    """Fill the outboxes, let the relays run, then the consumer, then follow payments over HTTP."""
    waiting = await events.fill(sizes.backlog_events)
    sent_bare, read_bare = await bare.kafka_rates("bench.bare", await _values("debt"))
    relayed = await _relay(machine, "debt", waiting["debt"])
    table.add(Row("relay", f"relay of {waiting['debt']:,} events", relayed, "events/s", bare=sent_bare))
    await _relay(machine, "registry", waiting["registry"])
    total = sum(waiting.values())
    rate = await _consume(machine, total)
    what = f"consumer of reporting with its projections, from a backlog of {total:,} members, loans and payments"
    table.add(Row("consumer", what, rate, "events/s", 10_000, 20_000, read_bare))
    cooperatives = cooperatives_of(sizes.members[-1])
    waiting = await events.fill_spread(range(sizes.backlog_events, 2 * sizes.backlog_events), cooperatives)
    for service, count in waiting.items():
        await _relay(machine, service, count)
    rate = await _consume(machine, sum(waiting.values()))
    what = f"consumer, each event of another co-operative ({cooperatives:,}), {sum(waiting.values()):,} events"
    table.add(Row("consumer-spread", what, rate, "events/s", 10_000, 20_000, read_bare))
    machine.start("worker", "reporting", "--only", "consumer")
    await _payments(machine, sizes, table)


async def _values(service: str) -> list[bytes]:
    connection = await owner_of(service)
    try:
        return [row["value"] for row in await connection.fetch("select value from outbox order by id")]
    finally:
        await connection.close()


async def _relay(machine: Machine, service: str, waiting: int) -> float:
    """Events a second of a relay that begins with so many."""
    process = machine.start("worker", service, "--only", "relay")

    async def published() -> int:
        return waiting - await ask(service, "select count(*) from outbox")

    rate = await _rate(published, waiting)
    await machine.stop(process)
    return rate


async def _consume(machine: Machine, waiting: int) -> float:
    """Events a second of a consumer that begins with so many."""
    before = await ask("reporting", _CONSUMED_SQL)
    process = machine.start("worker", "reporting", "--only", "consumer")

    async def consumed() -> int:
        return await ask("reporting", _CONSUMED_SQL) - before

    rate = await _rate(consumed, waiting)
    await machine.stop(process)
    return rate


async def _rate(done: Callable[[], Awaitable[int]], total: int) -> float:
    """How many a second from the first that are done to the last; a process that only starts is not counted."""
    deadline = time.perf_counter() + _SECONDS_MAX
    while (first := await done()) == 0:
        if time.perf_counter() > deadline:
            raise TimeoutError("nothing was done")
        await asyncio.sleep(0.02)
    started = time.perf_counter()
    if first >= total:
        raise RuntimeError(f"{total} are too few to measure a rate")
    while await done() < total:
        if time.perf_counter() > deadline:
            raise TimeoutError("not all were done in time")
        await asyncio.sleep(0.1)
    return (total - first) / (time.perf_counter() - started)


async def _payments(machine: Machine, sizes: Sizes, table: Table) -> None:
    """Payments one after the other; the KPI is asked over HTTP until it shows each."""
    await debt.add_members(0, _MEMBERS)
    await debt.add_loans(max(sizes.payments * 8, _MEMBERS))
    debts, reporting = await machine.start_api("debt"), await machine.start_api("reporting")
    machine.start("worker", "debt")
    loans = await _overdue_loans()
    async with debts.client("payment:write") as payer, reporting.client("report:read") as reader:
        alone = await bare.kafka_round_trips("bench.bare-trips", sizes.payments)
        warm, loans = loans[:_WARM], loans[_WARM:]
        await _follow(payer, reader, warm)  # the first waits for the worker's start, and fills every cache
        quiet = await _follow(payer, reader, loans[: sizes.payments])
        what = "event: payment committed to KPI visible over HTTP, light load"
        table.add(Row("event-p50", f"{what}, p50", quiet.p50_ms, "ms", None, None, alone.p50_ms))
        table.add(Row("event-p99", f"{what}, p99", quiet.p99_ms, "ms", 1000, 250, alone.p99_ms))
        importing = asyncio.create_task(_import(await _importer(machine), sizes))
        try:
            busy = await _follow(payer, reader, loans[sizes.payments :], while_runs=importing)
        finally:
            importing.cancel()
            with suppress(asyncio.CancelledError):
                await importing
        what = f"the same while {sizes.import_rows:,} members are imported"
        table.add(Row("event-import-p50", f"{what}, p50", busy.p50_ms, "ms"))
        table.add(Row("event-import-p99", f"{what}, p99", busy.p99_ms, "ms", 1000, None))


async def _overdue_loans() -> list[tuple[str, str]]:
    """Loans with something overdue, and their co-operatives: a payment on one changes K01b."""
    connection = await owner_of("debt")
    try:
        rows = await connection.fetch(
            """
            select loan_id, cooperative_id from instalment where due_on < '2022-09-30' and paid_principal < principal
             group by 1, 2 order by 1
            """
        )
        return [(str(row["loan_id"]), str(row["cooperative_id"])) for row in rows]
    finally:
        await connection.close()


async def _follow(
    payer: httpx2.AsyncClient,
    reader: httpx2.AsyncClient,
    loans: list[tuple[str, str]],
    while_runs: asyncio.Task[None] | None = None,
) -> Latencies:
    """From each payment's answer, which is sent after its commit, until K01b of its co-operative has changed."""
    seconds = []

    async def shown(cooperative_id: str) -> str:
        answer = await reader.get(f"/reporting/v1/kpis/K01b?area={cooperative_id}&fiscal_year_be=2566")
        answer.raise_for_status()
        return str(answer.json()["numerator"])

    for loan_id, cooperative_id in loans:
        if while_runs is not None and while_runs.done():
            break
        before = await shown(cooperative_id)
        # Late interest comes first: only what is above it takes overdue debt away.
        body = {"loan_id": loan_id, "amount": "9000.00", "value_on": "2022-10-15", "channel": "cash"}
        posted = await payer.post("/debt/v1/payments", json=body, headers={"idempotency-key": uuid4().hex})
        committed = time.perf_counter()
        posted.raise_for_status()

        async def changed(cooperative_id: str = cooperative_id, before: str = before) -> bool:
            return await shown(cooperative_id) != before

        await until(changed, pause_seconds=_POLL_SECONDS)
        seconds.append(time.perf_counter() - committed)
        await asyncio.sleep(_PAUSE_SECONDS)
    return latencies_of(seconds, sum(seconds))


async def _importer(machine: Machine) -> Api:
    api = await machine.start_api("registry")
    machine.start("worker", "registry")
    return api


async def _import(api: Api, sizes: Sizes) -> None:
    first = _IMPORTED_FROM // MEMBERS_PER_COOPERATIVE
    await registry.add_cooperatives(first, first + cooperatives_of(sizes.import_rows))
    numbers = range(first * MEMBERS_PER_COOPERATIVE, first * MEMBERS_PER_COOPERATIVE + sizes.import_rows)
    content = people.members_file(
        (people.cooperative_of(number), people.member(number).number, people.member(number)) for number in numbers
    )
    async with api.client(feeds.SCOPES) as client:
        await feeds.send(client, "registry", "members", content)
