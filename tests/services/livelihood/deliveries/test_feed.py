"""Goal: a produce file records each slip once, and a slip that cannot be recorded costs no other."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx2

from services.livelihood.app import SERVICE
from shared.chassis.crypto import member_number_hash
from shared.chassis.database import Database
from shared.chassis.jobs import run_jobs
from shared.chassis.settings import get_settings
from shared.chassis.worker import tasks_of
from tests.conftest import ClientOf, DatabaseOf
from tests.services.livelihood.conftest import COOPERATIVE, Hear, cooperative, member, plan

_HEADINGS = (
    "cooperative_code,member_number,delivery_number,delivered_on,crop,kilograms,price_per_kilogram,savings_share"
)


async def _deliver(client: httpx2.AsyncClient, database: Database, slips: Sequence[str]) -> dict[str, Any]:
    """Send slips (delivery number, kilograms, price, savings share) and run the worker's jobs until they are done."""
    lines = []
    for slip in slips:
        number, *rest = slip.split(",")
        lines.append(f"C-5201,1,{number},2022-11-20,rice_wet,{','.join(rest)}")
    sent = await client.post(
        "/livelihood/v1/feed-deliveries?kind=produce&as_of=2022-12-31",
        content="\n".join([_HEADINGS, *lines]).encode(),
        headers={"content-type": "text/csv"},
    )
    assert sent.status_code == 202, sent.text
    stop = asyncio.Event()
    jobs = asyncio.create_task(run_jobs(tasks_of(SERVICE), database, get_settings(), stop))
    try:
        async with asyncio.timeout(60):
            while True:
                shown: dict[str, Any] = (await client.get(sent.headers["location"])).json()
                if shown["status"] in ("completed", "failed"):
                    return shown
                await asyncio.sleep(0.1)
    finally:
        stop.set()
        await jobs


def _counts(shown: dict[str, Any]) -> tuple[int, int, int]:
    assert shown["status"] == "completed", shown
    return shown["accepted"], shown["unchanged"], shown["rejected"]


async def test_a_slip_that_cannot_be_is_rejected_alone_and_a_repeated_file_changes_nothing(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes="produce:write livelihood:read feed:write job:read", areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(member_number_hash("C-5201", "1")), plan(share="0.50")])
    slips = [
        "D-1,100.5,10.01,0.5",  # both halves of an odd worth
        "D-2,100,10.00,0.6",  # with the agreed half more than the whole
        "D-3,0,10.00,0",
        "D-4,99999999999,9999999999.99,0",
        "D-5,100,10.00,",
    ]
    assert _counts(await _deliver(client, database, slips)) == (2, 0, 3)
    assert _counts(await _deliver(client, database, slips)) == (0, 2, 3)
    corrected = ["D-1,100.5,10.01,0.5", "D-5,200,10.00,"]
    assert _counts(await _deliver(client, database, corrected)) == (0, 1, 1)
    listed = await client.get(f"/livelihood/v1/produce-deliveries?cooperative_id={COOPERATIVE}")
    assert {item["delivery_number"] for item in listed.json()["items"]} == {"D-1", "D-5"}
    async with database.unscoped() as session:
        assert await session.scalar("select count(*) from outbox") == 4


async def test_a_slip_whose_member_came_before_his_cooperative_wakes_when_that_comes(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes="produce:write livelihood:read feed:write job:read", areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [member(member_number_hash("C-5201", "1"))])
    assert (await _deliver(client, database, ["D-1,100,10.00,"]))["waiting"] == 1
    await hear(database, [cooperative()])
    assert (await _deliver(client, database, ["D-2,100,10.00,"]))["accepted"] == 1  # files follow one another
    assert (await client.get("/livelihood/v1/feed-deliveries")).json()["items"][1]["accepted"] == 1


async def test_a_delivery_that_a_restore_lets_come_twice_is_the_same_to_debt(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear
) -> None:
    client = await client_of("livelihood", scopes="produce:write livelihood:read feed:write job:read", areas=["52"])
    database = await database_of("livelihood")
    await hear(database, [cooperative(), member(member_number_hash("C-5201", "1")), plan()])
    assert _counts(await _deliver(client, database, ["D-1,100,10.00,"])) == (1, 0, 0)
    async with database.unscoped() as session:  # as a restore to the moment before
        await session.execute("delete from produce_delivery")
    assert _counts(await _deliver(client, database, ["D-1,100,10.00,"])) == (1, 0, 0)
    async with database.unscoped() as session:
        requested = await session.fetch("select key from outbox where headers ->> 'ce_type' like '%requested.v1'")
    assert len(requested) == 2
    assert requested[0] == requested[1]
