"""Goal: a plan needs two people and the member, follows the harvest, and ends with its debt; the case goes with it."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from shared.contracts.livelihood import IncomeMonth, OccupationPlanRecorded
from shared.contracts.registry import ExternalDebtRecorded
from shared.kernel.identifiers import derived_id
from shared.kernel.money import parse_baht
from tests.conftest import ClientOf
from tests.services.debt.world import World, loan_row

OFFICER = "feed:write payment:write loan:read case:read case:assess plan:propose plan:accept close:run job:read"
MANAGER = "plan:approve case:read case:assess plan:propose"
HOUSEHOLD = {"household_expense": "60000.00", "household_size": 4, "nonfarm_income": "24000.00"}


@pytest_asyncio.fixture
async def officer(world: World, client_of: ClientOf) -> httpx2.AsyncClient:
    """An officer's client; member 1 has a case of fiscal year 2566 and rice to sell in November."""
    await world.cooperative()
    (member_id,) = await world.members("C1", "1")
    client = await client_of("debt", scopes=OFFICER, areas=["52"], subject="officer")
    await world.send(client, "loans", [loan_row()])
    await world.hear(
        OccupationPlanRecorded(
            occupation_plan_id=derived_id("plan", 1), cooperative_id=derived_id("test-cooperative", "C1"),
            member_id=member_id, household_id=None, fiscal_year_be=2566,
            months=(
                IncomeMonth(month=date(2022, 11, 1), income=90_000_00, cost=0),
                IncomeMonth(month=date(2023, 4, 1), income=30_000_00, cost=20_000_00),
            ),
        ),
        ExternalDebtRecorded(
            external_debt_id=derived_id("external", 1), person_id=derived_id("test-person", "C1", "1"),
            creditor="baac", outstanding=200_000_00, annual_payment=15_000_00, as_of=date(2022, 9, 30),
        ),
    )  # fmt: skip
    await client.post("/debt/v1/baselines", json={"fiscal_year_be": 2566})
    await world.run_jobs()
    return client


@pytest_asyncio.fixture
async def manager(officer: httpx2.AsyncClient, client_of: ClientOf) -> httpx2.AsyncClient:
    return await client_of("debt", scopes=MANAGER, areas=["52"], subject="manager")


async def case_of(world: World) -> UUID:
    found: UUID = await world.value("select id from debt_case")
    return found


