"""Goal: whoever may read loans sees what terms come to, every bad combination is answered with the way to mend it, and
nothing is stored."""

import asyncio
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.conftest import ClientOf
from tests.services.debt.world import World

PATH = "/debt/v1/schedule-previews"
LOAN = {
    "principal": "1000.00", "annual_rate": "0.0800", "method": "equal_instalment", "day_count": "30/360",
    "disbursed_on": "2024-01-01", "instalments": 6,
}  # fmt: skip


@pytest_asyncio.fixture
async def client(world: World, client_of: ClientOf) -> httpx2.AsyncClient:
    return await client_of("debt", scopes="loan:read", areas=["52"], subject="officer")


def changed(**fields: Any) -> dict[str, Any]:
    """The loan with other fields; None takes a field away."""
    return {name: value for name, value in {**LOAN, **fields}.items() if value is not None}


async def test_rows_totals_and_explanations(world: World, client: httpx2.AsyncClient) -> None:
    answer = await client.post(PATH, json=LOAN)  # no Idempotency-Key: it writes nothing

    assert answer.status_code == 200
    body = answer.json()
    fields = ("due_on", "principal", "interest", "total", "balance")
    assert [tuple(row[name] for name in fields) for row in body["rows"]] == [
        ("2024-02-01", "163.91", "6.67", "170.58", "836.09"),
        ("2024-03-01", "165.01", "5.57", "170.58", "671.08"),
        ("2024-04-01", "166.11", "4.47", "170.58", "504.97"),
        ("2024-05-01", "167.21", "3.37", "170.58", "337.76"),
        ("2024-06-01", "168.33", "2.25", "170.58", "169.43"),
        ("2024-07-01", "169.43", "1.13", "170.56", "0.00"),
    ]  # fmt: skip
    assert body["totals"] == {"principal": "1000.00", "interest": "23.46", "total": "1023.46"}
    assert set(body) == {"rows", "totals"}
    first = body["rows"][0]["explain"]
    assert {"8 %", "31 nights", "half up to 0.01", "level instalment"} <= set_of_parts(first["en"])
    assert {"ร้อยละ 8", "31 คืน", "ปัดเศษครึ่งขึ้น", "ยอดชำระเท่ากันทุกงวด"} <= set_of_parts(first["th"])
    assert await world.value("select count(*) from loan") == 0


def set_of_parts(text: str) -> set[str]:
    wanted = ("8 %", "31 nights", "half up to 0.01", "level instalment")
    wanted_th = ("ร้อยละ 8", "31 คืน", "ปัดเศษครึ่งขึ้น", "ยอดชำระเท่ากันทุกงวด")
    return {part for part in (*wanted, *wanted_th) if part in text}


async def test_payments_and_as_of_add_what_is_paid_and_the_pay_off(client: httpx2.AsyncClient) -> None:
    loan = changed(payments=[{"on": "2024-02-01", "amount": "170.58"}], as_of="2024-03-15")

    body = (await client.post(PATH, json=loan)).json()

    assert [row["paid"] for row in body["rows"]] == ["170.58"] + ["0.00"] * 5
    assert body["totals"]["paid"] == "170.58"
    # 836.09 unpaid, 5.57 of March, and 14 of 31 nights of April's interest on all of it: 2.52.
    assert body["pay_off"] == "844.18"


