"""What debt owns: every payment has settled what it should, and a case ends as paid only when nothing is overdue."""

from collections import defaultdict

from demo.story.checks import Check, verdict
from demo.story.ledger import LoanYear, count_payments, faults_of_loan
from demo.story.owners import DebtBooks
from demo.story.recompute import LoanBook


def check_ledgers(books: DebtBooks, loans: list[LoanYear]) -> list[Check]:
    """The lines of the ledger against another arithmetic, and the cases against the ledger."""
    numbers = {one.loan_id: one.loan_number for one in books.loans}
    faults = [f"loan {numbers[one.loan_id]}: {fault}" for one in loans for fault in faults_of_loan(one)]
    return [
        verdict("payments settle what they should", faults, f"{count_payments(loans)} payments on {len(loans)} loans"),
        _paid_cases(books),
    ]


def _paid_cases(books: DebtBooks) -> Check:
    """A case was resolved as paid on a day when its member had nothing overdue at that co-operative."""
    of_member: defaultdict[tuple[str, str], list[LoanBook]] = defaultdict(list)
    for book in books.loans:
        of_member[book.cooperative_id, book.member_id].append(book)
    paid = [one for one in books.cases if one.resolution == "paid"]
    faults = [
        f"member {one.member_id} owed {overdue} satang overdue on {one.resolved_on}"
        for one in paid
        if one.resolved_on is not None
        and (overdue := sum(book.overdue(one.resolved_on) for book in of_member[one.cooperative_id, one.member_id]))
    ]
    return verdict("who is resolved as paid owes nothing overdue", faults, f"{len(paid)} cases")
