"""external_debts.csv: a debt finds its person by national id, waits for whom nobody knows, and never goes back."""

import httpx2
import pytest_asyncio

from shared.chassis.database import Database
from tests.conftest import ClientOf, DatabaseOf
from tests.services.registry.deliveries import FEED, counts, deliver, published, rejects, run_queued
from tests.services.registry.people import (
    OTHER_PROVINCE,
    PROVINCE,
    WRITER,
    add_cooperative,
    add_member,
    national_id,
)

HEADINGS = ("national_id", "creditor", "contract_number", "outstanding", "annual_payment", "as_of")


def row(person: int = 1, contract: str = "B1", outstanding: str = '"120,000.00"', **cells: str) -> list[str]:
    values = (national_id(person), "baac", contract, outstanding, "15000.50", "31/08/2565")
    return [(dict(zip(HEADINGS, values, strict=True)) | cells)[heading] for heading in HEADINGS]


@pytest_asyncio.fixture
async def agency(client_of: ClientOf) -> httpx2.AsyncClient:
    return await client_of("registry", scopes=f"{FEED} {WRITER}", areas=["TH"], subject="agency-feed")


@pytest_asyncio.fixture
async def database(database_of: DatabaseOf, agency: httpx2.AsyncClient) -> Database:
    return await database_of("registry")


async def test_debt_is_resolved_published_and_read(agency: httpx2.AsyncClient, database: Database) -> None:
    member = await add_member(agency, await add_cooperative(agency, "C1"), "1", 1)
    dashed = national_id(1)
    dashed = "-".join((dashed[0], dashed[1:5], dashed[5:10], dashed[10:12], dashed[12]))
    rows = [row(), row(contract="V1", creditor="village_fund", national_id=dashed, outstanding="900")]
    assert counts(await deliver(agency, database, "external_debts", HEADINGS, rows)) == {"accepted": 2}
    assert counts(await deliver(agency, database, "external_debts", HEADINGS, rows)) == {"unchanged": 2}
    events = await published(database, "external-debt")
    assert [(each["outstanding"], each["annual_payment"], each["as_of"]) for each in events] == [
        ("120000.00", "15000.50", "2022-08-31"),
        ("900.00", "15000.50", "2022-08-31"),
    ]
    assert {each["person_id"] for each in events} == {member["person_id"]}
    assert "B1" not in str(events)
    read = (await agency.get(f"/registry/v1/members/{member['id']}/external-debts")).json()["items"]
    assert [(each["creditor"], each["contract_number"]) for each in read] == [("baac", "B1"), ("village_fund", "V1")]


async def test_row_waits_for_its_person_without_naming_him(agency: httpx2.AsyncClient, database: Database) -> None:
    delivery = await deliver(agency, database, "external_debts", HEADINGS, [row()])
    assert counts(delivery) == {"waiting": 1}
    async with database.unscoped() as session:
        assert national_id(1) not in await session.scalar("select cast(data as text) from feed_row")
    cooperative_id = await add_cooperative(agency, "C1")
    await add_member(agency, cooperative_id, "1", 1)
    await run_queued(database)
    found = (await agency.get(f"/registry/v1/feed-deliveries/{delivery['id']}")).json()
    assert counts(found) == {"accepted": 1}
    assert len(await published(database, "external-debt")) == 1


async def test_row_applies_when_a_corrected_national_id_brings_its_person(
    agency: httpx2.AsyncClient, database: Database
) -> None:
    await add_member(agency, await add_cooperative(agency, "C1"), "1", 1)
    delivery = await deliver(agency, database, "external_debts", HEADINGS, [row(person=2)])
    assert counts(delivery) == {"waiting": 1}
    corrected = ("cooperative_code", "member_number", "national_id"), [["C1", "1", national_id(2)]]
    assert counts(await deliver(agency, database, "members", *corrected, as_of="2022-10-31")) == {"accepted": 1}
    found = (await agency.get(f"/registry/v1/feed-deliveries/{delivery['id']}")).json()
    assert counts(found) == {"accepted": 1}


