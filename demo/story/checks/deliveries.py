"""Every delivery of produce: gross = debt + savings + paid, nothing held, and debt agrees with what it was paid."""

from demo.story.checks import Check, verdict
from demo.story.checks.figures import sales_by_id
from demo.story.owners import DebtBooks
from demo.story.played import Played
from demo.story.recompute import Delivery, faults_of_delivery
from shared.kernel.money import format_baht


def check_deliveries(played: Played, deliveries: list[Delivery], books: DebtBooks) -> list[Check]:
    """The deliveries one by one, and that they are those sent in."""
    sales = sales_by_id(played)
    faults = []
    for one in deliveries:
        sale = sales.get((one.cooperative_id, one.delivery_number))
        applied = books.applied.get(one.delivery_id, 0)
        faults += [f"delivery {one.delivery_number}: {fault}" for fault in faults_of_delivery(one, sale, applied)]
    to_debt = format_baht(sum(one.debt for one in deliveries), thousands=True)
    found = {(one.cooperative_id, one.delivery_number) for one in deliveries}
    by_hand = {one.delivery_id for one in deliveries if (one.cooperative_id, one.delivery_number) not in sales}
    strangers = by_hand ^ set(played.deliveries_by_hand)
    lost = [f"delivery {number} was lost" for _, number in sorted(set(sales) - found)]
    undone = {one.delivery_id for one in deliveries if one.status == "reversed"}
    lost += [f"delivery {one} came from nowhere, or is lost" for one in sorted(strangers)]
    lost += [f"delivery {one} is reversed, or should be" for one in sorted(undone ^ set(played.deliveries_reversed))]
    return [
        verdict("gross = debt + savings + paid", faults, f"{len(deliveries)} deliveries, {to_debt} baht to the debt"),
        verdict("deliveries are those sent in", lost, f"{len(sales)} by file, {len(by_hand)} by hand"),
    ]
