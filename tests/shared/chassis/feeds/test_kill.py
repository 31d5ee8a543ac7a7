"""Goal: a worker that is killed (SIGKILL) in the middle of a delivery loses nothing and does nothing twice."""

import pytest

from tests.job_worker import job_worker
from tests.shared.chassis.bare_service import until
from tests.shared.chassis.feeds.conftest import Sender

ROWS = 600
SERVICE = "tests.shared.chassis.feeds.conftest"


@pytest.mark.parametrize("kind", ["tools", "loose-tools"])
async def test_delivery_completes_through_two_kills(sender: Sender, kind: str) -> None:
    body = "cooperative_code,number,note\n" + "".join(f"C1,{number},x\n" for number in range(ROWS))
    delivery_id = (await sender.post(body, kind=kind)).json()["id"]

    async def applied() -> int:
        return int((await sender.delivery(delivery_id))["accepted"])

    for kill in range(1, 3):
        seen = await applied()

        async def went_on(seen: int = seen) -> bool:
            return await applied() > seen

        with job_worker(SERVICE, PLODNEE_FEED_CHUNK_ROWS="3"):
            await until(went_on)
        assert seen < await applied() < ROWS, f"kill {kill} came too late to show anything"

    async def is_completed() -> bool:
        return bool((await sender.delivery(delivery_id))["status"] == "completed")

    with job_worker(SERVICE, PLODNEE_FEED_CHUNK_ROWS="3"):
        await until(is_completed)
    delivery = await sender.delivery(delivery_id)
    assert (delivery["rows"], delivery["accepted"], delivery["rejected"]) == (ROWS, ROWS, 0)
    assert await sender.count("select count(*) from tool") == ROWS
    assert await sender.count("select max(writes) from tool") == 1
    assert await sender.count("select count(*) from feed_row") == 0