async def test_each_defect_is_refused_by_its_code(agency: httpx2.AsyncClient, database: Database) -> None:
    await add_member(agency, await add_cooperative(agency, "C1"), "1", 1)
    good = national_id(1)
    rows = [
        row(),
        row(contract="B2", national_id=good[:-1] + str((int(good[-1]) + 1) % 10)),
        row(contract="B3", outstanding="-1500.00"),
        row(contract="B4", outstanding="1234.567"),
        row(contract="B5", outstanding="สองพันบาท"),
        row(),
        row(contract="B7", creditor="pawnshop"),
        row(contract="B8", outstanding=""),
        row(contract="B9", as_of="30/09/0066"),
        row(contract="B10", as_of="2022-10-01"),
    ]
    delivery = await deliver(agency, database, "external_debts", HEADINGS, rows)
    assert [(line, column, code) for line, column, code in await rejects(agency, delivery)] == [
        (3, "national_id", "invalid_national_id"),
        (4, "outstanding", "negative_amount"),
        (5, "outstanding", "too_many_decimals"),
        (6, "outstanding", "invalid_number"),
        (7, "", "duplicate_in_file"),
        (8, "creditor", "invalid_code"),
        (9, "outstanding", "missing_value"),
        (10, "as_of", "invalid_date"),
        (11, "as_of", "date_after_as_of"),
    ]


async def test_older_day_of_file_or_lender_never_wins(agency: httpx2.AsyncClient, database: Database) -> None:
    await add_member(agency, await add_cooperative(agency, "C1"), "1", 1)
    await deliver(agency, database, "external_debts", HEADINGS, [row()])
    for as_of, day in (("2022-08-31", "31/08/2565"), ("2022-10-31", "31/07/2565")):
        older = row(outstanding="1.00", as_of=day)
        assert counts(await deliver(agency, database, "external_debts", HEADINGS, [older], as_of)) == {"older": 1}
    newer = await deliver(agency, database, "external_debts", HEADINGS, [row(outstanding="5")], "2022-10-31")
    assert counts(newer) == {"accepted": 1}
    assert [(each["version"], each["outstanding"]) for each in await published(database, "external-debt")] == [
        (1, "120000.00"),
        (2, "5.00"),
    ]


async def test_debts_of_a_person_elsewhere_are_out_of_reach(
    agency: httpx2.AsyncClient, client_of: ClientOf, database: Database
) -> None:
    member = await add_member(agency, await add_cooperative(agency, "C2", OTHER_PROVINCE), "1", 1)
    await deliver(agency, database, "external_debts", HEADINGS, [row()])
    province = await client_of("registry", scopes=f"{FEED} member:read", areas=[PROVINCE], subject="province")
    answer = await province.get(f"/registry/v1/members/{member['id']}/external-debts")
    assert answer.status_code == 404
    assert counts(await deliver(province, database, "external_debts", HEADINGS, [row(outstanding="1")])) == {
        "waiting": 1
    }


async def test_every_debt_is_read_however_many_there_are(agency: httpx2.AsyncClient, database: Database) -> None:
    member = await add_member(agency, await add_cooperative(agency, "C1"), "1", 1)
    contracts = [f"B{number:03}" for number in range(501)]
    rows = [row(contract=contract) for contract in contracts]
    assert counts(await deliver(agency, database, "external_debts", HEADINGS, rows)) == {"accepted": 501}
    path = f"/registry/v1/members/{member['id']}/external-debts"

    first = (await agency.get(path)).json()
    rest = (await agency.get(path, params={"cursor": first["next_cursor"]})).json()

    assert len(first["items"]) == 500
    assert [each["contract_number"] for each in (*first["items"], *rest["items"])] == contracts
    assert rest["next_cursor"] is None


async def test_who_owes_nothing_elsewhere_has_an_empty_list(agency: httpx2.AsyncClient) -> None:
    member = await add_member(agency, await add_cooperative(agency, "C1"), "1", 1)
    read = (await agency.get(f"/registry/v1/members/{member['id']}/external-debts")).json()
    assert read == {"items": [], "next_cursor": None}
