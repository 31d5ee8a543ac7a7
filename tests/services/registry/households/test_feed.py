"""farm_households.csv and plots.csv: rows wait for heads and households, and a plot changes its household."""

import asyncio
from datetime import date

import httpx2
import pytest_asyncio

from services.registry.households import service as households
from services.registry.households.identity import household_id
from services.registry.members.schemas import MemberCreate
from services.registry.members.service import record_member
from shared.chassis.auth.caller import Caller
from shared.chassis.database import Database
from shared.chassis.reach import EVERYTHING
from tests.conftest import ClientOf, DatabaseOf
from tests.locks import until_somebody_waits
from tests.services.registry.deliveries import (
    FEED,
    counts,
    deliver,
    forget_published,
    published,
    rejects,
    run_queued,
)
from tests.services.registry.people import OTHER_PROVINCE, PROVINCE, WRITER, add_cooperative, add_member, member_body

HOUSEHOLDS = ("household_number", "cooperative_code", "member_number", "size", "district_code", "registered_on")
PLOTS = ("household_number", "plot_number", "crop", "area_rai", "document", "planted_on")
NUMBER = "520000000001"


def household(number: str = NUMBER, code: str = "C1", member: str = "1", size: str = "4", **cells: str) -> list[str]:
    values = dict(zip(HOUSEHOLDS, (number, code, member, size, f"{PROVINCE}01", "15/08/2565"), strict=True)) | cells
    return [values[heading] for heading in HOUSEHOLDS]


def plot(number: str = NUMBER, plot_number: str = "1", area_rai: str = "12.50", **cells: str) -> list[str]:
    values = dict(zip(PLOTS, (number, plot_number, "rice_wet", area_rai, "chanote", "2022-07-01"), strict=True)) | cells
    return [values[heading] for heading in PLOTS]


@pytest_asyncio.fixture
async def agency(client_of: ClientOf) -> httpx2.AsyncClient:
    """A client that reaches the country, and one co-operative in each of two provinces."""
    client = await client_of("registry", scopes=f"{FEED} {WRITER}", areas=["TH"], subject="agency-feed")
    await add_cooperative(client, "C1", PROVINCE)
    await add_cooperative(client, "C2", OTHER_PROVINCE)
    return client


@pytest_asyncio.fixture
async def database(database_of: DatabaseOf, agency: httpx2.AsyncClient) -> Database:
    return await database_of("registry")


async def cooperative_id(client: httpx2.AsyncClient, code: str) -> str:
    items = (await client.get("/registry/v1/cooperatives")).json()["items"]
    return str(next(item["id"] for item in items if item["code"] == code))


async def test_household_and_plots_are_published_whole(agency: httpx2.AsyncClient, database: Database) -> None:
    head = await add_member(agency, await cooperative_id(agency, "C1"), "1", 1, household_number=NUMBER)
    assert counts(await deliver(agency, database, "farm_households", HOUSEHOLDS, [household()])) == {"accepted": 1}
    rows = [plot(), plot(plot_number="2", area_rai="3.25", crop="longan")]
    assert counts(await deliver(agency, database, "plots", PLOTS, rows)) == {"accepted": 2}
    first, second = await published(database, "household")
    assert (first["version"], first["plots"], first["head_member_id"]) == (1, [], head["id"])
    assert (second["version"], second["size"], len(second["plots"])) == (2, 4, 2)
    assert {(each["crop"], float(each["area_rai"])) for each in second["plots"]} == {
        ("rice_wet", 12.5),
        ("longan", 3.25),
    }
    member = (await agency.get(f"/registry/v1/members/{head['id']}")).json()
    assert member["household"]["household_number"] == NUMBER
    assert [each["plot_number"] for each in member["household"]["plots"]] == ["1", "2"]
    read = (await agency.get(f"/registry/v1/households/{member['household_id']}")).json()
    assert (read["version"], len(read["plots"])) == (2, 2)
    assert NUMBER not in str(second)


async def test_same_files_twice_change_nothing(agency: httpx2.AsyncClient, database: Database) -> None:
    await add_member(agency, await cooperative_id(agency, "C1"), "1", 1)
    for _ in range(2):
        await deliver(agency, database, "farm_households", HOUSEHOLDS, [household()])
        delivery = await deliver(agency, database, "plots", PLOTS, [plot(), plot(plot_number="2")])
    assert counts(delivery) == {"unchanged": 2}
    assert [event["version"] for event in await published(database, "household")] == [1, 2]
    older = await deliver(agency, database, "plots", PLOTS, [plot(area_rai="1")], as_of="2022-08-31")
    assert counts(older) == {"older": 1}
    cleared = await deliver(agency, database, "plots", PLOTS, [plot(area_rai="", crop="", document="NULL")])
    assert counts(cleared) == {"accepted": 1}
    assert [event["version"] for event in await published(database, "household")] == [1, 2, 3]


