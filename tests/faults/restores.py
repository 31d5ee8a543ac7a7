"""What each owner's database loses with a restore, and what its senders send again afterwards."""

import csv
import io
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from demo.story.client import Wire, until
from demo.story.played import HandPayment, Played
from demo.story.steps.province import AGENCY
from shared.kernel.calendar import add_months, fiscal_year_bounds
from shared.kernel.identifiers import national_id_is_valid
from shared.kernel.money import parse_baht
from tests.faults.suite import Suite

AFTER = date(2023, 10, 5)  # after the story's year
NUMBER = "AFTER-THE-YEAR"
LOST = "NEVER-SENT-AGAIN"

_OFFICERS = ("officer_state", "officer_cooperative")


@dataclass
class Acts:
    """The hands by which a future is made, and made again."""

    suite: Suite
    wire: Wire
    played: Played


Act: TypeAlias = Callable[[Acts], Awaitable[Any]]


@dataclass(frozen=True)
class Restore:
    """The drill of one owner.

    Attributes:
        told: by listener, the tables in which it keeps what this owner says, and nothing else.
        lose: what happens after the backup.
        send_again: given what `lose` returned, what its senders send once more, and what must have become of it.
    """

    told: Mapping[str, Sequence[str]]
    lose: Act
    send_again: Callable[[Acts, Any], Awaitable[None]]

    def heard(self, suite: Suite) -> dict[str, Any]:
        """Every row of those tables, but for the epoch; numbers by their value."""
        return {
            f"{listener}.{table}": json.loads(
                suite.text(
                    listener,
                    "select cast(coalesce(jsonb_agg(one order by one), '[]') as text) from"
                    f" (select to_jsonb(kept) - 'epoch' as one from {table} as kept) as rows",
                )
            )
            for listener, tables in self.told.items()
            for table in tables
        }


# --- debt: a payment ---


async def _pay(acts: Acts) -> dict[str, Any]:
    loan = acts.suite.text("debt", "select id from loan where status = 'active' order by id limit 1")
    payment = {
        "loan_id": loan,
        "amount": "250.00",
        "value_on": AFTER.isoformat(),
        "channel": "cash",
        "receipt_number": NUMBER,
    }
    posted: dict[str, Any] = await acts.wire.as_("officer").post("/debt/v1/payments", payment, step="a payment more")
    return posted


async def _pay_again(acts: Acts, lost: dict[str, Any]) -> None:
    again = await _pay(acts)
    assert again["id"] != lost["id"]
    acts.played.payments.append(
        HandPayment(
            payment_id=again["id"],
            cooperative_id=again["cooperative_id"],
            loan_id=again["loan_id"],
            channel=again["channel"],
            amount=parse_baht(again["amount"]),
            value_on=date.fromisoformat(again["value_on"]),
            posted_on=date.fromisoformat(again["posted_on"]),
        )
    )


# --- registry: a co-operative, members, and access ---


async def _record_members(acts: Acts) -> str:
    """A co-operative, two memberships of a known person, access given and taken, and a pledge of the new member's."""
    analyst, home = acts.wire.as_("analyst"), acts.played.cooperatives[1]
    new = {
        "cooperative_code": LOST,
        "kind": "farmer_group",
        "cooperative_type": "rice",
        "name_th": "กลุ่มเกษตรกรที่ไม่มีจริง",
        "province_code": acts.played.options.province,
        "district_code": home.district_code,
    }
    await _send(acts, "cooperatives", [new])
    lost = acts.suite.text("registry", f"select id from cooperative where code = '{LOST}'")
    await _send(acts, "members", [_membership(acts, NUMBER), _membership(acts, LOST)])
    enrolment = {"programme_code": "A", "phase": 1, "cooperative_id": lost, "from": AFTER.isoformat()}
    await analyst.post("/registry/v1/enrolments", {"items": [enrolment]}, step="enrol what will be lost")
    for officer, cooperatives in {"stand-in": [home.id, lost], "manager": []}.items():
        address = f"/registry/v1/officers/{officer}/assignments"
        found, etag = await analyst.get_tagged(address)
        held = [{"cooperative_id": one, "from": AFTER.isoformat(), "to": None} for one in cooperatives]
        await analyst.put(address, {"assignments": held}, etag=etag if found["version"] else None)

    member = acts.suite.text("registry", f"select id from member where member_number = '{NUMBER}'")
    known = f"select count(*) from member where id = '{member}'"
    await until("literacy to know the member", lambda: _true(acts.suite.query("literacy", known) == 1))
    pledge = {"member_id": member, "amount_per_month": "100.00", "starts_on": AFTER.isoformat()}
    await acts.wire.as_("coach").post("/literacy/v1/savings-pledges", pledge, step="a pledge of the new member's")
    return member


