"""Goal: what was learnt and kept is recorded once, closed months stay, and each change is one event."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.literacy.app import SERVICE
from services.literacy.courses.feed import TRAINING
from services.literacy.errors import PledgeCannotBecome
from services.literacy.household_accounts.feed import HOUSEHOLD_ACCOUNTS
from services.literacy.inbox import INBOX
from services.literacy.savings import service as savings
from services.literacy.savings.domain import become
from shared.chassis.crypto import member_number_hash
from shared.chassis.database import Database
from shared.chassis.events import Event, Received
from shared.chassis.feeds import ACCEPTED, OLDER, UNCHANGED, Delivery, FeedRow
from shared.chassis.jobs import run_jobs
from shared.chassis.reach import UNSCOPED
from shared.chassis.settings import Settings
from shared.chassis.worker import tasks_of
from shared.contracts.registry import CooperativeRecorded, MemberRecorded
from shared.kernel.identifiers import derived_id, uuid7
from tests.conftest import ClientOf, DatabaseOf

COOPERATIVE = derived_id("test", "co-operative")
SCOPES = "literacy:read literacy:write feed:write job:read"


async def hear(database: Database, events: Sequence[Event]) -> None:
    received = [
        Received(
            event=event,
            event_id=uuid7(),
            epoch=1,
            version=1,
            effective_on=date(2022, 10, 1),
            topic=event.topic.name,
            partition=0,
            offset=place,
            key=event.key,
            correlation_id=None,
            occurred_at=datetime(2022, 10, 1, tzinfo=UTC),
        )
        for place, event in enumerate(events)
    ]
    async with database.unscoped() as session:
        await INBOX.apply(session, received)


def cooperative() -> CooperativeRecorded:
    return CooperativeRecorded(
        cooperative_id=COOPERATIVE,
        cooperative_code="C-1",
        kind="cooperative",
        cooperative_type="agricultural",
        name_th="สหกรณ์ทดสอบ",
        name_en=None,
        province_code="52",
        district_code="5201",
        strength_level=1,
        status="active",
    )


def member(number: str) -> MemberRecorded:
    return MemberRecorded(
        member_id=derived_id("test", number),
        person_id=derived_id("person", number),
        cooperative_id=COOPERATIVE,
        member_number_hash=member_number_hash("C-1", number),
        household_id=None,
        member_kind="ordinary",
        status="active",
        birth_decade=1970,
    )


async def _events(database: Database) -> list[str]:
    async with database.unscoped() as session:
        rows = await session.fetch("select headers ->> 'ce_type' as type from outbox order by id")
    return [row["type"].removeprefix("plodnee.literacy.").removesuffix(".v1") for row in rows]


async def _deliver(
    client: httpx2.AsyncClient,
    database: Database,
    settings: Settings,
    kind: str,
    text: str,
    as_of: str = "2022-12-31",
) -> Any:
    """Send a file and run the worker's jobs until it is done."""
    sent = await client.post(
        f"/literacy/v1/feed-deliveries?kind={kind}&as_of={as_of}",
        content=text.encode(),
        headers={"content-type": "text/csv"},
    )
    assert sent.status_code == 202, sent.text
    stop = asyncio.Event()
    jobs = asyncio.create_task(run_jobs(tasks_of(SERVICE), database, settings, stop))
    try:
        for _ in range(300):
            shown = (await client.get(sent.headers["location"])).json()
            if shown["status"] in ("completed", "failed"):
                return shown
            await asyncio.sleep(0.1)
        raise TimeoutError(shown)
    finally:
        stop.set()
        await jobs


