"""A year in the two co-operatives: every kind of file, every act by hand, every close."""

from typing import Any

import httpx2

from tests.attacks.country import (
    BASELINE_ON,
    CLOSED_ON,
    HERE,
    HOUSEHOLD_FIGURES,
    THERE,
    YEAR,
    Country,
    Place,
    csv_of,
    feed_kinds,
)

OFFICER, ENDED, TO_COME, DEPUTY = "officer-here", "officer-ended", "officer-to-come", "deputy-here"


async def play(country: Country) -> None:
    """Everything that happens in both places."""
    nation = country.caller(areas=["TH"], subject="nation")
    await add_programme(nation)
    for place in (HERE, THERE):
        await play_place(country, place)
    await _assign(country, nation)
    await country.settle()
    await country.hear_from()


async def play_place(country: Country, place: Place) -> None:
    """One co-operative's year, by people of its province alone."""
    chief = country.caller(areas=[place.province], subject=f"chief-{place.province}")
    officer = country.caller(areas=[place.province], subject=f"officer-{place.province}")
    for service, kind in feed_kinds():
        if service in ("registry", "debt") and kind.name != "payments":
            await _file(country, chief, service, kind.name, place, 1, 2)
    cooperative_id = await cooperative_id_of(chief, place)
    await _done(chief, "POST", "/registry/v1/enrolments", {"items": [_enrolment(cooperative_id)]})
    await country.settle()
    for path, body in (
        ("/livelihood/v1/income-plans/compute", {"fiscal_year_be": YEAR}),
        ("/debt/v1/baselines", {"fiscal_year_be": YEAR}),
    ):
        await _done(chief, "POST", path, body)
        await country.settle()
    await _agree_on_plans(country, chief, officer)
    for service, kind in feed_kinds():
        if service not in ("registry",) and kind.name != "loans":
            await _file(country, chief, service, kind.name, place, 1, 2, as_of=CLOSED_ON)
    await _by_hand(country, chief, cooperative_id, place)
    await _done(chief, "POST", "/debt/v1/closes", {"close_to": CLOSED_ON})
    await country.settle()


async def cooperative_id_of(client: httpx2.AsyncClient, place: Place) -> str:
    found = (await client.get("/registry/v1/cooperatives")).json()["items"]
    return str(next(one["id"] for one in found if one["code"] == place.code))


async def add_programme(nation: httpx2.AsyncClient) -> None:
    programme = {
        "code": "A", "name_th": "โครงการ ก", "name_en": "Programme A",
        "phases": [{"phase": 1, "starts_on": "2022-10-01", "ends_on": None}], "cooperatives_target": 590,
    }  # fmt: skip
    await _done(nation, "POST", "/registry/v1/programmes", programme)


def _enrolment(cooperative_id: str) -> dict[str, Any]:
    return {"programme_code": "A", "phase": 1, "cooperative_id": cooperative_id, "from": "2022-10-01"}


async def _file(
    country: Country, chief: httpx2.AsyncClient, service: str, kind: str, place: Place, *members: int,
    as_of: str = BASELINE_ON,
) -> None:  # fmt: skip
    rows = [place.rows(kind, member) for member in members]
    unique = [row for number, row in enumerate(rows) if row not in rows[:number]]
    delivery = await country.send(chief, service, kind, csv_of(unique), as_of=as_of)
    rejects = await chief.get(f"/{service}/v1/feed-deliveries/{delivery['id']}/rejects")
    assert delivery["status"] == "completed", delivery
    assert delivery["accepted"] == len(unique), (kind, delivery, rejects.text)


async def _agree_on_plans(country: Country, chief: httpx2.AsyncClient, officer: httpx2.AsyncClient) -> None:
    cases = (await officer.get("/debt/v1/cases")).json()["items"]
    assert len(cases) == 2, cases
    for case in cases:
        await _done(officer, "POST", f"/debt/v1/cases/{case['id']}/assessments", HOUSEHOLD_FIGURES)
        proposal = {"case_id": case["id"], "deduction_share": "0.30", "instalments": 2}
        plan = await _done(officer, "POST", "/debt/v1/plans", proposal)
        await _done(chief, "POST", f"/debt/v1/plans/{plan['id']}/approve")
        if case is cases[0]:
            await _done(officer, "POST", f"/debt/v1/plans/{plan['id']}/accept")
    await country.settle()


async def _by_hand(country: Country, chief: httpx2.AsyncClient, cooperative_id: str, place: Place) -> None:
    loan = (await chief.get("/debt/v1/loans", params={"cooperative_id": cooperative_id})).json()["items"][0]
    payment = {
        "loan_id": loan["id"], "amount": place.baht(500), "value_on": "2022-11-15",
        "receipt_number": f"{place.mark}-HAND",
    }  # fmt: skip
    await _done(chief, "POST", "/debt/v1/payments", payment)
    mistake = await _done(chief, "POST", "/debt/v1/payments", {**payment, "receipt_number": f"{place.mark}-TWICE"})
    await _done(chief, "POST", f"/debt/v1/payments/{mistake['id']}/reverse", {"reason": f"{place.mark} twice"})
    course = {"cooperative_id": cooperative_id, "code": f"{place.mark}-K2", "title": f"การออม {place.mark}"}
    course = await _done(chief, "POST", "/literacy/v1/courses", course)
    held = await _done(chief, "POST", f"/literacy/v1/courses/{course['id']}/sessions", {"held_on": "2022-11-20"})
    roll = {"member_numbers": [f"{place.mark}-1"]}
    await _done(chief, "POST", f"/literacy/v1/sessions/{held['id']}/roll-call", roll)
    score = {"course_id": course["id"], "member_id": loan["member_id"], "phase": "post", "score": "71.25"}
    await _done(chief, "POST", "/literacy/v1/assessments", {**score, "scored_on": "2022-11-20"})
    pledge = {"member_id": loan["member_id"], "amount_per_month": place.baht(100), "starts_on": "2022-11-01"}
    await _done(chief, "POST", "/literacy/v1/savings-pledges", pledge)
    months = {"cooperative_id": cooperative_id, "month": "2022-10-01", "closed_on": "2022-11-05"}
    await _done(chief, "POST", "/literacy/v1/household-months/close", months)
    await country.settle()


async def _assign(country: Country, nation: httpx2.AsyncClient) -> None:
    """Officers of the first place: one who holds it, one who did, one who will, one who stands in."""
    here = await cooperative_id_of(country.caller(areas=[HERE.province]), HERE)
    spans: dict[str, dict[str, Any]] = {
        OFFICER: {"from": "2022-01-01"},
        ENDED: {"from": "2022-01-01", "to": "2022-12-31"},
        TO_COME: {"from": "2199-01-01"},
        DEPUTY: {"from": "2022-01-01", "to": "2199-12-31", "delegate_of": OFFICER},
    }
    for officer, span in spans.items():
        body = {"assignments": [{"cooperative_id": here, **span}]}
        await _done(nation, "PUT", f"/registry/v1/officers/{officer}/assignments", body)


async def _done(client: httpx2.AsyncClient, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = await client.request(method, path, json=body)
    assert answer.status_code in (200, 201, 202, 207), f"{method} {path}: {answer.text}"
    found = dict(answer.json())
    assert all(one["status"] < 400 for one in found.get("results", ())), answer.text
    return found
