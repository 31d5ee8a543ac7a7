"""members.csv: every row ends where the rules say, and what changes nothing publishes nothing."""

from typing import Any

import httpx2
import pytest
import pytest_asyncio

from shared.chassis.database import Database
from shared.chassis.settings import get_settings
from tests.conftest import ClientOf, DatabaseOf
from tests.services.registry.deliveries import FEED, counts, deliver, forget_published, published, rejects
from tests.services.registry.people import OTHER_PROVINCE, PROVINCE, WRITER, add_cooperative, national_id

HEADINGS = (
    "cooperative_code", "member_number", "national_id", "full_name", "sex", "birth_date", "member_kind", "joined_on",
    "status", "phone", "household_number",
)  # fmt: skip


def row(code: str = "C1", number: str = "1", person: int = 1, **cells: str) -> list[str]:
    """A good row, with some cells written otherwise."""
    values = {
        "cooperative_code": code,
        "member_number": number,
        "national_id": national_id(person),
        "full_name": "นางสมศรี มีสุข",
        "sex": "F",
        "birth_date": "12/04/2511",
        "member_kind": "ordinary",
        "joined_on": "๑๕/๐๑/๒๕๔๔",
        "status": "active",
        "phone": "081-234-5678",
        "household_number": "520000000001",
    } | cells
    return [values[heading] for heading in HEADINGS]


@pytest_asyncio.fixture
async def agency(client_of: ClientOf) -> httpx2.AsyncClient:
    """The department's client, which reaches the country, and two co-operatives in two provinces."""
    client = await client_of("registry", scopes=f"{FEED} {WRITER}", areas=["TH"], subject="agency-feed")
    await add_cooperative(client, "C1", PROVINCE)
    await add_cooperative(client, "C2", OTHER_PROVINCE)
    return client


@pytest_asyncio.fixture
async def database(database_of: DatabaseOf, agency: httpx2.AsyncClient) -> Database:
    """The worker's pool over the database that the client uses."""
    return await database_of("registry")


async def stored(database: Database) -> list[dict[str, Any]]:
    async with database.unscoped() as session:
        return [dict(found) for found in await session.fetch("select * from member order by member_number")]


async def test_good_rows_become_members_and_events(agency: httpx2.AsyncClient, database: Database) -> None:
    delivery = await deliver(agency, database, "members", HEADINGS, [row(), row("C2", "7", 1), row("C1", "2", 2)])
    assert counts(delivery) == {"accepted": 3}
    events = await published(database, "member")
    assert [event["version"] for event in events] == [1, 1, 1]
    assert len({event["person_id"] for event in events}) == 2
    assert events[0]["household_id"] is not None
    found = (await agency.get(f"/registry/v1/members/{events[0]['member_id']}")).json()
    assert (found["full_name"], found["title"]) == ("สมศรี มีสุข", "นาง")
    assert (found["birth_date"], found["joined_on"], found["phone"]) == ("1968-04-12", "2001-01-15", "0812345678")
    revealed = await agency.post(
        f"/registry/v1/members/{found['id']}/national-id-reveals", json={"purpose": "test-of-sealing"}
    )
    assert revealed.json() == {"national_id": national_id(1)}


async def test_same_file_twice_changes_and_publishes_nothing(agency: httpx2.AsyncClient, database: Database) -> None:
    rows = [row(), row("C2", "7", 1, full_name="นางสมศรี มีมาก", phone=""), row("C1", "2", 2)]
    await deliver(agency, database, "members", HEADINGS, rows)
    before = await stored(database)
    await forget_published(database)
    again = await deliver(agency, database, "members", HEADINGS, rows)
    assert counts(again) == {"unchanged": 3}
    assert await published(database, "member") == []
    assert await stored(database) == before