async def test_a_roll_call_records_everybody_or_nobody(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1"), member("2")])
    course = await client.post(
        "/literacy/v1/courses", json={"cooperative_id": str(COOPERATIVE), "code": "K1", "title": "บัญชีครัวเรือน"}
    )
    held = await client.post(f"/literacy/v1/courses/{course.json()['id']}/sessions", json={"held_on": "2022-11-05"})
    path = f"/literacy/v1/sessions/{held.json()['id']}/roll-call"
    refused = await client.post(path, json={"member_numbers": ["1", "999"]})
    assert refused.status_code == 422
    assert refused.json()["errors" if "errors" in refused.json() else "fields"][0]["field"] == "member_numbers.1"
    assert await _events(database) == []
    first = await client.post(path, json={"member_numbers": ["1", "๒", "1"]})
    again = await client.post(path, json={"member_numbers": ["1"]})
    assert (first.json()["recorded"], again.json()["recorded"], again.json()["known_before"]) == (2, 0, 1)
    assert await _events(database) == ["session.attended"] * 2


async def test_a_score_is_revised_not_doubled(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1")])
    course = await client.post(
        "/literacy/v1/courses", json={"cooperative_id": str(COOPERATIVE), "code": "K1", "title": "การออม"}
    )
    body = {
        "course_id": course.json()["id"],
        "member_id": str(derived_id("test", "1")),
        "phase": "pre",
        "score": "55.50",
        "scored_on": "2022-11-05",
    }
    revisions = [
        (await client.post("/literacy/v1/assessments", json={**body, "score": score})).json()["revision"]
        for score in ("55.50", "55.50", "60.00")
    ]
    assert revisions == [1, 1, 2]
    assert await _events(database) == ["assessment.scored"] * 2


async def test_training_file_makes_course_session_attendance_and_scores(
    client_of: ClientOf, database_of: DatabaseOf, settings: Settings
) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1"), member("2")])
    text = (
        "cooperative_code,course_code,course_title,session_date,member_number,pre_score,post_score\n"
        "C-1,K1,บัญชีครัวเรือน,05/11/2565,1,50,62.5\n"
        "C-1,K1,บัญชีครัวเรือน,05/11/2565,๒,70,\n"
        "C-1,K1,บัญชีครัวเรือน,31/02/2566,1,50,60\n"
    )
    shown = await _deliver(client, database, settings, "training", text)
    assert (shown["accepted"], shown["rejected"], shown["waiting"]) == (2, 1, 0)
    assert sorted(await _events(database)) == ["assessment.scored"] * 3 + ["session.attended"] * 2
    again = await _deliver(client, database, settings, "training", text)
    assert (again["accepted"], again["unchanged"]) == (0, 2)
    assert len(await _events(database)) == 5


async def test_of_the_scores_of_several_sessions_the_last_counts_and_a_longer_file_adds_what_is_new(
    client_of: ClientOf, database_of: DatabaseOf, settings: Settings
) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1"), member("2")])
    heading = "cooperative_code,course_code,session_date,member_number,post_score\n"
    text = heading + "C-1,K1,2022-11-12,1,70\nC-1,K1,2022-11-05,1,40\nC-1,K1,2022-11-19,1,\n"
    shown = await _deliver(client, database, settings, "training", text)
    assert (shown["status"], shown["accepted"]) == ("completed", 3)
    events = len(await _events(database))
    longer = await _deliver(client, database, settings, "training", text + "C-1,K1,2022-11-12,2,\n")
    assert (longer["status"], longer["accepted"], longer["unchanged"]) == ("completed", 1, 3)
    one_session = await _deliver(client, database, settings, "training", heading + "C-1,K1,2022-11-05,1,40\n")
    assert one_session["unchanged"] == 1
    assert len(await _events(database)) == events + 1
    async with database.unscoped() as session:
        assert await session.scalar("select score from assessment") == 70


def _account_file(as_of: str, category: str, satang: int, month: str = "2022-10-01") -> tuple[Delivery, list[FeedRow]]:
    data = {
        "member": member_number_hash("C-1", "1"),
        "month": month,
        "category": category,
        "amount": satang,
    }
    day = date.fromisoformat(as_of)
    delivery = Delivery(uuid7(), "household_accounts", day, "tester", UNSCOPED)
    return delivery, [FeedRow(2, data)]


async def test_two_files_that_bring_one_new_month_at_once_both_count(database_of: DatabaseOf) -> None:
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1")])

    async def bring(category: str) -> None:
        async with database.unscoped() as session:
            await HOUSEHOLD_ACCOUNTS.apply(session, *_account_file("2022-12-31", category, 100))

    async with database.unscoped() as session:  # the account itself is there
        await HOUSEHOLD_ACCOUNTS.apply(session, *_account_file("2022-12-31", "food", 1, "2022-09-01"))
        await session.execute("delete from outbox")
    async with database.unscoped() as first:
        await HOUSEHOLD_ACCOUNTS.apply(first, *_account_file("2022-12-31", "food", 100))
        second = asyncio.create_task(bring("saving"))
        await asyncio.sleep(0.5)
        assert not second.done()
    await asyncio.wait_for(second, 30)
    async with database.unscoped() as session:
        [month] = await session.fetch(
            "select food_satang, saving_satang, version from ledger_month where month = '2022-10-01'"
        )
        sent = await session.fetch("select aggregate_version from outbox order by id")
    assert (month["food_satang"], month["saving_satang"], month["version"]) == (100, 100, 2)
    assert [row["aggregate_version"] for row in sent] == [1, 2]


async def test_figures_that_a_later_file_confirms_are_not_replaced_by_an_older_one(database_of: DatabaseOf) -> None:
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1")])
    outcomes = []
    for as_of, satang in (("2022-10-31", 100), ("2022-12-31", 100), ("2022-11-30", 999)):
        async with database.unscoped() as session:
            outcomes.append((await HOUSEHOLD_ACCOUNTS.apply(session, *_account_file(as_of, "food", satang)))[2])
    assert outcomes == [ACCEPTED, UNCHANGED, OLDER]
    assert await _events(database) == ["ledger_month.recorded"]


async def test_dates_that_cannot_be_are_refused_by_field(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    await hear(await database_of("literacy"), [cooperative(), member("1")])
    pledge = {"member_id": str(derived_id("test", "1")), "amount_per_month": "30.00", "starts_on": "2022-11-01"}
    refused = await client.post("/literacy/v1/savings-pledges", json={**pledge, "ends_on": "2022-10-31"})
    assert refused.status_code == 422
    closing = {"cooperative_id": str(COOPERATIVE), "month": "2022-11-02", "closed_on": "2022-12-05"}
    assert (await client.post("/literacy/v1/household-months/close", json=closing)).status_code == 422
    early = {"cooperative_id": str(COOPERATIVE), "month": "2022-11-01", "closed_on": "2022-11-29"}
    assert (await client.post("/literacy/v1/household-months/close", json=early)).status_code == 422
    foreign = {"cooperative_id": str(uuid4()), "month": "2022-11-01", "closed_on": "2022-11-30"}
    assert (await client.post("/literacy/v1/household-months/close", json=foreign)).status_code == 404


async def test_a_closed_month_takes_no_more_figures_and_a_late_member_wakes_his_row(
    client_of: ClientOf, database_of: DatabaseOf, settings: Settings
) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1")])
    heading = "cooperative_code,member_number,month,category,amount\n"
    rows = 'C-1,1,2565-11,food,"1,250.50"\nC-1,1,2022-11,saving,๑๐๐\nC-1,7,2022-11,food,10\n'
    shown = await _deliver(client, database, settings, "household_accounts", heading + rows)
    assert (shown["accepted"], shown["waiting"]) == (2, 1)
    closing = {"cooperative_id": str(COOPERATIVE), "month": "2022-11-01", "closed_on": "2022-12-05"}
    assert (await client.post("/literacy/v1/household-months/close", json=closing)).json() == {"closed": 1}
    assert (await client.post("/literacy/v1/household-months/close", json=closing)).json() == {"closed": 0}
    late = await _deliver(client, database, settings, "household_accounts", heading + "C-1,1,2022-11,food,99\n")
    assert late["rejected"] == 1
    months = (await client.get(f"/literacy/v1/members/{derived_id('test', '1')}/household-months")).json()["items"]
    assert [(month["food"], month["saving"], month["status"]) for month in months] == [("1250.50", "100.00", "closed")]
    await hear(database, [member("7")])
    stop = asyncio.Event()
    jobs = asyncio.create_task(run_jobs(tasks_of(SERVICE), database, settings, stop))
    try:
        for _ in range(200):
            path = f"/literacy/v1/members/{derived_id('test', '7')}/household-months"
            if (await client.get(path)).json()["items"]:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("the row that waited for its member was not applied")
    finally:
        stop.set()
        await jobs


async def test_a_row_whose_member_came_before_his_cooperative_wakes_when_that_comes(
    client_of: ClientOf, database_of: DatabaseOf, settings: Settings
) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    database = await database_of("literacy")
    await hear(database, [member("1")])
    heading = "cooperative_code,member_number,month,category,amount\n"
    shown = await _deliver(client, database, settings, "household_accounts", heading + "C-1,1,2022-11,food,10\n")
    assert shown["waiting"] == 1
    await hear(database, [cooperative()])
    after = await _deliver(client, database, settings, "household_accounts", heading + "C-1,1,2022-12,food,10\n")
    assert after["accepted"] == 1  # files follow one another
    assert (await client.get("/literacy/v1/feed-deliveries")).json()["items"][1]["accepted"] == 1


async def test_a_pledge_needs_the_version_that_was_read(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1")])
    body = {"member_id": str(derived_id("test", "1")), "amount_per_month": "30.00", "starts_on": "2022-11-01"}
    pledge = (await client.post("/literacy/v1/savings-pledges", json=body)).json()
    path = f"/literacy/v1/savings-pledges/{pledge['id']}"
    change = {"status": "active", "changed_on": "2022-11-02"}
    assert (await client.patch(path, json=change)).status_code == 428
    assert (await client.patch(path, json=change, headers={"if-match": '"9"'})).status_code == 412
    changed = await client.patch(path, json=change, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    far = await client_of("literacy", scopes=SCOPES, areas=["10"], client_id="far")
    assert (await far.get(path)).status_code == 404
    assert (await far.get(f"/literacy/v1/savings-pledges/{uuid4()}")).status_code == 404


def test_a_broken_pledge_stays_broken() -> None:
    assert become("pledged", "active") == "active"
    with pytest.raises(PledgeCannotBecome):
        become("broken", "active")


def test_a_state_that_cannot_follow_is_told_in_thai_words() -> None:
    with pytest.raises(PledgeCannotBecome) as refused:
        become("pledged", "completed")
    assert refused.value.detail_th == "สัจจะที่มีสถานะ “ให้สัจจะแล้ว” เปลี่ยนได้เป็น: กำลังออม, ผิดสัจจะ"


async def test_figures_of_one_month_do_not_depend_on_the_order_of_their_files(database_of: DatabaseOf) -> None:
    """A file wins over an older one category by category, as its rows are."""
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1"), member("2")])
    files = [("2022-12-31", "food", 100), ("2022-11-30", "saving", 50), ("2022-11-30", "food", 70)]

    async def bring(number: str, file: tuple[str, str, int]) -> str:
        delivery, [row] = _account_file(*file)
        mine = FeedRow(2, {**row.data, "member": member_number_hash("C-1", number)})
        async with database.unscoped() as session:
            return (await HOUSEHOLD_ACCOUNTS.apply(session, delivery, [mine]))[2]

    assert [await bring("1", file) for file in files] == [ACCEPTED, ACCEPTED, OLDER]
    assert [await bring("2", file) for file in reversed(files)] == [ACCEPTED, ACCEPTED, ACCEPTED]
    async with database.unscoped() as session:
        kept = await session.fetch("select food_satang, saving_satang, as_of from ledger_month")
    assert [tuple(row.values()) for row in kept] == [(100, 50, date(2022, 12, 31))] * 2


def _training(as_of: str, score: str, day: str = "2022-11-05") -> tuple[Delivery, list[FeedRow]]:
    data = {
        "cooperative_code": "C-1",
        "course_code": "K1",
        "session_date": day,
        "member": member_number_hash("C-1", "1"),
        "post_score": score,
    }
    return Delivery(uuid7(), "training", date.fromisoformat(as_of), "tester", UNSCOPED), [FeedRow(2, data)]


async def test_a_score_that_a_later_file_states_is_not_replaced_by_an_older_one(database_of: DatabaseOf) -> None:
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1")])
    outcomes = []
    for as_of, score in (
        ("2022-11-30", "55"),
        ("2022-12-31", "65"),
        ("2022-11-30", "55"),
        ("2023-02-28", "65"),
        ("2023-01-31", "40"),
    ):
        async with database.unscoped() as session:
            outcomes.append((await TRAINING.apply(session, *_training(as_of, score)))[2])
    assert outcomes == [ACCEPTED, ACCEPTED, OLDER, UNCHANGED, OLDER]
    async with database.unscoped() as session:
        assert await session.fetch("select score, revision from assessment") == [{"score": 65, "revision": 2}]
    assert await _events(database) == ["session.attended", "assessment.scored", "assessment.scored"]


async def test_a_score_that_was_corrected_by_hand_is_not_undone_by_a_file_of_before(
    client_of: ClientOf, database_of: DatabaseOf
) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1")])
    async with database.unscoped() as session:
        await TRAINING.apply(session, *_training("2022-11-30", "55"))
    [course] = (await client.get(f"/literacy/v1/courses?cooperative_id={COOPERATIVE}")).json()["items"]
    body = {
        "course_id": course["id"],
        "member_id": str(derived_id("test", "1")),
        "phase": "post",
        "score": "65",
        "scored_on": "2022-11-05",
    }
    assert (await client.post("/literacy/v1/assessments", json=body)).json()["revision"] == 2
    async with database.unscoped() as session:
        assert (await TRAINING.apply(session, *_training("2022-12-31", "55")))[2] == OLDER
        assert await session.scalar("select score from assessment") == 65


async def test_a_pledge_is_told_again_with_the_day_of_its_state(client_of: ClientOf, database_of: DatabaseOf) -> None:
    client = await client_of("literacy", scopes=SCOPES, areas=["52"])
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1")])
    body = {"member_id": str(derived_id("test", "1")), "amount_per_month": "30.00", "starts_on": "2022-11-01"}
    pledge = (await client.post("/literacy/v1/savings-pledges", json=body)).json()
    change = {"status": "active", "changed_on": "2022-11-02"}
    await client.patch(f"/literacy/v1/savings-pledges/{pledge['id']}", json=change, headers={"if-match": '"1"'})
    async with database.unscoped() as session:
        days = await session.fetch("select headers ->> 'ce_effectiveon' as day from outbox order by id")
        told = [(version, day) async for _, version, day in savings.tell_again(session)]
    assert [row["day"] for row in days] == ["2022-11-01", "2022-11-02"]
    assert told == [(2, date(2022, 11, 2))]


async def test_rows_of_before_stand_for_the_day_that_was_kept_of_them(database_of: DatabaseOf) -> None:
    database = await database_of("literacy")
    await hear(database, [cooperative(), member("1")])
    outcomes = []
    async with database.unscoped() as session:
        await HOUSEHOLD_ACCOUNTS.apply(session, *_account_file("2022-12-31", "food", 100))
        await TRAINING.apply(session, *_training("2022-12-31", "55"))
        await session.execute("update ledger_month set stated_on = null")
        await session.execute("update assessment set as_of = null")
    for as_of, category, satang in (("2022-11-30", "saving", 50), ("2023-01-31", "food", 90)):
        async with database.unscoped() as session:
            outcomes.append((await HOUSEHOLD_ACCOUNTS.apply(session, *_account_file(as_of, category, satang)))[2])
    async with database.unscoped() as session:
        outcomes.append((await TRAINING.apply(session, *_training("2022-11-30", "60")))[2])
        [days] = await session.fetch(
            "select stated_on ->> 'food' as food, stated_on ->> 'saving' as saving from ledger_month"
        )
    assert outcomes == [OLDER, ACCEPTED, ACCEPTED]
    assert (days["food"], days["saving"]) == ("2023-01-31", "2022-12-31")