async def _record_members_again(acts: Acts, lost: str) -> None:
    for service in ("debt", "livelihood", "literacy"):
        assert acts.suite.query(service, f"select count(*) from member where id = '{lost}'") == 0
        assert acts.suite.query(service, "select count(*) from officer_cooperative where officer_id = 'manager'")
    await _send(acts, "members", [_membership(acts, NUMBER)])
    assert acts.suite.text("registry", f"select id from member where member_number = '{NUMBER}'") == lost
    whose = f"select count(*) from savings_pledge join member on member.id = member_id where member.id = '{lost}'"
    await until("the pledge to have its member again", lambda: _true(acts.suite.query("literacy", whose) == 1))


def _membership(acts: Acts, number: str) -> dict[str, str]:
    """A row of the members' file once more, as of another co-operative and under another number."""
    home, other = acts.played.cooperatives[:2]
    with (acts.played.options.folder / "members.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(
            row
            for row in csv.DictReader(file)
            if row["cooperative_code"] == home.code and national_id_is_valid(row["national_id"]) and row["full_name"]
        )
    return {**row, "cooperative_code": other.code, "member_number": number}


async def _send(acts: Acts, kind: str, rows: Sequence[Mapping[str, str]]) -> None:
    """A file of the agencies', taken in whole."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    sender = acts.wire.as_(AGENCY)
    content, about = text.getvalue().encode(), {"kind": kind, "as_of": AFTER.isoformat()}
    step = f"{len(rows)} {kind} more"
    sent = await sender.post_file("/registry/v1/feed-deliveries", content, "text/csv", step=step, **about)

    async def taken_in() -> bool | None:
        found = await sender.get(f"/registry/v1/feed-deliveries/{sent['id']}")
        return True if found["accepted"] == len(rows) else None

    await until(f"{kind} to be taken in", taken_in)


# --- livelihood: produce with a deduction, and what a household expects ---


async def _deliver(acts: Acts) -> dict[str, Any]:
    """A delivery that pays debt, one that is never sent again, and an expected income."""
    debtor = acts.suite.text(
        "debt",
        "select plan.member_id from plan join loan using (member_id, cooperative_id) where plan.status = 'in_force'"
        " and plan.deduction_share > 0 and loan.overdue_principal > 0 order by plan.id limit 1",
    )
    other = acts.suite.text(
        "debt",
        "select id from member where status = 'active' and id not in (select member_id from plan) order by id limit 1",
    )
    first, _ = fiscal_year_bounds(AFTER.year + 544)
    months = [
        {"month": add_months(first, number).isoformat(), "income": "9.00", "cost": "1.00"} for number in range(12)
    ]
    path, year = f"/livelihood/v1/members/{debtor}/income-plan", {"fiscal_year_be": first.year + 544}
    await acts.wire.as_("coach").request("PUT", path, parameters=year, json={"months": months})
    await _until_it_is(acts, await _weigh(acts, other, LOST), "settled")
    return await _until_it_is(acts, await _weigh(acts, debtor, NUMBER), "settled")


async def _deliver_again(acts: Acts, lost: dict[str, Any]) -> None:
    """Debt, which has settled it, says so again when it is replayed; nothing is paid twice, and it can be undone."""
    paid = f"select sum(amount) from payment where delivery_id = '{lost['id']}'"
    assert acts.suite.query("debt", paid) == parse_baht(lost["debt"]) > 0
    assert await _weigh(acts, lost["member_id"], NUMBER) == lost["id"]
    acts.suite.command("replay", "debt")
    again = await _until_it_is(acts, lost["id"], "settled")
    assert again == lost
    assert acts.suite.query("debt", paid) == parse_baht(lost["debt"])

    reversal = {"reason": "entered twice", "reversed_on": AFTER.isoformat()}
    path = f"/livelihood/v1/produce-deliveries/{lost['id']}/reverse"
    await acts.wire.as_("officer").post(path, reversal, step="undo the sale")
    await _until_it_is(acts, lost["id"], "reversed")
    acts.played.deliveries_by_hand.append(lost["id"])
    acts.played.deliveries_reversed.append(lost["id"])


async def _weigh(acts: Acts, member: str, number: str) -> str:
    sale = {
        "member_id": member,
        "delivery_number": number,
        "delivered_on": AFTER.isoformat(),
        "crop": "rice_wet",
        "kilograms": "500.000",
        "price_per_kilogram": "8.00",
        "savings_share": "0.0300",
    }
    officer = acts.wire.as_("officer")
    return str((await officer.post("/livelihood/v1/produce-deliveries", sale, step=f"sale {number}"))["id"])


async def _until_it_is(acts: Acts, delivery_id: str, status: str) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        one: dict[str, Any] = await acts.wire.as_("officer").get(f"/livelihood/v1/produce-deliveries/{delivery_id}")
        return one if one["status"] == status else None

    return await until(f"delivery {delivery_id} to be {status}", found)


# --- literacy: training, a month of an account, a pledge ---


async def pledge_savings(suite: Suite, wire: Wire, *, step: str) -> str:
    """A member of the coach's pledges to save; its id."""
    member = suite.text("literacy", "select id from member where status = 'active' order by id limit 1")
    pledge = {"member_id": member, "amount_per_month": "100.00", "starts_on": AFTER.isoformat()}
    return str((await wire.as_("coach").post("/literacy/v1/savings-pledges", pledge, step=step))["id"])


