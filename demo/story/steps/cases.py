"""Steps: what members in arrears can pay, the plans fitted to it, and the approval by somebody else."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from demo.generator.distributions import HOUSEHOLD_ECONOMY_BAHT
from demo.generator.randomness import rounded, stream
from demo.story.client import Caller, Wire, until
from demo.story.played import ASSESSED_ELSEWHERE, Cooperative, Played
from demo.story.telling import Bar, Narrator
from shared.kernel.areas import PROVINCES
from shared.kernel.money import format_baht

ASSESSED_AT_ONCE = 6
"""Cases in work at a time: each is a chain of five requests by three people."""

SHARE_BY_SEGMENT: Final = {
    "G2_LOW": ("0.2000", 30),
    "G3_SHOCK": ("0.2500", 24),
    "G4_ABLE": ("0.4000", 12),
    "G5_WATCH": ("0.3000", 18),
}
"""The agreed share of a delivery and the number of instalments (harvest months), by what the household can pay.
ASSUMPTION: no source says what co-operatives agree. Who has no capacity at all (G1) gets no plan."""

DISASTER_SHARE, WITHOUT_EARNER_SHARE = 0.10, 0.02
"""ASSUMPTION: households hit by a flood or drought; households in which nobody earns."""

WAIVER_SEGMENTS = frozenset({"G2_LOW", "G3_SHOCK"})
"""Whose default interest the plan waives."""


@dataclass(frozen=True)
class Hands:
    """Who does what with the cases of one co-operative: no one approves what he assessed or proposed."""

    assessor: Caller
    approver: Caller


async def list_cases(wire: Wire, played: Played) -> list[dict[str, Any]]:
    """The cases of the year in the province, those of the officer's co-operatives first."""
    return await _of_all(wire.as_("chief"), played, "/debt/v1/cases")


async def work_on_cases(wire: Wire, played: Played, narrator: Narrator) -> None:
    """Assess the cases, propose plans, have them approved by another person, and accept them with the members."""
    await _wait_for_officer(wire, played)
    cases = await list_cases(wire, played)
    own = {one.id for one in played.of_officer}
    codes = {one.id: one.code for one in played.cooperatives}
    chosen = [case for case in cases if case["cooperative_id"] in own or _is_chosen(played, codes, case)]
    with narrator.step(f"{len(cases)} cases: assess, plan, approve, accept", len(chosen)) as bar:
        await _each(chosen, lambda case: _work_on(wire, played, case, bar))
    with narrator.step("Livelihood learns what it may deduct") as bar:
        await _wait_for_agreements(wire, played, bar)


async def _wait_for_officer(wire: Wire, played: Played) -> None:
    """Debt knows an officer's reach when he sees of his co-operatives what the chief sees."""
    chief = wire.as_("chief")
    held = {"officer": played.of_officer, "manager": played.of_officer, "coach": played.of_coach}
    counts = {one.id: await _count_cases(chief, one) for one in played.of_coach}
    for name, cooperatives in held.items():
        for cooperative in cooperatives:

            async def seen(officer: str = name, cooperative: Cooperative = cooperative) -> bool | None:
                return True if await _count_cases(wire.as_(officer), cooperative) == counts[cooperative.id] else None

            await until(f"debt to know that {name} holds {cooperative.code}", seen)


async def _count_cases(caller: Caller, cooperative: Cooperative) -> int:
    return len(await caller.list_all("/debt/v1/cases", cooperative_id=cooperative.id))


def _is_chosen(played: Played, codes: dict[str, str], case: dict[str, Any]) -> bool:
    """The same cases each time the same province is played: told apart by what they owe, since ids are always new."""
    names = codes[case["cooperative_id"]], case["overdue_at_opening"], case["debt_at_opening"]
    return stream(played.options.seed, "assessed", *names).random() < ASSESSED_ELSEWHERE


def _hands(wire: Wire, played: Played, case: dict[str, Any]) -> Hands:
    if case["cooperative_id"] in {one.id for one in played.of_officer}:
        return Hands(wire.as_("officer"), wire.as_("manager"))
    return Hands(wire.as_("promoter"), wire.as_("chief"))