async def test_reading_loans_is_the_right_that_is_needed(world: World, client_of: ClientOf) -> None:
    stranger = await client_of("debt", scopes="payment:write", areas=["52"], subject="stranger")
    assert (await stranger.post(PATH, json=LOAN)).status_code == 403


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no rate", changed(annual_rate=None), "annual_rate"),
    ("two rates", changed(period_rate="0.01"), "annual_rate"),
    ("rate per period by the year", changed(annual_rate=None, period_rate="0.01", day_count="30/360"), "period_rate"),
    ("yearly rate per period", changed(day_count="per_period"), "period_rate"),
    ("rate as a number", changed(annual_rate=0.07), "annual_rate"),
    ("negative rate", changed(annual_rate="-0.07"), "annual_rate"),
    ("no principal", changed(principal="0.00"), "principal"),
    ("principal as a number", changed(principal=100), "principal"),
    ("unknown method", changed(method="balloon"), "method"),
    ("percent that the method does not know", changed(principal_percent="5"), "principal_percent"),
    ("percent is missing", changed(method="fixed_principal_percent"), "principal_percent"),
    ("percent over the whole", changed(method="fixed_principal_percent", principal_percent="21"), "principal_percent"),
    ("no number of rows", changed(instalments=None), "instalments"),
    ("number of rows as text", changed(instalments="6"), "instalments"),
    ("truth as the number of rows", changed(instalments=True), "instalments"),
    ("exponent", changed(method="fixed_principal_percent", principal_percent="1e1"), "principal_percent"),
    ("601 rows", changed(instalments=601), "instalments"),
    ("a term of 6000 years", changed(instalments=600, every={"count": 10, "unit": "year"}), "instalments"),
    ("every 0 months", changed(every={"count": 0, "unit": "month"}), "every.count"),
    ("every 11 years", changed(every={"count": 11, "unit": "year"}), "every.count"),
    ("unknown unit", changed(every={"count": 1, "unit": "fortnight"}), "every.unit"),
    (
        "every and harvest",
        changed(every={"count": 1, "unit": "month"}, harvest_months=[{"month": 11}]),
        "harvest_months",
    ),
    ("every and dates", changed(every={"count": 1, "unit": "month"}, due_dates=["2024-02-01"] * 6), "due_dates"),
    ("dates in no order", changed(instalments=2, due_dates=["2024-03-01", "2024-02-01"]), "due_dates"),
    ("dates before disbursement", changed(instalments=1, due_dates=["2023-03-01"]), "due_dates"),
    ("dates and another number", changed(instalments=3, due_dates=["2024-02-01", "2024-03-01"]), "instalments"),
    (
        "dates and another first date",
        changed(instalments=1, due_dates=["2024-02-01"], first_due_on="2024-02-02"),
        "first_due_on",
    ),
    ("five harvest months", changed(harvest_months=[{"month": month} for month in range(1, 6)]), "harvest_months"),
    ("a harvest month twice", changed(harvest_months=[{"month": 11}, {"month": 11}]), "harvest_months"),
    ("harvest month 13", changed(harvest_months=[{"month": 13}]), "harvest_months.0.month"),
    ("weight 0", changed(harvest_months=[{"month": 11, "weight": "0"}]), "harvest_months.0.weight"),
    ("first date in no harvest", changed(harvest_months=[{"month": 11}], first_due_on="2024-12-01"), "first_due_on"),
    ("first date before disbursement", changed(first_due_on="2024-01-01"), "first_due_on"),
    ("grace over all rows", changed(principal_grace=6), "principal_grace"),
    ("interest grace over all rows", changed(interest_grace=6), "interest_grace"),
    ("multiple of nothing", changed(instalment_multiple="0.00"), "instalment_multiple"),
    ("currency multiple of nothing", changed(currency_multiple="0.00"), "currency_multiple"),
    ("unknown month end", changed(month_end="skip"), "month_end"),
    ("as of before disbursement", changed(as_of="2023-12-31"), "as_of"),
    ("payment of nothing", changed(payments=[{"on": "2024-02-01", "amount": "0.00"}]), "payments.0.amount"),
    ("payment before disbursement", changed(payments=[{"on": "2023-02-01", "amount": "1.00"}]), "payments.0.on"),
    (
        "payment after as_of",
        changed(payments=[{"on": "2024-02-02", "amount": "1.00"}], as_of="2024-02-01"),
        "payments.0.on",
    ),
    ("unknown field", changed(colour="green"), "colour"),
]


def change(kind: str, **fields: Any) -> dict[str, Any]:
    return changed(changes=[{"type": kind, **{name.removesuffix("_"): value for name, value in fields.items()}}])