async def _teach(acts: Acts) -> str:
    """A session is attended, and a pledge made; the pledge's id."""
    home = acts.played.cooperatives[0]
    coach = acts.wire.as_("coach")
    course = {"cooperative_id": home.id, "code": NUMBER, "title": NUMBER, "topic": "household_account"}
    opened = await coach.post("/literacy/v1/courses", course, step="a course more")
    path = f"/literacy/v1/courses/{opened['id']}/sessions"
    held = await coach.post(path, {"held_on": AFTER.isoformat()}, step="a session more")
    numbers = acts.suite.text(
        "registry",
        "select string_agg(member_number, ',') from (select member_number from member"
        f" where cooperative_id = '{home.id}' order by member_number limit 3) as three",
    )
    roll = {"member_numbers": numbers.split(",")}
    await coach.post(f"/literacy/v1/sessions/{held['id']}/roll-call", roll, step="a roll more")
    return await pledge_savings(acts.suite, acts.wire, step="a pledge more")


async def _teach_again(acts: Acts, lost: str) -> None:
    again = await _teach(acts)
    assert again != lost

    def attended() -> int:
        return acts.suite.query("reporting", f"select count(*) from attendance where attended_on = '{AFTER}'")

    await until("reporting to have the session once", lambda: _true(attended() == 3))


async def _true(holds: bool) -> bool | None:
    return True if holds else None


RESTORES: Mapping[str, Restore] = {
    "registry": Restore(
        {
            "debt": ("cooperative", "member", "external_debt", "enrolment", *_OFFICERS),
            "livelihood": ("cooperative", "member", "household", *_OFFICERS),
            "literacy": ("cooperative", "member", *_OFFICERS),
            "reporting": ("cooperative", "programme", "enrolment", "member", "household", *_OFFICERS),
        },
        _record_members,
        _record_members_again,
    ),
    "debt": Restore(
        {
            "livelihood": ("deduction_agreement",),
            "reporting": ("loan", "debt_case", "plan", "posting", "waiver", "deduction", "baseline", "close_statement"),
        },
        _pay,
        _pay_again,
    ),
    "livelihood": Restore(
        {
            "debt": ("income_plan",),
            "reporting": ("occupation_plan", "produce_delivery", "produce_settlement"),
        },
        _deliver,
        _deliver_again,
    ),
    "literacy": Restore(
        {"reporting": ("attendance", "assessment", "ledger_month", "savings_pledge")},
        _teach,
        _teach_again,
    ),
}
