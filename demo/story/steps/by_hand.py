"""Steps: what officers do by hand among the files: sales, payments, a date put right, two mistakes undone, pledges.

Whom they do it for is found by asking, not written down: members of the officer's co-operatives whose plan is in force.
"""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

from demo.story.client import Caller, StoryFailed, Wire, until
from demo.story.played import HandPayment, Played
from shared.kernel.money import format_baht, parse_baht

FIRST_SALE, SECOND_SALE, SALE_UNDONE = 11, 1, 2
"""Calendar months in which the officer weighs produce himself, and in which one such sale proves a mistake."""
BACK_DATED, COUNTER_PAYMENT, PAYMENT_UNDONE = 3, 5, 6
"""Calendar months of a payment that counts from the month before, of one at the counter, and of its reversal."""
PLEDGES = 10
"""Calendar month in which members pledge to save."""

SALES, DEBTORS_ASKED, PLEDGES_MOST = 3, 20, 40

KILOGRAMS, PRICE_PER_KILOGRAM, SAVINGS_SHARE = "1250.500", "8.25", "0.0300"
COUNTER_AMOUNT = 150_000
"""1,500 baht over the counter, in satang."""


async def act_by_hand(wire: Wire, played: Played, month_end: date) -> None:
    """What happens by hand in this month of the year, if anything."""
    match month_end.month:
        case month if month in (FIRST_SALE, SECOND_SALE):
            await _weigh_produce(wire, played, month_end)
        case month if month == SALE_UNDONE:
            await _undo_sale(wire, played, month_end)
        case month if month == BACK_DATED:
            await _pay_back_dated(wire, played, month_end)
        case month if month == COUNTER_PAYMENT:
            await _pay_at_counter(wire, played, month_end)
        case month if month == PAYMENT_UNDONE:
            await _undo_payment(wire, played, month_end)
        case month if month == PLEDGES:
            await _pledge_savings(wire, played, month_end)


async def _members_with_plan(caller: Caller, played: Played, most: int) -> list[str]:
    """Members with a plan in force in the officer's co-operatives, those whose plan covers the most first."""
    lists = await asyncio.gather(
        *(caller.list_all("/debt/v1/plans", cooperative_id=one.id, status="in_force") for one in played.of_officer)
    )
    plans = [plan for found in lists for plan in found]
    if not plans:
        raise StoryFailed("no plan is in force in the officer's co-operatives: play with more members")
    plans.sort(key=lambda plan: (-parse_baht(plan["overdue_covered"]), plan["id"]))
    return [str(plan["member_id"]) for plan in plans[:most]]


async def _weigh_produce(wire: Wire, played: Played, month_end: date) -> None:
    """Three members bring produce without a file; each has a plan, so a share of it is held for the debt."""
    officer = wire.as_("officer")
    members = await played.choices.remember(
        f"sellers {month_end:%Y-%m}", lambda: _members_with_plan(officer, played, SALES)
    )
    for place, member_id in enumerate(members, start=1):
        number = f"HAND-{month_end:%y%m}-{place}"
        sale = {
            "member_id": member_id,
            "delivery_number": number,
            "delivered_on": (month_end - timedelta(days=place)).isoformat(),
            "crop": "rice_wet",
            "kilograms": KILOGRAMS,
            "price_per_kilogram": PRICE_PER_KILOGRAM,
            "savings_share": SAVINGS_SHARE,
        }
        delivery = await officer.post("/livelihood/v1/produce-deliveries", sale, step=f"sale {number}")
        played.deliveries_by_hand.append(delivery["id"])


async def _undo_sale(wire: Wire, played: Played, month_end: date) -> None:
    """A sale weighed by hand was entered twice: it is reversed, with what it had paid into the debt."""
    officer = wire.as_("officer")

    async def mistaken() -> str:
        sales = [await officer.get(f"/livelihood/v1/produce-deliveries/{one}") for one in played.deliveries_by_hand]
        # The one that paid the most into the debt, so that something has to be undone.
        return str(max(sales, key=lambda sale: (parse_baht(sale["debt"]), sale["delivery_number"]))["id"])

    delivery_id = await played.choices.remember("sale undone", mistaken)
    address = f"/livelihood/v1/produce-deliveries/{delivery_id}"
    reversal = {"reason": "entered twice", "reversed_on": month_end.isoformat()}
    await officer.post(f"{address}/reverse", reversal, step="undo a sale")

    async def undone() -> bool | None:
        return True if (await officer.get(address))["status"] == "reversed" else None

    await until(f"delivery {delivery_id} to be undone", undone)
    played.deliveries_reversed.append(delivery_id)


