"""K01, its parts, K17, K21 and counts: what reporting answers over HTTP against another recomputation, exactly."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from demo.story import inputs
from demo.story.checks import Check, verdict
from demo.story.client import Caller, Wire
from demo.story.owners import DebtBooks
from demo.story.played import Played
from demo.story.recompute import (
    PARTS,
    CohortFigure,
    LoanBook,
    Received,
    Recovery,
    Sale,
    by_cooperative,
    cohort_figure,
    differences,
    recovery,
)
from shared.kernel.money import format_baht, parse_baht

REACHED_PARTS = 10
"""A place has reached its target when its overdue debt fell by a tenth: the method's target of K01."""


async def check_figures(wire: Wire, played: Played, books: DebtBooks, produce_debt: int) -> list[Check]:
    """Everything that is a figure.

    Args:
        wire: clients of the suite.
        played: what was played.
        books: what debt owns.
        produce_debt: what livelihood says that deliveries paid into debt and was not undone, in satang.
    """
    chief, analyst = wire.as_("chief"), wire.as_("analyst")
    options = played.options
    return [
        _cohort_of_the_files(played, books),
        _parts_explain_the_change(played, books),
        await _k01(chief, played, options.province, books.loans),
        await _k01(analyst, played, "TH", books.loans),
        await _k01_by_cooperative(chief, played, books.loans),
        await _k01_by_month(chief, played, books.loans),
        await _k17(chief, played, books, produce_debt),
        await _counts(chief, played, books),
        await _k21(chief, played),
        _payments_of_the_files(played, books),
    ]


def _cohort_of_the_files(played: Played, books: DebtBooks) -> Check:
    """The loans overdue at the baseline, and by how much, are those that the co-operatives' own files state."""
    codes = {one.id: one.code for one in played.cooperatives}
    stated = inputs.openings(played.options.folder)
    found = {
        (codes[book.cooperative_id], book.loan_number): overdue
        for book in books.loans
        if (overdue := book.overdue(played.options.baseline_on))
    }
    faults = [
        f"loan {number} of {code}: {found.get((code, number))} satang overdue, stated {stated.get((code, number))}"
        for code, number in sorted({*stated, *found})
        if stated.get((code, number)) != found.get((code, number))
    ]
    total = format_baht(sum(stated.values()), thousands=True)
    return verdict("cohort is that of the files", faults, f"{len(stated)} loans, {total} baht")


def _parts_explain_the_change(played: Played, books: DebtBooks) -> Check:
    """OD(t0) - OD(t) is the sum of the parts, in every co-operative and at every month-end."""
    faults = [
        f"{cooperative_id} at {day}: {gap} satang unexplained"
        for cooperative_id, loans in by_cooperative(books.loans).items()
        for day in played.options.month_ends
        if (gap := cohort_figure(loans, played.options.baseline_on, day).gap)
    ]
    return verdict("parts explain the change", faults, "in every co-operative at every month-end")


async def _k01(caller: Caller, played: Played, area: str, loans: list[LoanBook]) -> Check:
    options = played.options
    figure = await caller.get("/reporting/v1/kpis/K01", area=area, fiscal_year_be=options.fiscal_year_be)
    expected = cohort_figure(loans, options.baseline_on, options.last)
    faults = compare_cohort(expected, figure, options.last)
    fell = f"{format_baht(expected.change, thousands=True)} of {format_baht(expected.baseline, thousands=True)} baht"
    return verdict(f"K01 and its parts, {area}", faults, f"{fell}, {figure['value']} %")


async def _k01_by_cooperative(caller: Caller, played: Played, loans: list[LoanBook]) -> Check:
    options = played.options
    children = await caller.get(
        "/reporting/v1/kpis/K01/children",
        area=options.province,
        fiscal_year_be=options.fiscal_year_be,
        level="cooperative",
    )
    books = by_cooperative(loans)
    found = {child["area"]["code"]: child for child in children}
    faults = [f"{one.code} is missing" for one in played.cooperatives if one.id not in found]
    for one in played.cooperatives:
        if one.id in found:
            expected = cohort_figure(books.get(one.id, []), options.baseline_on, options.last)
            faults += [f"{one.code}: {fault}" for fault in compare_cohort(expected, found[one.id], options.last)]
    return verdict("K01 and its parts, each co-operative", faults, f"{len(played.cooperatives)} co-operatives")


