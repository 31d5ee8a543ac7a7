"""cooperatives.csv: rows of the sender's areas are taken, all others refused by their code."""

import pytest_asyncio

from shared.chassis.database import Database
from tests.conftest import ClientOf, DatabaseOf
from tests.services.registry.deliveries import FEED, counts, deliver, forget_published, published, rejects
from tests.services.registry.people import OTHER_PROVINCE, PROVINCE, WRITER, add_cooperative

HEADINGS = (
    "cooperative_code", "kind", "cooperative_type", "name_th", "name_en", "province_code", "district_code",
    "registered_on", "strength_level", "status",
)  # fmt: skip


def row(code: str = "C1", **cells: str) -> list[str]:
    values = {
        "cooperative_code": code,
        "kind": "cooperative",
        "cooperative_type": "agricultural",
        "name_th": "สหกรณ์การเกษตรเมือง",
        "name_en": "Mueang Co-operative",
        "province_code": PROVINCE,
        "district_code": f"{PROVINCE}01",
        "registered_on": "01/02/2530",
        "strength_level": "2",
        "status": "active",
    } | cells
    return [values[heading] for heading in HEADINGS]


@pytest_asyncio.fixture
async def database(database_of: DatabaseOf) -> Database:
    return await database_of("registry")


async def test_good_rows_twice_publish_once(client_of: ClientOf, database: Database) -> None:
    agency = await client_of("registry", scopes=FEED, areas=["TH"])
    group = row("G1", kind="farmer_group", cooperative_type="rice", strength_level="", name_en="")
    assert counts(await deliver(agency, database, "cooperatives", HEADINGS, [row(), group])) == {"accepted": 2}
    assert counts(await deliver(agency, database, "cooperatives", HEADINGS, [row(), group])) == {"unchanged": 2}
    events = await published(database, "cooperative")
    assert [(event["cooperative_code"], event["kind"], event["strength_level"]) for event in events] == [
        ("C1", "cooperative", 2),
        ("G1", "farmer_group", None),
    ]


async def test_each_defect_is_refused_by_its_code(client_of: ClientOf, database: Database) -> None:
    agency = await client_of("registry", scopes=FEED, areas=["TH"])
    rows = [
        row("D1", cooperative_type="bank"),
        row("D2", cooperative_type="rice"),
        row("D3", kind="farmer_group"),
        row("D4", name_th=""),
        row("D5", district_code="5001"),
        row("D6", province_code="99"),
        row("D7", registered_on="31/02/2566"),
        row("D8", strength_level="5"),
        row("C1"),
        row("C1"),
    ]
    delivery = await deliver(agency, database, "cooperatives", HEADINGS, rows)
    assert counts(delivery) == {"accepted": 1, "rejected": 9}
    assert await rejects(agency, delivery) == [
        (2, "cooperative_type", "invalid_code"),
        (3, "cooperative_type", "invalid_code"),
        (4, "cooperative_type", "invalid_code"),
        (5, "name_th", "missing_value"),
        (6, "district_code", "invalid_code"),
        (7, "province_code", "invalid_code"),
        (8, "registered_on", "invalid_date"),
        (9, "strength_level", "out_of_range"),
        (11, "", "duplicate_in_file"),
    ]


async def test_older_never_wins_and_null_clears(client_of: ClientOf, database: Database) -> None:
    agency = await client_of("registry", scopes=FEED, areas=["TH"])
    await deliver(agency, database, "cooperatives", HEADINGS, [row()], as_of="2022-09-30")
    await forget_published(database)
    older = await deliver(agency, database, "cooperatives", HEADINGS, [row(strength_level="3")], as_of="2022-06-30")
    assert counts(older) == {"older": 1}
    cleared = row(strength_level="NULL", name_th="", kind="", province_code="", district_code="")
    newer = await deliver(agency, database, "cooperatives", HEADINGS, [cleared], as_of="2022-12-31")
    assert counts(newer) == {"accepted": 1}
    events = await published(database, "cooperative")
    assert [(event["strength_level"], event["name_th"], event["version"]) for event in events] == [
        (None, "สหกรณ์การเกษตรเมือง", 2)
    ]


async def test_sender_of_one_province_writes_that_province_only(client_of: ClientOf, database: Database) -> None:
    nation = await client_of("registry", scopes=f"{FEED} {WRITER}", areas=["TH"])
    await add_cooperative(nation, "C2", OTHER_PROVINCE, as_of="2022-01-31")
    await add_cooperative(nation, "C3", PROVINCE, as_of="2022-01-31")
    await forget_published(database)
    sender = await client_of("registry", scopes=FEED, areas=[PROVINCE], subject="province")
    foreign = {"province_code": OTHER_PROVINCE, "district_code": f"{OTHER_PROVINCE}01"}
    rows = [row("C1"), row("C2"), row("C4", **foreign), row("C3", **foreign), row("C2", name_th="x", **foreign)]
    delivery = await deliver(sender, database, "cooperatives", HEADINGS, rows[:4])
    assert counts(delivery) == {"accepted": 1, "rejected": 3}
    assert {(line, code) for line, _, code in await rejects(sender, delivery)} == {
        (3, "out_of_reach"),  # the code belongs to a co-operative elsewhere
        (4, "out_of_reach"),
        (5, "out_of_reach"),  # a co-operative cannot be moved out of the sender's area
    }
    assert [event["cooperative_code"] for event in await published(database, "cooperative")] == ["C1"]


async def test_what_a_row_leaves_empty_counts_when_what_it_says_is_judged(
    client_of: ClientOf, database: Database
) -> None:
    agency = await client_of("registry", scopes=FEED, areas=["TH"])
    await deliver(agency, database, "cooperatives", HEADINGS, [row(), row("C2"), row("C3")])
    unsaid = {"kind": "", "province_code": ""}
    rows = [
        row("C1", district_code=f"{OTHER_PROVINCE}01", **unsaid),
        row("C2", cooperative_type="rice", **unsaid),
        row("C3", cooperative_type="fishery", district_code=f"{PROVINCE}02", **unsaid),
    ]
    delivery = await deliver(agency, database, "cooperatives", HEADINGS, rows, as_of="2022-12-31")
    assert counts(delivery) == {"accepted": 1, "rejected": 2}
    assert await rejects(agency, delivery) == [
        (2, "district_code", "invalid_code"),
        (3, "cooperative_type", "invalid_code"),
    ]