async def _work_on(wire: Wire, played: Played, case: dict[str, Any], bar: Bar) -> None:
    hands = _hands(wire, played, case)
    member = await hands.assessor.get(f"/registry/v1/members/{case['member_id']}")
    assessment = await _assess(hands.assessor, played, case, member)
    terms = SHARE_BY_SEGMENT.get(assessment["segment"])
    if terms is not None:
        share, instalments = terms
        proposal = {
            "case_id": case["id"],
            "deduction_share": share,
            "instalments": instalments,
            "waive_default_interest": assessment["segment"] in WAIVER_SEGMENTS,
        }
        plan = await hands.assessor.post("/debt/v1/plans", proposal, step=f"plan of {case['id']}")
        await hands.approver.post(f"/debt/v1/plans/{plan['id']}/approve", step="approve")
        await hands.assessor.post(f"/debt/v1/plans/{plan['id']}/accept", step="accept")
        played.plans += 1
    bar.advance()


async def _assess(assessor: Caller, played: Played, case: dict[str, Any], member: dict[str, Any]) -> dict[str, Any]:
    """Assess what the household can pay; once more when the expected income of its farm had not reached debt yet."""
    body = _household_figures(played, member)
    attempt = 0

    async def assessed() -> dict[str, Any] | None:
        nonlocal attempt
        attempt += 1
        path = f"/debt/v1/cases/{case['id']}/assessments"
        found: dict[str, Any] = await assessor.post(path, body, step=f"assess {attempt}")
        lacks_income = _has_farm(member) and found["inputs"]["income_source"] == "none"
        return None if lacks_income else found

    return await until(f"debt to know the expected income of the household of case {case['id']}", assessed)


def _has_farm(member: dict[str, Any]) -> bool:
    return member["household"] is not None and member["status"] in ("active", "suspended")


def _household_figures(played: Played, member: dict[str, Any]) -> dict[str, Any]:
    """What the household tells the assessor: the survey's means of the region, spread as the accounts are.

    Farm income and cost are left to the household's own crops. Nothing here decides a figure of the year: it decides
    which group a debtor falls in, and so which plan is proposed.
    """
    random = stream(played.options.seed, "household", member["cooperative_code"], member["member_number"])
    _, _, nonfarm, food, other = HOUSEHOLD_ECONOMY_BAHT[PROVINCES[played.options.province].region]
    scale = random.lognormvariate(0, 0.4)
    size = member["household"]["size"] if member["household"] else 1
    return {
        "household_size": size,
        "household_expense": format_baht(rounded((food + other) * 100 * scale * random.uniform(0.7, 1.1), 100)),
        "nonfarm_income": format_baht(rounded(nonfarm * 100 * scale * random.uniform(0.5, 1.5), 100)),
        "disaster": random.random() < DISASTER_SHARE,
        "without_earner": random.random() < WITHOUT_EARNER_SHARE,
    }


async def _wait_for_agreements(wire: Wire, played: Played, bar: Bar) -> None:
    """Every plan in force lets livelihood hold a share of the member's produce."""
    chief = wire.as_("chief")
    plans = await _of_all(chief, played, "/debt/v1/plans", status="in_force")
    wanted = {plan["id"] for plan in plans if Decimal(plan["deduction_share"])}
    bar.expect(len(wanted))

    async def known() -> bool | None:
        agreements = await _of_all(chief, played, "/livelihood/v1/deduction-agreements")
        found = {agreement["plan_id"] for agreement in agreements}
        bar.reach(len(found & wanted))
        return True if found == wanted else None

    await until(f"livelihood to know {len(wanted)} agreements", known)


async def _of_all(caller: Caller, played: Played, path: str, **parameters: str) -> list[dict[str, Any]]:
    """The items of a list of every co-operative."""
    lists = await asyncio.gather(
        *(caller.list_all(path, cooperative_id=one.id, **parameters) for one in played.cooperatives)
    )
    return [item for found in lists for item in found]


async def _each(cases: Iterable[dict[str, Any]], work: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Work on cases, a few at a time; the first failure ends them all."""
    waiting = iter(cases)

    async def hand() -> None:
        for case in waiting:
            await work(case)

    async with asyncio.TaskGroup() as hands:
        for _ in range(ASSESSED_AT_ONCE):
            hands.create_task(hand())