async def test_each_defect_is_refused_by_its_code(agency: httpx2.AsyncClient, database: Database) -> None:
    good = national_id(9)
    wrong_digit = good[:-1] + str((int(good[-1]) + 1) % 10)
    delivery = await deliver(
        agency,
        database,
        "members",
        HEADINGS,
        [
            row(),
            row(number="2", national_id=wrong_digit),
            row(number="3", full_name=""),
            row(number="4", national_id=""),
            row(),
            row("C9", "5"),
            row(number="6", birth_date="31/02/2511"),
            row(number="7", birth_date="30/09/0066"),
            row(number="8", sex="Z"),
            row(number="9", joined_on="2022-10-01"),
            row(number="10", household_number="12"),
            row(number="11", status="NULL", full_name="NULL"),
            row(number="12", person=12),
        ],
    )
    assert counts(delivery) == {"accepted": 2, "rejected": 11}
    assert await rejects(agency, delivery) == [
        (3, "national_id", "invalid_national_id"),
        (4, "full_name", "missing_value"),
        (5, "national_id", "missing_value"),
        (6, "", "duplicate_in_file"),
        (7, "cooperative_code", "unknown_cooperative"),
        (8, "birth_date", "invalid_date"),
        (9, "birth_date", "invalid_date"),
        (10, "sex", "invalid_code"),
        (11, "joined_on", "date_after_as_of"),
        (12, "household_number", "invalid_code"),
        (13, "full_name", "missing_value"),
    ]


async def test_older_file_never_overwrites_a_newer(agency: httpx2.AsyncClient, database: Database) -> None:
    await deliver(agency, database, "members", HEADINGS, [row()], as_of="2022-09-30")
    await forget_published(database)
    older = await deliver(agency, database, "members", HEADINGS, [row(status="suspended")], as_of="2022-08-31")
    assert counts(older) == {"older": 1}
    assert (await stored(database))[0]["status"] == "active"
    newer = await deliver(agency, database, "members", HEADINGS, [row(status="suspended")], as_of="2022-10-31")
    assert counts(newer) == {"accepted": 1}
    events = await published(database, "member")
    assert [(event["version"], event["status"]) for event in events] == [(2, "suspended")]


async def test_a_row_that_changes_nothing_makes_nobody_known(agency: httpx2.AsyncClient, database: Database) -> None:
    await deliver(agency, database, "members", HEADINGS, [row()], as_of="2022-09-30")
    rows = [row(person=2), row(number="2", person=3, full_name="")]
    older = await deliver(agency, database, "members", HEADINGS, rows, as_of="2022-08-31")
    assert counts(older) == {"older": 1, "rejected": 1}
    async with database.unscoped() as session:
        alone = "select count(*) from person where not exists (select from member where person_id = person.id)"
        assert await session.scalar(alone) == 0


async def test_newer_equal_file_moves_the_day_on_without_an_event(
    agency: httpx2.AsyncClient, database: Database
) -> None:
    await deliver(agency, database, "members", HEADINGS, [row()], as_of="2022-09-30")
    await forget_published(database)
    assert counts(await deliver(agency, database, "members", HEADINGS, [row()], as_of="2022-10-31")) == {"unchanged": 1}
    assert await published(database, "member") == []
    late = await deliver(agency, database, "members", HEADINGS, [row(status="resigned")], as_of="2022-10-15")
    assert counts(late) == {"older": 1}


async def test_empty_cell_leaves_the_value_and_null_clears_it(agency: httpx2.AsyncClient, database: Database) -> None:
    await deliver(agency, database, "members", HEADINGS, [row()])
    empty = row(national_id="", full_name="", sex="", birth_date="", phone="", household_number="", status="")
    assert counts(await deliver(agency, database, "members", HEADINGS, [empty])) == {"unchanged": 1}
    cleared = row(sex="NULL", birth_date="NULL", phone="NULL", household_number="NULL", member_kind="NULL")
    assert counts(await deliver(agency, database, "members", HEADINGS, [cleared])) == {"accepted": 1}
    member = (await stored(database))[0]
    assert (member["sex"], member["birth_date"], member["household_id"]) == (None, None, None)
    assert (member["phone_sealed"], member["phone_index"]) == (None, None)
    assert (member["member_kind"], member["status"], member["version"]) == ("ordinary", "active", 2)


