"""Reporting: KPIs at every level while the country grows, and a complete export."""

import asyncio
import hashlib
import subprocess
import time

from bench import bare, people
from bench.fill import reporting
from bench.load import Request, load
from bench.machine import Api, Machine, owner_of
from bench.results import Row, Table
from bench.sizes import Sizes, short
from services.reporting.exports.repository import COOPERATIVE_MONTHS_SQL
from shared.kernel.areas import region_of

IDS = ("kpi-nation", "kpi-region", "kpi-province", "kpi-district", "kpi-cooperative", "export", "export-memory")

_CONNECTIONS = 4
_YEAR = 2566
# By what the row's id says: the latest figure, and figures for dates. The fill closes every day to the end of March and
# has two weeks of facts after it.
_QUESTIONS = (
    ("", "", ""),
    ("-month-end", " at a month's end", "&as_of=2023-01-31"),
    ("-day", " at a day within a month", "&as_of=2023-02-14"),
    ("-after-close", " at a day after the last close", "&as_of=2023-04-07"),
)
_TAIL_BYTES = 256  # more than the last line has
_MEMORY_MIB_MAX = 64  # what "constant" may mean: a few chunks of 64 KiB, and what the allocator does not give back


async def measure(machine: Machine, sizes: Sizes, table: Table) -> None:
    """Read every KPI of one area of each level at every size, then send a million rows."""
    api = await machine.start_api("reporting")
    members = 0
    for size in sizes.members:
        await reporting.grow(members, size)
        members = size
        await _kpis(api, sizes, members, table)
    await _export(api, sizes, table)


async def _kpis(api: Api, sizes: Sizes, members: int, table: Table) -> None:
    place = people.cooperative(0)
    areas = {
        "nation": "TH",
        "region": region_of(place.district_code),
        "province": place.province_code,
        "district": place.district_code,
        "cooperative": str(place.id),
    }
    alone = await bare.select_latencies(
        "reporting",
        "select * from read_model.standing where cooperative_id = $1 and fiscal_year_be = $2",
        [(place.id, _YEAR)],
        connections=_CONNECTIONS,
        seconds=sizes.load_seconds / 6,
    )
    for level, area in areas.items():
        for name, asked, date_asked in _QUESTIONS:
            found = await load(
                [api.address],
                api.token("report:read", ["TH"]),
                [Request(f"/reporting/v1/kpis/K01?area={area}&fiscal_year_be={_YEAR}{date_asked}")],
                connections=_CONNECTIONS,
                seconds=sizes.load_seconds / 3,
            )
            what = f"KPI of a {level}{asked}, {_CONNECTIONS} connections, {members:,} members, p95"
            table.add(Row(f"kpi-{level}{name}-{short(members)}", what, found.p95_ms, "ms", 100, 30, alone.p95_ms))


async def _export(api: Api, sizes: Sizes, table: Table) -> None:
    """The whole file is read as a partner would, its last line checked, while the api's memory is watched."""
    months = await reporting.add_months(sizes.export_rows)
    copied = await _copy_rate(months)
    before = _resident_mib(api.pid)
    reading = asyncio.create_task(_read_export(api))
    peak = before
    while not reading.done():
        peak = max(peak, await asyncio.to_thread(_resident_mib, api.pid))
        await asyncio.sleep(0.1)
    rows, seconds = await reading
    if rows != months:
        raise RuntimeError(f"{rows} rows were exported of {months}")
    what = f"export of {rows:,} rows of co-operative and month, streamed"
    table.add(Row("export", what, rows / seconds, "rows/s", None, 100_000, copied))
    what = f"growth of the api's memory while it exports {rows:,} rows"
    table.add(Row("export-memory", what, max(peak - before, 0.0), "MiB", _MEMORY_MIB_MAX))


async def _read_export(api: Api) -> tuple[int, float]:
    """Rows as the last line states them, and seconds; raises when the file is not whole."""
    started = time.perf_counter()
    digest, tail = hashlib.sha256(), b""
    path = "/reporting/v1/exports/cooperative-months.csv"
    async with api.client("report:export") as client, client.stream("GET", path) as answer:
        answer.raise_for_status()
        async for chunk in answer.aiter_bytes():
            digest.update(tail[:-_TAIL_BYTES])
            tail = tail[-_TAIL_BYTES:] + chunk
    seconds = time.perf_counter() - started
    content, _, last = tail.rstrip(b"\n").rpartition(b"\n")
    digest.update(content + b"\n")
    stated = dict(part.split("=") for part in last.decode().removeprefix("# ").split())
    if stated["sha256"] != digest.hexdigest():
        raise RuntimeError("the export's checksum is not that of its bytes")
    return int(stated["rows"]), seconds


async def _copy_rate(rows: int) -> float:
    """Rows a second of the same query, copied out by the owner and thrown away."""

    async def throw_away(_chunk: bytes) -> None:
        return None

    connection = await owner_of("reporting")
    try:
        await connection.execute("set search_path = read_model, public")
        started = time.perf_counter()
        await connection.copy_from_query(COOPERATIVE_MONTHS_SQL, None, output=throw_away, format="csv", timeout=600)
        return rows / (time.perf_counter() - started)
    finally:
        await connection.close()


def _resident_mib(pid: int) -> float:
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(said.stdout) / 1024
