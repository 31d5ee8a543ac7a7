"""Goal: the story's every figure is right although everything beneath it died, stood still, was slow or full on the
way; and is right again after the broker's data is lost, or a database is restored to an earlier point."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from demo.story import Played, StoryOptions, check, play
from demo.story.client import Wire, open_wire
from demo.story.played import HandPayment
from demo.story.tell import access_of
from demo.story.telling import Narrator
from services.cli.one_machine import compare_rebuild
from shared.embedded.processes import wait_until
from shared.kernel.money import parse_baht
from tests.faults.said import differences, read_said
from tests.faults.suite import (
    PATIENCE_SECONDS,
    PROCESSES,
    WORKERS,
    Fault,
    Faults,
    Suite,
    hold,
    kill,
    let_no_log_grow,
    slow_database,
)

pytestmark = pytest.mark.timeout(900)

CONSUMERS = ("debt", "livelihood", "literacy", "reporting")
BEYOND_SESSION_SECONDS = 8.0  # the members' session time-out is 6 s
FAULTS: tuple[Fault, ...] = (
    *map(kill, PROCESSES),
    hold("worker-debt", BEYOND_SESSION_SECONDS),
    hold("kafka", 10.0),
    let_no_log_grow,
    slow_database(10.0),
)


LONG_FAULTS: tuple[Fault, ...] = (
    *map(kill, PROCESSES * 4),
    *(hold(name, 2 * BEYOND_SESSION_SECONDS) for name in WORKERS),
    hold("kafka", 60.0),
    *[let_no_log_grow] * 2,
    slow_database(30.0),
)


@pytest.fixture(scope="module")
def played(suite: Suite, seed: int, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The story, told while each fault happens once."""
    return tell_among(suite, Faults(suite, seed), FAULTS, tmp_path_factory.mktemp("story"))


def tell_among(
    suite: Suite, faults: Faults, planned: Sequence[Fault], folder: Path, *, members: int = 120, cooperatives: int = 3
) -> Played:
    """Tell the story while these faults happen."""
    options = StoryOptions(province="52", members=members, cooperatives=cooperatives, seed=7, folder=folder, check=True)

    async def tell() -> Played:
        inflicting = asyncio.create_task(faults.inflict(planned, (0.5, 3.0)))
        try:
            told = await play(access_of(suite.runtime), options, Narrator(Console(stderr=True)))
            await inflicting
            return told
        finally:
            inflicting.cancel()

    with suite.settings():
        return asyncio.run(tell())


async def assert_whole(suite: Suite, played: Played) -> None:
    """The story's own check: figures, files, deliveries; nothing is left on its way; a rebuild equals what is live."""
    with suite.settings() as settings:
        report = await check(played, settings, compare_rebuild, Narrator(Console(stderr=True)))
    assert report.ok, [one for one in report.checks if not one.ok]


async def test_the_story_is_whole_and_the_logs_say_what_happened(suite: Suite, played: Played) -> None:
    await assert_whole(suite, played)
    said = suite.said()
    assert "PostgreSQL has died; starting it again." in said
    assert said.count("Kafka has died; starting it again.") >= 2, "once killed, once without room"
    for name in ("api", *WORKERS):
        assert f"{name} was ended by SIGKILL; starting it again" in said
    logs = "".join(suite.log(name) for name in WORKERS)
    assert "relay_paused" in logs
    assert "consumer_paused" in logs
    for word in ("consumer_stopped", "event_set_aside", "job_failed"):
        assert word not in logs, next(line for line in logs.splitlines() if word in line)