async def test_corrected_national_id_moves_the_membership_and_keeps_the_phone(
    agency: httpx2.AsyncClient, database: Database
) -> None:
    await deliver(agency, database, "members", HEADINGS, [row()])
    corrected = await deliver(agency, database, "members", HEADINGS, [row(person=2, phone="")])
    assert counts(corrected) == {"accepted": 1}
    member = (await stored(database))[0]
    found = (await agency.get(f"/registry/v1/members/{member['id']}")).json()
    assert found["phone"] == "0812345678"
    assert [event["version"] for event in await published(database, "member")] == [1, 2]


async def test_sender_cannot_write_or_probe_beyond_reach(
    agency: httpx2.AsyncClient, client_of: ClientOf, database: Database
) -> None:
    await deliver(agency, database, "members", HEADINGS, [row("C2", "7", 1)])
    await forget_published(database)
    province = await client_of("registry", scopes=FEED, areas=[PROVINCE], subject="coop-core")
    delivery = await deliver(province, database, "members", HEADINGS, [row("C2", "7", 1, status="expelled"), row()])
    assert counts(delivery) == {"accepted": 1, "rejected": 1}
    assert await rejects(province, delivery) == [(2, "cooperative_code", "out_of_reach")]
    events = await published(database, "member")
    assert len(events) == 1
    # The person is known in the other province: the same person here, although the sender cannot see that.
    members = await stored(database)
    assert members[0]["person_id"] == members[1]["person_id"]
    assert members[1]["status"] == "active"


async def test_what_is_sent_again_after_a_restore_is_the_same_member_of_the_same_cooperative(
    agency: httpx2.AsyncClient, database: Database
) -> None:
    await deliver(agency, database, "members", HEADINGS, [row()])
    (before,) = await stored(database)
    async with database.unscoped() as session:  # as if a backup from before had taken its place
        await session.execute("delete from member")
        await session.execute("delete from person")
        await session.execute("delete from cooperative where code = 'C1'")
        await session.execute("delete from idempotency_key")
    await add_cooperative(agency, "C1", PROVINCE)
    await deliver(agency, database, "members", HEADINGS, [row()])
    (after,) = await stored(database)
    assert (after["id"], after["cooperative_id"]) == (before["id"], before["cooperative_id"])
    assert after["person_id"] != before["person_id"], "a person's id says nothing about the national id"


async def test_chunks_side_by_side_agree_on_persons_they_share(
    agency: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each person is a member of both co-operatives, far apart in the file and in the opposite order."""
    chunk, persons = 200, range(1, 601)
    monkeypatch.setattr(get_settings(), "feed_chunk_rows", chunk)
    rows = [row("C1", f"{person:03d}", person) for person in persons]
    others = [row("C2", f"{person:03d}", person) for person in persons]
    # Both alternate by chunk, so that two chunks at work name the same new persons.
    starts = range(0, len(persons), chunk)
    mixed = [one for start in starts for one in (*rows[start : start + chunk], *others[start : start + chunk][::-1])]
    delivery = await deliver(agency, database, "members", HEADINGS, mixed)
    assert counts(delivery) == {"accepted": 1200}
    members = await stored(database)
    persons_of: dict[str, set[Any]] = {}
    for one in members:
        persons_of.setdefault(one["member_number"], set()).add(one["person_id"])
    assert (len(members), len(persons_of)) == (1200, 600)
    assert all(len(found) == 1 for found in persons_of.values())
    assert len(await published(database, "member")) == 1200
    async with database.unscoped() as session:
        assert await session.scalar("select max(attempt) from job") == 1


@pytest.mark.parametrize("said", ["-", "ไม่มี"])
async def test_a_telephone_number_without_a_digit_is_none_and_leaves_the_stored_one(
    agency: httpx2.AsyncClient, database: Database, said: str
) -> None:
    await deliver(agency, database, "members", HEADINGS, [row()])
    later = [row(phone=said), row(number="2", person=2, phone=said)]
    assert counts(await deliver(agency, database, "members", HEADINGS, later, as_of="2022-10-31")) == {
        "accepted": 1,
        "unchanged": 1,
    }
    kept, new = await stored(database)
    shown = (await agency.get(f"/registry/v1/members/{kept['id']}")).json()
    assert (shown["phone"], new["phone_index"]) == ("0812345678", None)