async def _overdue_loan(caller: Caller, played: Played) -> str:
    """A loan with overdue debt above what is paid by hand, of a member with a plan."""
    held = {one.id for one in played.of_officer}
    for member_id in await _members_with_plan(caller, played, DEBTORS_ASKED):
        for loan in await caller.list_all("/debt/v1/loans", member_id=member_id):
            overdue = parse_baht(loan["overdue_principal"]) + parse_baht(loan["overdue_interest"])
            if overdue > 2 * COUNTER_AMOUNT and loan["cooperative_id"] in held:
                return str(loan["id"])
    raise StoryFailed("no member with a plan owes enough for a payment by hand: play with more members")


async def _pay(wire: Wire, played: Played, *, value_on: date, number: str) -> HandPayment:
    officer = wire.as_("officer")
    payment = {
        "loan_id": await played.choices.remember(f"loan of {number}", lambda: _overdue_loan(officer, played)),
        "amount": format_baht(COUNTER_AMOUNT),
        "value_on": value_on.isoformat(),
        "channel": "cash",
        "receipt_number": number,
    }
    posted = await officer.post("/debt/v1/payments", payment, step=f"payment {number}")
    made = HandPayment(
        payment_id=posted["id"],
        cooperative_id=posted["cooperative_id"],
        loan_id=posted["loan_id"],
        channel=posted["channel"],
        amount=parse_baht(posted["amount"]),
        value_on=date.fromisoformat(posted["value_on"]),
        posted_on=date.fromisoformat(posted["posted_on"]),
    )
    played.payments.append(made)
    return made


async def _pay_back_dated(wire: Wire, played: Played, month_end: date) -> None:
    """A receipt from the middle of the month before turns up: it counts from its day and is posted in this month."""
    last_month = month_end.replace(day=1) - timedelta(days=1)
    made = await _pay(wire, played, value_on=last_month.replace(day=15), number="HAND-BACK-DATED")
    if made.posted_on <= last_month:
        raise StoryFailed(f"a payment for {made.value_on} was posted on {made.posted_on}, in a closed month")


async def _pay_at_counter(wire: Wire, played: Played, month_end: date) -> None:
    await _pay(wire, played, value_on=month_end - timedelta(days=7), number="HAND-COUNTER")


async def _undo_payment(wire: Wire, played: Played, month_end: date) -> None:
    """The payment at the counter was for somebody else: it is reversed a month later."""
    made = played.payments[-1]
    path = f"/debt/v1/payments/{made.payment_id}/reverse"
    undone = await wire.as_("officer").post(path, {"reason": "paid for another member"}, step="undo a payment")
    played.payments[-1] = replace(made, reversal_posted_on=date.fromisoformat(undone["posted_on"]))
    if played.payments[-1].reversal_posted_on == made.posted_on:
        raise StoryFailed(f"the reversal of {made.payment_id} was posted in the closed month of the payment")


async def _pledge_savings(wire: Wire, played: Played, month_end: date) -> None:
    """Members with a plan promise the coach team to save every month."""
    coach = wire.as_("coach")
    members = await played.choices.remember("savers", lambda: _members_with_plan(coach, played, PLEDGES_MOST))
    for place, member_id in enumerate(members):
        pledge = {
            "member_id": member_id,
            "amount_per_month": format_baht(5_000 * (1 + place % 6)),
            "starts_on": month_end.replace(day=1).isoformat(),
            "ends_on": played.options.last.isoformat(),
        }
        await coach.post("/literacy/v1/savings-pledges", pledge, step=f"pledge of {member_id}")
