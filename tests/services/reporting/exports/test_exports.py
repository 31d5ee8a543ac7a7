"""Goal: the export is complete, says so in its last line, and holds only what the caller reaches."""

import csv
import hashlib
import io
from datetime import date
from decimal import Decimal

import pytest

from shared.contracts import debt
from tests.conftest import ClientOf, DatabaseOf
from tests.services.reporting.conftest import Hear
from tests.services.reporting.world import Said, World

EXPORT = "/reporting/v1/exports/cooperative-months.csv"


async def test_cooperative_months_are_whole(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, world: World
) -> None:
    await hear(await database_of("reporting"), [world.said])
    client = await client_of("reporting", scopes="report:export", areas=["TH"])
    body = (await client.get(EXPORT)).content
    head, last = body[: body.rindex(b"# rows=")], body[body.rindex(b"# rows=") :].decode()
    rows = list(csv.DictReader(io.StringIO(head.decode("utf-8-sig"))))
    assert last == f"# rows={len(rows)} sha256={hashlib.sha256(head).hexdigest()}\n"
    paid = sum(Decimal(row["payments_baht"] or 0) for row in rows)
    assert paid * 100 == sum(one.amount for one in world.postings if isinstance(one, debt.PaymentPosted))
    stated = {(row["cooperative_code"], row["closed_on"]): row for row in rows if row["closed_on"]}
    assert len(stated) == 6 * 6
    first = world.cooperatives[0]
    again = max(
        (one for one in world.closes if one.cooperative_id == first.cooperative_id and one.closed_on.month == 12),
        key=lambda one: one.revision,
    )
    row = stated[first.cooperative_code, "2022-12-31"]
    assert (row["revision"], row["complete"]) == ("2", "t")
    assert Decimal(row["cohort_overdue_baht"]) * 100 == again.cohorts[0].overdue
    assert len({(row["cooperative_code"], row["fiscal_year_be"], row["month"]) for row in rows}) == len(rows)


async def test_the_export_ends_with_the_callers_reach(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, world: World
) -> None:
    await hear(await database_of("reporting"), [world.said])
    client = await client_of("reporting", scopes="report:export", areas=["5203"])
    lines = (await client.get(EXPORT, params={"fiscal_year_be": 2566})).content.decode("utf-8-sig").splitlines()
    assert {line.split(",")[0] for line in lines[1:-1]} == {"C002"}


@pytest.mark.parametrize("begins", ["=1+1", "+66", "-2", "@SUM(A1)", "\t=1", "＝1"])
async def test_a_name_never_becomes_a_formula_of_the_readers_spreadsheet(
    client_of: ClientOf, database_of: DatabaseOf, hear: Hear, world: World, begins: str
) -> None:
    hostile = world.cooperatives[2].model_copy(update={"name_th": f"{begins} สหกรณ์", "name_en": f'{begins}"x'})
    await hear(await database_of("reporting"), [world.said, [Said(hostile, 99, date(2022, 9, 1))]])
    client = await client_of("reporting", scopes="report:export", areas=["5203"])
    body = (await client.get(EXPORT)).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body[: body.rindex("# rows=")])))
    assert rows
    assert {row["name_th"] for row in rows} == {f"'{begins} สหกรณ์"}
    assert {row["name_en"] for row in rows} == {f"'{begins}\"x"}
    assert {row["cooperative_code"] for row in rows} == {"C002"}