MONTHLY = {"count": 1, "unit": "month"}
AGED = {"start_on": "2024-04-01", "instalments": 6, "every": MONTHLY, "interest": "to_date"}
BAD += [
    ("unknown change", change("haircut", on="2024-02-01"), "changes.0.type"),
    ("rate change without a rate", change("rate_change", from_="2024-02-01"), "changes.0.annual_rate"),
    ("rate change per period", change("rate_change", from_="2024-02-01", period_rate="0.01"), "changes.0.annual_rate"),
    (
        "rate change before disbursement",
        change("rate_change", from_="2023-02-01", annual_rate="0.01"),
        "changes.0.from",
    ),
    ("rate change after the end", change("rate_change", from_="2024-07-01", annual_rate="0.01"), "changes.0.from"),
    ("extension by nothing", change("extend", from_="2024-02-01", instalments=0), "changes.0.instalments"),
    ("extension beyond 600 rows", change("extend", from_="2024-02-01", instalments=595), "changes.0.instalments"),
    ("a date that is not due moves", change("move_due_date", from_="2024-02-02", to="2024-02-10"), "changes.0.from"),
    ("a date moves to itself", change("move_due_date", from_="2024-02-01", to="2024-02-01"), "changes.0.to"),
    (
        "a date moves before the one before",
        change("move_due_date", from_="2024-03-01", to="2024-02-01"),
        "changes.0.to",
    ),
    (
        "holiday of more rows than are left",
        change("principal_holiday", from_="2024-06-01", instalments=3),
        "changes.0.instalments",
    ),
    ("pause that ends before it begins", change("interest_pause", from_="2024-03-01", to="2024-02-01"), "changes.0.to"),
    ("drawdown of nothing", change("drawdown", on="2024-03-01", amount="0.00"), "changes.0.amount"),
    ("drawdown after the end", change("drawdown", on="2024-08-01", amount="1.00"), "changes.0.on"),
    ("new rows before the re-ageing", change("re_age", on="2024-04-02", **AGED), "changes.0.start_on"),
    (
        "re-ageing of nothing",
        {**change("re_age", on="2024-03-15", **AGED), "payments": [{"on": "2024-02-01", "amount": "2000.00"}]},
        "changes.0.on",
    ),
    ("re-ageing after as_of", {**change("re_age", on="2024-03-15", **AGED), "as_of": "2024-03-01"}, "changes.0.on"),
    ("re-amortisation of nothing", change("re_amortise", on="2024-02-01"), "changes.0.on"),
    ("re-amortisation after the end", change("re_amortise", on="2024-08-01"), "changes.0.on"),
    ("the last instalment is set", change("set_instalment", due_on="2024-07-01", amount="1.00"), "changes.0.due_on"),
    (
        "an instalment above the debt",
        change("set_instalment", due_on="2024-03-01", amount="900.00"),
        "changes.0.amount",
    ),
    ("an instalment on another date", change("set_instalment", due_on="2024-03-02", amount="9.00"), "changes.0.due_on"),
    ("a second instalment on a date", change("add_instalment", due_on="2024-03-01", amount="9.00"), "changes.0.due_on"),
    ("an instalment after the last", change("add_instalment", due_on="2024-08-01", amount="9.00"), "changes.0.due_on"),
    ("no such instalment to drop", change("drop_instalment", due_on="2024-03-02"), "changes.0.due_on"),
    (
        "the only instalment is dropped",
        {**change("drop_instalment", due_on="2024-02-01"), "instalments": 1},
        "changes.0.due_on",
    ),
    (
        "a paid instalment is set",
        {
            **change("set_instalment", due_on="2024-03-01", amount="9.00"),
            "payments": [{"on": "2024-02-01", "amount": "341.16"}],
        },
        "changes.0.due_on",
    ),
    ("the same change twice", changed(changes=[{"type": "re_amortise", "on": "2024-03-15"}] * 2), "changes.1"),
    (
        "named dates do not go on",
        {**change("extend", from_="2024-02-01", instalments=1), "instalments": 1, "due_dates": ["2024-02-01"]},
        "changes.0.type",
    ),
    ("51 changes", changed(changes=[{"type": "re_amortise", "on": "2024-03-15"}] * 51), "changes"),
    ("1,001 payments", changed(payments=[{"on": "2024-02-01", "amount": "0.01"}] * 1001), "payments"),
]


@pytest.mark.parametrize(("loan", "field"), [pytest.param(loan, field, id=name) for name, loan, field in BAD])
async def test_bad_combination_names_the_field_and_the_way_to_mend_it(
    client: httpx2.AsyncClient, loan: dict[str, Any], field: str
) -> None:
    answer = await client.post(PATH, json=loan)

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problems = {problem["field"]: problem for problem in answer.json()["fields"]}
    assert field in problems, problems
    assert problems[field]["message_en"]
    assert any("\u0e00" <= letter <= "\u0e7f" for letter in problems[field]["message_th"])


def largest() -> dict[str, Any]:
    """The loan with as many rows, changes and payments as there may be."""
    changes = [
        {"type": "rate_change", "from": f"20{24 + month // 12}-{month % 12 + 1:02d}-15", "annual_rate": "0.06"}
        for month in range(50)
    ]
    payments = [
        {"on": f"20{24 + day // 336:02d}-{day % 336 // 28 + 1:02d}-{day % 28 + 1:02d}", "amount": "1.00"}
        for day in range(1000)
    ]
    return changed(principal="1000000.00", instalments=600, changes=changes, payments=payments, as_of="2027-06-30")


async def test_a_quick_preview_does_not_wait_for_long_ones(client: httpx2.AsyncClient) -> None:
    long = [asyncio.create_task(client.post(PATH, json=largest(), timeout=60)) for _ in range(3)]
    await asyncio.sleep(0.02)  # they are read first

    quick = await client.post(PATH, json=LOAN)

    assert quick.status_code == 200
    assert not long[-1].done()
    assert [answer.status_code for answer in await asyncio.gather(*long)] == [200] * 3


async def test_the_largest_loan_is_answered(client: httpx2.AsyncClient) -> None:
    body = (await client.post(PATH, json=largest(), timeout=60)).json()

    assert len(body["rows"]) == 600
    assert body["totals"]["principal"] == "1000000.00"
    assert body["totals"]["paid"] == "1000.00"
    assert body["rows"][-1]["balance"] == "0.00"