async def done(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def propose(world: World, client: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    case_id = str(await case_of(world))
    await done(await client.post(f"/debt/v1/cases/{case_id}/assessments", json=HOUSEHOLD))
    body = {
        "case_id": case_id, "deduction_share": "0.30", "instalments": 2, "waive_default_interest": True, **changes
    }  # fmt: skip
    return await done(await client.post("/debt/v1/plans", json=body))


async def put_in_force(world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient) -> dict[str, Any]:
    plan = await propose(world, officer)
    await done(await manager.post(f"/debt/v1/plans/{plan['id']}/approve"))
    return await done(await officer.post(f"/debt/v1/plans/{plan['id']}/accept"))


async def close(world: World, client: httpx2.AsyncClient, *days: str) -> None:
    for day in days:
        await client.post("/debt/v1/closes", json={"close_to": day})
        await world.run_jobs()


async def pay(world: World, client: httpx2.AsyncClient, amount: str, value_on: str) -> dict[str, Any]:
    body = {"loan_id": str(await world.value("select id from loan")), "amount": amount, "value_on": value_on}
    return await done(await client.post("/debt/v1/payments", json=body))


async def test_assessment_counts_every_creditor_and_shows_its_inputs(
    world: World, officer: httpx2.AsyncClient, client_of: ClientOf
) -> None:
    # The same person borrows at another co-operative, which the officer cannot see.
    await world.cooperative("C2", "9001")
    await world.members("C2", "7", persons=[derived_id("test-person", "C1", "1")])
    national = await client_of("debt", scopes="feed:write", areas=["TH"], subject="core")
    await world.send(national, "loans", [loan_row("7", "X1", "C2")])

    assessment = await done(await officer.post(f"/debt/v1/cases/{await case_of(world)}/assessments", json=HOUSEHOLD))

    creditors = {one["creditor"]: one for one in assessment["creditors"]}
    assert set(creditors) == {"own_cooperative", "other_cooperatives", "baac"}
    assert creditors["own_cooperative"]["overdue"] == creditors["other_cooperatives"]["overdue"] == "3150.00"
    # The same loan weighs the same here and there.
    assert creditors["own_cooperative"]["outstanding"] == creditors["other_cooperatives"]["outstanding"] == "11150.00"
    assert creditors["own_cooperative"]["days_past_due"] == 78
    inputs = assessment["inputs"]
    assert (inputs["farm_income"], inputs["income_source"]) == ("120000.00", "occupation_plan")
    due = sum(parse_baht(one["due_in_twelve_months"]) for one in assessment["creditors"])
    assert parse_baht(inputs["debt_service"]) == due + 2 * 3_150_00
    case = await done(await officer.get(f"/debt/v1/cases/{await case_of(world)}"))
    assert (case["stage"], case["segment"]) == ("segmented", assessment["segment"])
    assert [move["moved_to"] for move in case["moves"]] == ["assessed", "segmented"]
    assert (await world.spoken("case.recorded"))[-1]["dsr"] is not None


async def test_assessment_and_plan_agree_on_what_is_overdue(world: World, officer: httpx2.AsyncClient) -> None:
    # A loan that enters the books on a day to come: nothing of it is overdue before, and all of it is due.
    later = loan_row(number="L2", cut_over_on="2022-10-31")
    await world.send(officer, "loans", [later], as_of="2022-10-31")

    plan = await propose(world, officer)

    own = (await done(await officer.get(f"/debt/v1/cases/{plan['case_id']}")))["assessment"]["creditors"][0]
    assert (own["loans"], own["overdue"]) == (2, plan["overdue_covered"]) == (2, "3150.00")


async def test_who_is_wholly_overdue_is_not_able_because_nothing_else_falls_due(
    world: World, officer: httpx2.AsyncClient
) -> None:
    (member_id,) = await world.members("C1", "2")
    matured = loan_row(
        "2", "M1", instalments="3", disbursed_on="2022-01-15", first_due_on="2022-02-15", principal="500000.00",
        opening_principal="500000.00", opening_overdue_principal="500000.00", opening_interest="20000.00",
    )  # fmt: skip
    await world.send(officer, "loans", [matured])
    await officer.post("/debt/v1/baselines", json={"fiscal_year_be": 2567})
    await world.run_jobs()
    case_id = await world.value("select id from debt_case where member_id = :id", id=member_id)

    # A thousand a year is left of the income, and more than half a million is due.
    household = {"household_expense": "60000.00", "household_size": 4, "nonfarm_income": "61000.00"}
    assessment = await done(await officer.post(f"/debt/v1/cases/{case_id}/assessments", json=household))

    (own,) = assessment["creditors"]
    assert (own["overdue"], own["due_in_twelve_months"]) == ("520000.00", "0.00")
    assert (assessment["inputs"]["debt_service"], assessment["segment"]) == ("520000.00", "G2_LOW")
    assert assessment["flags"] == ["DSR_STOP", "RESIDUAL_LOW"]


async def test_plan_falls_in_the_months_of_income_and_covers_what_is_overdue(
    world: World, officer: httpx2.AsyncClient
) -> None:
    plan = await propose(world, officer)

    assert plan["status"] == "proposed"
    assert plan["measures"] == ["PRODUCE_DEDUCTION", "PENALTY_WAIVE"]
    assert plan["overdue_covered"] == "3150.00"
    # November brings three quarters of the income, April one quarter.
    assert [(part["due_on"], part["amount"]) for part in plan["instalments"]] == [
        ("2022-11-30", "2362.50"), ("2023-04-30", "787.50"),
    ]  # fmt: skip
    (event,) = await world.spoken("plan.recorded")
    assert (event["plan_id"], event["status"], event["deduction_share"]) == (plan["id"], "proposed", "0.30")


async def test_plan_is_not_proposed_before_the_household_is_assessed(world: World, officer: httpx2.AsyncClient) -> None:
    body = {"case_id": str(await case_of(world)), "deduction_share": "0.30", "instalments": 2}

    answer = await officer.post("/debt/v1/plans", json=body)

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("case-stage-conflict")


async def test_plan_is_not_proposed_for_a_member_with_nothing_overdue(
    world: World, officer: httpx2.AsyncClient
) -> None:
    case_id = str(await case_of(world))
    await done(await officer.post(f"/debt/v1/cases/{case_id}/assessments", json=HOUSEHOLD))
    await pay(world, officer, "3300.00", "2022-10-01")

    answer = await officer.post("/debt/v1/plans", json={"case_id": case_id, "instalments": 2})

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:plodnee:problem:plan-terms-invalid")
    assert [(problem["field"], problem["code"]) for problem in answer.json()["fields"]] == [
        ("case_id", "nothing_overdue")
    ]


async def test_nobody_approves_what_he_proposed_or_assessed(
    world: World, officer: httpx2.AsyncClient, client_of: ClientOf
) -> None:
    both = await client_of("debt", scopes=f"{OFFICER} {MANAGER}", areas=["52"], subject="officer")
    plan = await propose(world, officer)
    own = await both.post(f"/debt/v1/plans/{plan['id']}/approve")
    assert (own.status_code, own.json()["type"]) == (403, "urn:plodnee:problem:plan-own-approval")

    # Somebody else proposes: who assessed the case still cannot approve.
    await done(await both.post(f"/debt/v1/plans/{plan['id']}/withdraw"))
    other = await client_of("debt", scopes=MANAGER, areas=["52"], subject="other")
    body = {"case_id": str(await case_of(world)), "deduction_share": "0.30", "instalments": 2}
    plan = await done(await other.post("/debt/v1/plans", json=body))
    assessed = await both.post(f"/debt/v1/plans/{plan['id']}/approve")

    assert assessed.status_code == 403
    assert await world.value("select status from plan where id = :id", id=UUID(plan["id"])) == "proposed"


async def test_accepting_needs_the_approval_of_another_person(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    plan = await propose(world, officer)
    early = await officer.post(f"/debt/v1/plans/{plan['id']}/accept")
    assert (early.status_code, early.json()["type"]) == (409, "urn:plodnee:problem:plan-state-conflict")

    approved = await done(await manager.post(f"/debt/v1/plans/{plan['id']}/approve"))
    accepted = await done(await officer.post(f"/debt/v1/plans/{plan['id']}/accept"))

    assert (approved["status"], approved["approved_by"]) == ("approved", "manager")
    assert (accepted["status"], accepted["signed_on"], accepted["starts_on"]) == (
        "in_force", "2022-10-01", "2022-10-01",
    )  # fmt: skip
    assert await world.value("select stage from debt_case") == "in_progress"


@pytest.mark.parametrize(("act", "status"), [("withdraw", "withdrawn"), ("reject", "rejected")])
async def test_plan_that_the_member_does_not_sign_makes_way_for_another(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient, act: str, status: str
) -> None:
    plan = await propose(world, officer)
    await done(await manager.post(f"/debt/v1/plans/{plan['id']}/approve"))
    who = officer if act == "withdraw" else manager

    ended = await done(await who.post(f"/debt/v1/plans/{plan['id']}/{act}"))

    assert (ended["status"], ended["signed_on"]) == (status, None)
    assert await world.value("select stage from debt_case") == "segmented"
    body = {"case_id": plan["case_id"], "deduction_share": "0.10", "instalments": 4}
    assert (await done(await officer.post("/debt/v1/plans", json=body)))["status"] == "proposed"
    late = await officer.post(f"/debt/v1/plans/{plan['id']}/accept")
    assert (late.status_code, late.json()["type"]) == (409, "urn:plodnee:problem:plan-state-conflict")


async def test_signed_plan_is_neither_withdrawn_nor_rejected(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    plan = await put_in_force(world, officer, manager)

    for who, act in ((officer, "withdraw"), (manager, "reject")):
        assert (await who.post(f"/debt/v1/plans/{plan['id']}/{act}")).status_code == 409


@pytest.mark.parametrize("approved", [False, True])
async def test_assessment_beside_an_open_plan_leaves_the_plan_its_way(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient, approved: bool
) -> None:
    plan = await propose(world, officer)
    if approved:
        await done(await manager.post(f"/debt/v1/plans/{plan['id']}/approve"))

    poorer = HOUSEHOLD | {"household_expense": "150000.00"}
    assessment = await done(await officer.post(f"/debt/v1/cases/{plan['case_id']}/assessments", json=poorer))

    case = await done(await officer.get(f"/debt/v1/cases/{plan['case_id']}"))
    assert (case["stage"], case["segment"]) == ("plan_drafted", assessment["segment"])
    if not approved:
        await done(await manager.post(f"/debt/v1/plans/{plan['id']}/approve"))
    assert (await done(await officer.post(f"/debt/v1/plans/{plan['id']}/accept")))["status"] == "in_force"


async def test_plan_whose_first_instalment_is_due_is_not_signed_but_proposed_again(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    plan = await propose(world, officer)
    await done(await manager.post(f"/debt/v1/plans/{plan['id']}/approve"))
    await close(world, officer, "2022-11-29")

    late = await officer.post(f"/debt/v1/plans/{plan['id']}/accept")

    assert (late.status_code, late.json()["type"]) == (422, "urn:plodnee:problem:plan-terms-invalid")
    assert [problem["field"] for problem in late.json()["fields"]] == ["instalments.0.due_on"]
    assert await world.value("select status from plan") == "approved"
    assert await world.spoken("waiver.booked") == []
    await done(await officer.post(f"/debt/v1/plans/{plan['id']}/withdraw"))
    again = await put_in_force(world, officer, manager)
    assert (again["starts_on"], again["instalments"][0]["due_on"]) == ("2022-11-30", "2023-04-30")


async def test_waiver_of_default_interest_is_booked_with_the_plan(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    await officer.post("/debt/v1/closes", json={"close_to": "2022-10-31"})
    await world.run_jobs()

    plan = await put_in_force(world, officer, manager)

    (waiver,) = await world.spoken("waiver.booked")
    assert (waiver["posted_on"], waiver["plan_id"]) == ("2022-11-01", plan["id"])
    assert waiver["default_interest"] == plan["default_interest_waived"] != "0.00"
    assert (await world.spoken("plan.recorded"))[-1]["default_interest_waived"] == plan["default_interest_waived"]
    await officer.post("/debt/v1/closes", json={"close_to": "2022-11-30"})
    await world.run_jobs()
    control = (await world.spoken("business_date.closed"))[-1]["control"]
    assert (control["waivers"], control["waivers_amount"]) == (1, waiver["default_interest"])


async def test_paid_plan_is_completed_and_the_case_resolved_at_the_close(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    await put_in_force(world, officer, manager)
    loan_id = await world.value("select id from loan")
    body = {"loan_id": str(loan_id), "amount": "3300.00", "value_on": "2022-10-10"}
    await done(await officer.post("/debt/v1/payments", json=body))

    await officer.post("/debt/v1/closes", json={"close_to": "2022-10-12"})
    await world.run_jobs()

    plan = (await world.spoken("plan.recorded"))[-1]
    assert (plan["status"], plan["standing"]) == ("completed", "on_track")
    case = (await world.spoken("case.recorded"))[-1]
    assert (case["stage"], case["resolution"], case["resolved_on"]) == ("resolved", "paid", "2022-10-12")
    statement = (await world.spoken("business_date.closed"))[-1]
    assert (statement["members_overdue"], statement["cases_active"]) == (0, 0)


async def test_case_of_a_member_who_pays_off_without_a_plan_is_resolved(
    world: World, officer: httpx2.AsyncClient
) -> None:
    await close(world, officer, "2022-10-05")
    assert await world.value("select stage from debt_case") == "identified"
    await pay(world, officer, "3300.00", "2022-10-10")

    await close(world, officer, "2022-10-12", "2022-10-20")

    # The instalment of 15 October is overdue on the 20th: the case of the year has ended all the same.
    told = [(case["stage"], case["resolution"], case["resolved_on"]) for case in await world.spoken("case.recorded")]
    assert told == [("identified", None, None), ("resolved", "paid", "2022-10-12")]
    assert [one["cases_active"] for one in await world.spoken("business_date.closed")][-3:] == [1, 0, 0]


@pytest.mark.parametrize("approved", [False, True])
async def test_plan_that_waits_for_a_signature_ends_with_its_case(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient, approved: bool
) -> None:
    plan = await propose(world, officer)
    if approved:
        await done(await manager.post(f"/debt/v1/plans/{plan['id']}/approve"))
    await pay(world, officer, "3300.00", "2022-10-10")

    await close(world, officer, "2022-10-12")

    told = (await world.spoken("plan.recorded"))[-1]
    assert (told["status"], told["signed_on"], told["_version"]) == ("withdrawn", None, 3 if approved else 2)
    assert await world.value("select stage from debt_case") == "resolved"


async def test_payment_between_proposal_and_signature_counts_for_the_plan(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    plan = await propose(world, officer, waive_default_interest=False)
    await done(await manager.post(f"/debt/v1/plans/{plan['id']}/approve"))
    await pay(world, officer, "2400.00", "2022-10-01")
    await close(world, officer, "2022-10-05")
    await done(await officer.post(f"/debt/v1/plans/{plan['id']}/accept"))

    # The first instalment, 2,362.50 of 30 November, was paid before the paper was signed.
    await close(world, officer, "2023-01-05")

    (signed, *_, told) = (one for one in await world.spoken("plan.recorded") if one["signed_on"])
    assert (signed["standing"], told["status"], told["standing"]) == (None, "in_force", "on_track")


async def test_payment_before_the_proposal_counts_for_nothing(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    await pay(world, officer, "2400.00", "2022-10-01")
    plan = await put_in_force(world, officer, manager)
    # 0.72 of the 2,400 went to interest for lateness, which is no part of the overdue amount.
    assert plan["overdue_covered"] == "750.72"

    await close(world, officer, "2023-01-05")

    assert (await world.spoken("plan.recorded"))[-1]["status"] == "breached"


async def test_plan_of_a_member_who_owes_nothing_is_completed_however_that_came(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    await put_in_force(world, officer, manager)
    # A thousand of what the plan covered has gone by another way than a payment.
    async with world.database.unscoped() as session:
        await session.execute("update plan set overdue_covered = overdue_covered + 100000")
        await session.execute("update plan_instalment set amount = amount + 100000 where number = 1")
    await pay(world, officer, "9000.00", "2022-10-10")

    await close(world, officer, "2023-01-05")

    told = (await world.spoken("plan.recorded"))[-1]
    assert (told["status"], told["standing"]) == ("completed", "on_track")
    assert await world.value("select stage from debt_case") == "resolved"


async def test_reversal_of_an_older_payment_does_not_count_against_the_plan(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    older = await pay(world, officer, "1000.00", "2022-10-01")
    await close(world, officer, "2022-10-05")
    await put_in_force(world, officer, manager)
    undone = await officer.post(f"/debt/v1/payments/{older['id']}/reverse", json={"reason": "bounced cheque"})
    await done(undone)

    # The member keeps his promise for November, and the bounced thousand is still owed.
    await pay(world, officer, "1700.00", "2022-10-20")
    await close(world, officer, "2023-01-05")

    told = (await world.spoken("plan.recorded"))[-1]
    assert (told["status"], told["standing"]) == ("in_force", "on_track")


async def test_reversal_of_a_payment_of_the_plan_takes_it_back(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    await put_in_force(world, officer, manager)
    paid = await pay(world, officer, "2400.00", "2022-10-20")
    await done(await officer.post(f"/debt/v1/payments/{paid['id']}/reverse", json={"reason": "bounced cheque"}))

    await close(world, officer, "2023-01-05")

    assert (await world.spoken("plan.recorded"))[-1]["status"] == "breached"


async def test_plan_that_is_not_kept_is_at_risk_and_then_breached(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    await put_in_force(world, officer, manager)

    for day in ("2022-11-30", "2022-12-15", "2022-12-31"):
        await officer.post("/debt/v1/closes", json={"close_to": day})
        await world.run_jobs()

    stands = [(plan["status"], plan["standing"]) for plan in await world.spoken("plan.recorded")]
    assert stands[-3:] == [("in_force", "on_track"), ("in_force", "at_risk"), ("breached", "breached")]
    statements = {one["closed_on"]: one for one in await world.spoken("business_date.closed")}
    assert statements["2022-12-15"]["members_overdue_with_plan"] == 1
    assert statements["2022-12-31"]["members_overdue_with_plan"] == 0


async def test_standing_says_by_which_assumption_it_was_judged(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    plan = await put_in_force(world, officer, manager)
    assert (plan["judged_on"], plan["policy"]) == (None, None)

    await close(world, officer, "2022-11-30", "2022-12-15", "2022-12-20")

    read = await done(await officer.get(f"/debt/v1/plans/{plan['id']}"))
    assert (read["standing"], read["judged_on"]) == ("at_risk", "2022-12-15")
    policy = read["policy"]
    assert (policy["name"], policy["is_assumption"], policy["effective_from"]) == ("plan_grace", True, None)
    assert policy["name_th"]
    assert policy["source"].startswith("assumed: one month")
    assert [one["policy"] for one in (await officer.get("/debt/v1/plans")).json()["items"]] == [policy]


async def test_group_of_a_case_says_on_which_assumption_it_rests(world: World, officer: httpx2.AsyncClient) -> None:
    path = f"/debt/v1/cases/{await case_of(world)}"
    assert (await officer.get(path)).json()["policy"] is None
    assert [one["policy"] for one in (await officer.get("/debt/v1/cases")).json()["items"]] == [None]

    assessment = await done(await officer.post(f"{path}/assessments", json=HOUSEHOLD))

    policy = assessment["policy"]
    assert (policy["name"], policy["is_assumption"], policy["effective_from"]) == ("capacity", True, None)
    assert policy["source"] == assessment["inputs"]["policy"]
    case = (await officer.get(path)).json()
    assert case["policy"] == case["assessment"]["policy"] == policy
    assert [one["policy"] for one in (await officer.get("/debt/v1/cases")).json()["items"]] == [policy]


async def test_plan_of_another_province_is_not_found(
    world: World, officer: httpx2.AsyncClient, client_of: ClientOf
) -> None:
    plan = await propose(world, officer)
    stranger = await client_of("debt", scopes=f"{OFFICER} {MANAGER}", areas=["90"], subject="stranger")

    for path in (f"plans/{plan['id']}", f"cases/{plan['case_id']}"):
        assert (await stranger.get(f"/debt/v1/{path}")).status_code == 404
    assert (await stranger.post(f"/debt/v1/plans/{plan['id']}/approve")).status_code == 404
    assert (await stranger.get("/debt/v1/cases")).json()["items"] == []


async def test_approving_without_the_scope_is_forbidden(world: World, officer: httpx2.AsyncClient) -> None:
    plan = await propose(world, officer)

    assert (await officer.post(f"/debt/v1/plans/{plan['id']}/approve")).status_code == 403


async def test_who_says_which_plan_he_read_does_not_act_on_another(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    plan = await propose(world, officer)
    path = f"/debt/v1/plans/{plan['id']}"
    read = (await officer.get(path)).headers["etag"]
    for who, act in ((manager, "approve"), (manager, "reject"), (officer, "accept"), (officer, "withdraw")):
        stale = await who.post(f"{path}/{act}", headers={"If-Match": '"7"'})
        assert (stale.status_code, stale.json()["type"]) == (412, "urn:plodnee:problem:precondition-failed"), act
        assert stale.json()["title_th"]
    assert await world.value("select status from plan") == "proposed"

    approved = await manager.post(f"{path}/approve", headers={"If-Match": read})

    assert approved.json()["status"] == "approved"
    assert approved.headers["etag"] == (await officer.get(path)).headers["etag"] != read
    # Nobody signs what he read before it was approved; with what stands now he does.
    assert (await officer.post(f"{path}/accept", headers={"If-Match": read})).status_code == 412
    signed = await officer.post(f"{path}/accept", headers={"If-Match": approved.headers["etag"]})
    assert (signed.status_code, signed.json()["status"]) == (200, "in_force")
    assert signed.headers["etag"] == (await officer.get(path)).headers["etag"]


async def test_of_two_who_act_on_the_plan_that_both_read_one_is_told_that_it_changed(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient, client_of: ClientOf
) -> None:
    other = await client_of("debt", scopes=MANAGER, areas=["52"], subject="other")
    plan = await propose(world, officer)
    read = {"If-Match": (await manager.get(f"/debt/v1/plans/{plan['id']}")).headers["etag"]}

    answers = await asyncio.gather(
        manager.post(f"/debt/v1/plans/{plan['id']}/approve", headers=read),
        other.post(f"/debt/v1/plans/{plan['id']}/reject", headers=read),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    (done_one,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert await world.value("select status from plan") == done_one["status"]
    assert await world.value("select version from plan") == 2


async def test_of_two_who_assess_the_case_that_both_read_one_is_told_that_it_changed(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    path = f"/debt/v1/cases/{await case_of(world)}"
    read = {"If-Match": (await officer.get(path)).headers["etag"]}

    answers = await asyncio.gather(
        *(who.post(f"{path}/assessments", json=HOUSEHOLD, headers=read) for who in (officer, manager))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 412]
    assert await world.value("select count(*) from assessment") == 1
    assert {answer.headers["etag"] for answer in answers if answer.status_code == 201} == {
        (await officer.get(path)).headers["etag"]
    }


async def test_plan_is_not_proposed_of_a_case_that_was_assessed_anew(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    case_id = await case_of(world)
    first = await officer.post(f"/debt/v1/cases/{case_id}/assessments", json=HOUSEHOLD)
    second = await manager.post(f"/debt/v1/cases/{case_id}/assessments", json=HOUSEHOLD)
    body = {"case_id": str(case_id), "instalments": 2}

    stale = await officer.post("/debt/v1/plans", json=body, headers={"If-Match": first.headers["etag"]})

    assert (stale.status_code, await world.value("select count(*) from plan")) == (412, 0)
    proposed = await officer.post("/debt/v1/plans", json=body, headers={"If-Match": second.headers["etag"]})
    assert (proposed.status_code, proposed.headers["etag"]) == (201, '"1"')


async def test_act_that_is_sent_again_repeats_its_answer_though_its_etag_is_old(
    world: World, officer: httpx2.AsyncClient, manager: httpx2.AsyncClient
) -> None:
    plan = await propose(world, officer)
    headers = {"If-Match": '"1"', "Idempotency-Key": "approve-once"}

    first, again = [await manager.post(f"/debt/v1/plans/{plan['id']}/approve", headers=headers) for _ in range(2)]

    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.json(), again.headers["etag"]) == (200, first.json(), '"2"')