async def _k01_by_month(caller: Caller, played: Played, loans: list[LoanBook]) -> Check:
    """Every month-end as it stands in the trend: what was posted later has not moved it."""
    options = played.options
    points = await caller.get(
        "/reporting/v1/kpis/K01/series", area=options.province, fiscal_year_be=options.fiscal_year_be
    )
    found = {point["date"]: point for point in points}
    faults = []
    for day in options.month_ends:
        point = found.get(day.isoformat())
        if point is None:
            faults.append(f"{day} is missing")
            continue
        expected = cohort_figure(loans, options.baseline_on, day)
        faults += [f"{day}: {fault}" for fault in compare_cohort(expected, point, None)]
    return verdict("K01 and its parts, each month-end", faults, f"{len(options.month_ends)} month-ends")


def compare_cohort(expected: CohortFigure, figure: dict[str, Any], as_of: date | None) -> list[str]:
    """Where a figure of K01 as reporting answers it differs from the recomputed one."""
    found = {part["code"]: parse_baht(part["value"]) for part in figure["parts"]}
    faults = differences(expected.parts, found, PARTS)
    faults += [f"unknown part {code}" for code in sorted(set(found) - set(PARTS))]
    amounts = {"OD(t0)": parse_baht(figure["denominator"]), "fall": parse_baht(figure["numerator"])}
    faults += differences({"OD(t0)": expected.baseline, "fall": expected.change}, amounts)
    if sum(found.values()) != amounts["fall"]:
        faults.append("the parts do not sum to the fall")
    faults += _compare_percent(expected.percent_hundredths, figure["value"])
    if as_of is not None:
        if figure["as_of"] != as_of.isoformat():
            faults.append(f"it stands for {figure['as_of']}")
        if figure["provisional"]:
            faults.append("it is provisional")
        if figure["cooperatives_reached"] != figure["cooperatives_total"]:
            faults.append(
                f"{figure['cooperatives_reached']} of {figure['cooperatives_total']} co-operatives reached it"
            )
    return faults


def _compare_percent(expected_hundredths: int | None, value: str | None) -> list[str]:
    found = None if value is None else int(Decimal(value).scaleb(2))
    if found == expected_hundredths:
        return []
    return [f"{value} % and not {expected_hundredths} hundredths of a percent"]


async def _k17(caller: Caller, played: Played, books: DebtBooks, produce_debt: int) -> Check:
    """Twice: by debt's payments, and without them by the payment files, what was done by hand, and livelihood."""
    options = played.options
    figure = await caller.get("/reporting/v1/kpis/K17", area=options.province, fiscal_year_be=options.fiscal_year_be)
    by_debt = recovery(books.received, options.first, options.last)
    without_debt = [*inputs.payments(options.folder, _ids_by_code(played)), *by_hand(played)]
    collected = recovery(without_debt, options.first, options.last).collected + produce_debt
    by_files = Recovery(produce_debt, collected)
    found = {"deducted": parse_baht(figure["numerator"]), "collected": parse_baht(figure["denominator"])}
    faults = []
    for source, expected in (("debt's payments", by_debt), ("files and deliveries", by_files)):
        wanted = {"deducted": expected.produce, "collected": expected.collected}
        faults += [f"by {source}: {fault}" for fault in differences(wanted, found)]
        faults += [f"by {source}: {fault}" for fault in _compare_percent(expected.percent_hundredths, figure["value"])]
    deducted = format_baht(by_debt.produce, thousands=True)
    return verdict("K17", faults, f"{deducted} baht deducted from produce, {figure['value']} % of all collected")


