"""A backlog as services leave it in their outboxes: members, loans and payments, serialised by the contracts."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeAlias

from bench import people
from bench.sizes import cooperatives_of
from shared.chassis import outbox
from shared.chassis.database import Database
from shared.chassis.events import Event
from shared.chassis.settings import get_settings
from shared.contracts.debt import BaselineRecorded, CohortPart, LoanRecorded, PaymentPosted
from shared.contracts.registry import CooperativeRecorded, MemberRecorded
from shared.kernel.identifiers import derived_id

Versioned: TypeAlias = tuple[Event, int, date]
PlaceOf: TypeAlias = Callable[[int], people.Cooperative]

_CHUNK = 5_000
_DAYS = 180  # payments spread over half a fiscal year


async def fill(each: int) -> dict[str, int]:
    """So many members, loans and payments, and what they need, into the outboxes; how many events each service has."""
    return await _fill(range(each), cooperatives_of(each), people.cooperative_of)


async def fill_spread(numbers: range, cooperatives: int) -> dict[str, int]:
    """The same for these numbers, each member of another co-operative than the members before."""
    return await _fill(numbers, cooperatives, lambda number: people.cooperative(number % cooperatives))


async def _fill(numbers: range, cooperatives: int, place_of: PlaceOf) -> dict[str, int]:
    members = [*_cooperatives(cooperatives), *_members(numbers, place_of)]
    debts = [*_baselines(cooperatives), *_loans(numbers, place_of), *_payments(numbers, place_of)]
    await _add("registry", members)
    await _add("debt", debts)
    return {"registry": len(members), "debt": len(debts)}


async def _add(service: str, events: list[Versioned]) -> None:
    database = Database(get_settings(), service, "worker", "bench")
    try:
        for start in range(0, len(events), _CHUNK):
            async with database.unscoped() as session:
                await outbox.add_many(session, events[start : start + _CHUNK])
    finally:
        await database.close()


def _cooperatives(count: int) -> Iterable[Versioned]:
    for one in map(people.cooperative, range(count)):
        event = CooperativeRecorded(
            cooperative_id=one.id, cooperative_code=one.code, kind="cooperative", cooperative_type="agricultural",
            name_th=one.name_th, name_en=None, province_code=one.province_code, district_code=one.district_code,
            strength_level=2, status="active",
        )  # fmt: skip
        yield event, 1, people.CUT_OVER


def _members(numbers: range, place_of: PlaceOf) -> Iterable[Versioned]:
    for number in numbers:
        event = MemberRecorded(
            member_id=derived_id("bench member", number), person_id=derived_id("bench person", number),
            cooperative_id=place_of(number).id, member_number_hash=f"{number:064x}", household_id=None,
            member_kind="ordinary", status="active", birth_decade=1960,
        )  # fmt: skip
        yield event, 1, people.CUT_OVER


def _baselines(count: int) -> Iterable[Versioned]:
    for one in map(people.cooperative, range(count)):
        event = BaselineRecorded(
            cooperative_id=one.id, fiscal_year_be=2566, baseline_on=people.CUT_OVER, cohort_loans=100,
            cohort_members=100, cohort_overdue=900_000_000, overdue_all=1_000_000_000, outstanding_all=9_000_000_000,
            participants=100, participants_debt=2_000_000_000,
        )  # fmt: skip
        yield event, 1, people.CUT_OVER


def _loans(numbers: range, place_of: PlaceOf) -> Iterable[Versioned]:
    for number in numbers:
        event = LoanRecorded(
            loan_id=derived_id("bench loan", number), cooperative_id=place_of(number).id,
            member_id=derived_id("bench member", number), disbursed_on=date(2022, 2, 1), principal=10_000_000,
            annual_rate=Decimal("0.0725"), outstanding_principal=5_000_000, overdue_principal=2_000_000,
            overdue_interest=14_500, oldest_unpaid_due_on=date(2022, 8, 5), loan_class="normal", status="active",
        )  # fmt: skip
        yield event, 1, people.CUT_OVER


def _payments(numbers: range, place_of: PlaceOf) -> Iterable[Versioned]:
    for number in numbers:
        day = date(2022, 10, 1) + timedelta(days=number * 7 % _DAYS)
        event = PaymentPosted(
            payment_id=derived_id("bench payment", number), loan_id=derived_id("bench loan", number),
            cooperative_id=place_of(number).id, member_id=derived_id("bench member", number),
            posted_on=day, value_on=day, channel="cash", amount=100_000, fee=0, default_interest=0, late_interest=0,
            interest=0, principal=100_000, excess=0, overdue_reduced=100_000,
            cohorts=(CohortPart(fiscal_year_be=2566, overdue_reduced=100_000),),
        )  # fmt: skip
        yield event, 1, day