async def test_a_household_stands_for_the_newest_day_of_its_plots_and_is_told_again_with_it(
    agency: httpx2.AsyncClient, database: Database
) -> None:
    await add_member(agency, await cooperative_id(agency, "C1"), "1", 1)
    await deliver(agency, database, "farm_households", HOUSEHOLDS, [household()], as_of="2022-10-05")
    await deliver(agency, database, "plots", PLOTS, [plot()], as_of="2022-10-10")
    await deliver(agency, database, "plots", PLOTS, [plot(plot_number="2")], as_of="2022-10-01")
    await deliver(agency, database, "farm_households", HOUSEHOLDS, [household(size="5")], as_of="2022-10-06")
    async with database.unscoped() as session:
        days = await session.fetch(
            "select headers ->> 'ce_effectiveon' as day from outbox where topic = 'plodnee.registry.household'"
            " order by id"
        )
        told = [(version, day) async for _, version, day in households.tell_again(session)]
    assert [row["day"] for row in days] == ["2022-10-05", "2022-10-10", "2022-10-10", "2022-10-10"]
    assert told == [(4, date(2022, 10, 10))]


async def test_plots_before_households_before_members_all_arrive(
    agency: httpx2.AsyncClient, database: Database
) -> None:
    plots = await deliver(agency, database, "plots", PLOTS, [plot()])
    assert counts(plots) == {"waiting": 1}
    waiting = (await agency.get(f"/registry/v1/feed-deliveries/{plots['id']}/rows?status=waiting")).json()["items"]
    assert [(each["row"], each["waiting_for"]) for each in waiting] == [(2, "household")]
    households = await deliver(agency, database, "farm_households", HOUSEHOLDS, [household()])
    assert counts(households) == {"waiting": 1}
    await add_member(agency, await cooperative_id(agency, "C1"), "1", 1)
    await run_queued(database)
    for delivery in (households, plots):
        found = (await agency.get(f"/registry/v1/feed-deliveries/{delivery['id']}")).json()
        assert counts(found) == {"accepted": 1}
    assert [len(event["plots"]) for event in await published(database, "household")] == [0, 1]


async def test_each_defect_is_refused_by_its_code(agency: httpx2.AsyncClient, database: Database) -> None:
    await add_member(agency, await cooperative_id(agency, "C1"), "1", 1)
    numbers = iter(f"9900000000{index:02d}" for index in range(20))
    delivery = await deliver(
        agency,
        database,
        "farm_households",
        HOUSEHOLDS,
        [
            household(),
            household(),
            household(next(numbers), size=""),
            household(next(numbers), size="หลายคน"),
            household(next(numbers), size="0"),
            household(next(numbers), code="C9"),
            household(next(numbers), registered_on="31/02/2566"),
            household("123"),
            household(next(numbers), district_code="9999"),
        ],
    )
    assert counts(delivery) == {"accepted": 1, "rejected": 8}
    assert [(line, code) for line, _, code in await rejects(agency, delivery)] == [
        (3, "duplicate_in_file"),
        (4, "missing_value"),
        (5, "invalid_number"),
        (6, "out_of_range"),
        (7, "unknown_cooperative"),
        (8, "invalid_date"),
        (9, "invalid_code"),
        (10, "invalid_code"),
    ]
    plots = await deliver(
        agency,
        database,
        "plots",
        PLOTS,
        [
            plot(),
            plot(),
            plot(plot_number="3", crop="durian_hybrid"),
            plot(plot_number="4", area_rai=""),
            plot(plot_number="5", area_rai="สิบไร่"),
            plot(plot_number="6", area_rai="0"),
            plot(plot_number="7", planted_on="30/09/0066"),
        ],
    )
    assert counts(plots) == {"accepted": 1, "rejected": 6}
    assert [(line, code) for line, _, code in await rejects(agency, plots)] == [
        (3, "duplicate_in_file"),
        (4, "invalid_code"),
        (5, "missing_value"),
        (6, "invalid_number"),
        (7, "out_of_range"),
        (8, "invalid_date"),
    ]


async def test_household_of_another_province_is_neither_taken_over_nor_seen(
    agency: httpx2.AsyncClient, client_of: ClientOf, database: Database
) -> None:
    await add_member(agency, await cooperative_id(agency, "C1"), "1", 1)
    await add_member(agency, await cooperative_id(agency, "C2"), "1", 2)
    await deliver(agency, database, "farm_households", HOUSEHOLDS, [household(code="C2")])
    await forget_published(database)
    sender = await client_of("registry", scopes=f"{FEED} member:read", areas=[PROVINCE], subject="province")
    taken = await deliver(sender, database, "farm_households", HOUSEHOLDS, [household()])
    assert await rejects(sender, taken) == [(2, "", "out_of_reach")]
    foreign = await deliver(sender, database, "plots", PLOTS, [plot()])
    assert counts(foreign) == {"waiting": 1}  # as if nobody had recorded the household
    assert (await sender.get(f"/registry/v1/households/{household_id(NUMBER)}")).status_code == 404
    assert await published(database, "household") == []


async def test_a_row_that_begins_to_wait_while_its_head_is_recorded_looks_again(
    agency: httpx2.AsyncClient, database: Database
) -> None:
    new = MemberCreate.model_validate(member_body(await cooperative_id(agency, "C1"), "1", 1))
    async with database.write(EVERYTHING) as session:
        writer = Caller("writer", "test-client", frozenset(), EVERYTHING)
        await record_member(session, writer, new)  # nobody waits yet, and nobody else can see the member
        delivering = asyncio.create_task(deliver(agency, database, "farm_households", HOUSEHOLDS, [household()]))
        await until_somebody_waits(database, delivering)  # the row waits for a member who is there in a moment

    assert counts(await delivering) == {"accepted": 1}