async def _counts(caller: Caller, played: Played, books: DebtBooks) -> Check:
    """K02 (places with a case; places whose overdue debt fell by a tenth), K08 (loans cured) and K14 (cases ended)."""
    options = played.options
    kpis = await caller.get("/reporting/v1/kpis", area=options.province, fiscal_year_be=options.fiscal_year_be)
    answered = {kpi["id"]: kpi for kpi in kpis}
    places = {part["code"]: part["value"] for part in answered["K02"]["parts"]}
    found = {
        "places": answered["K02"]["numerator"],
        **places,
        "cured": answered["K08"]["numerator"],
        "loans of the cohort": answered["K08"]["denominator"],
        "released": answered["K14"]["numerator"],
    }
    cohort = [book for book in books.loans if book.overdue(options.baseline_on)]
    falls = [cohort_figure(loans, options.baseline_on, options.last) for loans in by_cooperative(cohort).values()]
    expected = {
        "places": len({one.cooperative_id for one in books.cases}),
        "places_reached": sum(REACHED_PARTS * fall.change >= fall.baseline for fall in falls),
        "participants": len(books.cases),
        "cured": sum(not book.overdue(options.last) for book in cohort),
        "loans of the cohort": len(cohort),
        "released": sum(one.resolution in ("paid", "released") for one in books.cases),
    }
    faults = [
        f"{name}: {found.get(name)} and not {expected.get(name)}"
        for name in sorted({*expected, *found})
        if found.get(name) != expected.get(name)
    ]
    return verdict("K02, K08 and K14", faults, ", ".join(f"{name} {count}" for name, count in expected.items()))


async def _k21(caller: Caller, played: Played) -> Check:
    """By the scores of the training file."""
    options = played.options
    figure = await caller.get("/reporting/v1/kpis/K21", area=options.province, fiscal_year_be=options.fiscal_year_be)
    gains = inputs.gains(options.folder)
    return verdict("K21", compare_gains(gains, figure), f"{len(gains)} scored twice, {figure['value']} points gained")


def compare_gains(gains: list[Decimal], figure: dict[str, Any]) -> list[str]:
    """Where K21 as reporting answers it differs from the scores."""
    mean = (sum(gains) / Decimal(len(gains))).quantize(Decimal("0.01"), ROUND_HALF_UP) if gains else None
    found = (
        Decimal(figure["numerator"]),
        figure["denominator"],
        None if figure["value"] is None else Decimal(figure["value"]),
    )
    expected = (sum(gains), len(gains), mean)
    names = ("points gained", "scored twice", "mean")
    return [
        f"{name}: {one} and not {other}"
        for name, one, other in zip(names, found, expected, strict=True)
        if one != other
    ]


def by_hand(played: Played) -> list[Received]:
    """The payments that officers posted by hand, and their reversals."""
    found = []
    for payment in played.payments:
        found.append(Received(payment.cooperative_id, payment.channel, payment.amount, payment.posted_on))
        if payment.reversal_posted_on is not None:
            undone = Received(payment.cooperative_id, payment.channel, -payment.amount, payment.reversal_posted_on)
            found.append(undone)
    return found


def _payments_of_the_files(played: Played, books: DebtBooks) -> Check:
    """Every payment of the files and by hand is in the ledger on its day, and no other but those from produce."""
    wanted = [*inputs.payments(played.options.folder, _ids_by_code(played)), *by_hand(played)]
    # A correction of nothing but what was settled moves no money.
    posted = [one for one in books.received if one.channel != "produce" and one.amount]
    missing, extra = _unmatched(wanted, posted), _unmatched(posted, wanted)
    faults = [f"not posted: {one}" for one in missing] + [f"posted from nowhere: {one}" for one in extra]
    return verdict("payments are those sent in", faults, f"{len(wanted)} payments and reversals")


def _unmatched(these: list[Received], those: list[Received]) -> list[Received]:
    left: dict[Received, int] = {}
    for one in those:
        left[one] = left.get(one, 0) + 1
    unmatched = []
    for one in these:
        if left.get(one, 0):
            left[one] -= 1
        else:
            unmatched.append(one)
    return unmatched


def _ids_by_code(played: Played) -> dict[str, str]:
    return {one.code: one.id for one in played.cooperatives}


def sales_by_id(played: Played) -> dict[tuple[str, str], Sale]:
    """The sales of the file, by co-operative id and delivery number."""
    ids = _ids_by_code(played)
    return {(ids[code], number): sale for (code, number), sale in inputs.sales(played.options.folder).items()}