async def test_a_broker_whose_data_is_lost_is_filled_again_by_the_owners(suite: Suite, played: Played) -> None:
    suite.hold_supervisor()
    await suite.signal("worker-reporting", signal.SIGKILL)  # what is relayed now, nobody has read when it is lost
    with suite.settings():
        async with open_wire(played.access) as wire:
            pledge = await pledge_savings(suite, wire)
    assert wait_until(lambda: not suite.query("literacy", "select count(*) from outbox"), PATIENCE_SECONDS)
    with suite.settings() as settings:
        said = await read_said(settings)
    suite.stop()
    suite.lose_broker_data()
    suite.start()
    for name in CONSUMERS:
        assert wait_until(lambda name=name: _refuses(suite, name), PATIENCE_SECONDS), suite.log(f"worker-{name}")  # type: ignore[misc]
    assert not suite.query("reporting", f"select count(*) from savings_pledge where id = '{pledge}'")

    suite.command("replay", "all")
    for name in CONSUMERS:
        suite.command("offsets", "reset", name, "--yes")
    suite.restart_workers()
    for name in CONSUMERS:
        assert wait_until(lambda name=name: _reads(suite, name), PATIENCE_SECONDS)  # type: ignore[misc]

    await assert_whole(suite, played)
    assert suite.query("reporting", f"select count(*) from savings_pledge where id = '{pledge}'") == 1
    with suite.settings() as settings:
        assert differences(said, await read_said(settings)) == []


def _refuses(suite: Suite, name: str) -> bool:
    return "was read from cluster" in suite.log(f"worker-{name}")


def _reads(suite: Suite, name: str) -> bool:
    return suite.query(name, f"select count(*) from consumer_offset where consumer = '{name}'") > 0


async def test_a_database_restored_to_an_earlier_point_is_told_again(suite: Suite, played: Played) -> None:
    suite.copy_database("debt")
    with suite.settings():
        async with open_wire(played.access) as wire:
            lost = await pay(suite, wire)
    assert wait_until(lambda: _has_posting(suite, lost["id"]), PATIENCE_SECONDS)
    suite.restore_database("debt")

    suite.command("replay", "debt", "--new-epoch")
    assert wait_until(lambda: not suite.query("debt", "select count(*) from outbox"), PATIENCE_SECONDS)
    with suite.settings():
        async with open_wire(played.access) as wire:
            again = await pay(suite, wire)
    assert again["id"] != lost["id"]
    assert wait_until(lambda: _has_posting(suite, again["id"]), PATIENCE_SECONDS)
    suite.command("rebuild", "reporting", "--accept-differences")

    played.payments.append(_hand_payment(again))
    await assert_whole(suite, played)
    assert not _has_posting(suite, lost["id"])
    assert _has_posting(suite, again["id"])
    assert "producer_restored" in suite.log("worker-reporting")


def _has_posting(suite: Suite, payment_id: str) -> bool:
    return suite.query("reporting", f"select count(*) from posting where fact_id = '{payment_id}'") == 1


async def pledge_savings(suite: Suite, wire: Wire) -> str:
    """A member of the officer's pledges to save; its id."""
    member = suite.text("literacy", "select id from member where status = 'active' order by id limit 1")
    pledge = {"member_id": member, "amount_per_month": "100.00", "starts_on": "2023-10-01"}
    return str((await wire.as_("coach").post("/literacy/v1/savings-pledges", pledge, step="a pledge more"))["id"])


async def pay(suite: Suite, wire: Wire) -> dict[str, Any]:
    """A payment after the year's end; sent again it has the same key."""
    loan = suite.text("debt", "select id from loan where status = 'active' order by id limit 1")
    payment = {
        "loan_id": loan,
        "amount": "250.00",
        "value_on": "2023-10-05",
        "channel": "cash",
        "receipt_number": "AFTER-THE-YEAR",
    }
    posted: dict[str, Any] = await wire.as_("officer").post("/debt/v1/payments", payment, step="a payment more")
    return posted


def _hand_payment(posted: dict[str, Any]) -> HandPayment:
    return HandPayment(
        payment_id=posted["id"],
        cooperative_id=posted["cooperative_id"],
        loan_id=posted["loan_id"],
        channel=posted["channel"],
        amount=parse_baht(posted["amount"]),
        value_on=date.fromisoformat(posted["value_on"]),
        posted_on=date.fromisoformat(posted["posted_on"]),
    )


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("round_number", range(3))
async def test_a_longer_story_holds_while_everything_dies_again_and_again(
    suite_of_its_own: Suite, seed: int, round_number: int, tmp_path: Path
) -> None:
    suite = suite_of_its_own
    faults = Faults(suite, seed + round_number)
    played = await asyncio.to_thread(tell_among, suite, faults, LONG_FAULTS, tmp_path, members=600, cooperatives=6)
    await assert_whole(suite, played)
