"""Debt: what is owed, and how it is paid."""

from services.debt.cases import service as cases
from services.debt.cases.routes import router as cases_router
from services.debt.closing import service as closing
from services.debt.closing.jobs import TASKS
from services.debt.closing.routes import router as closes_router
from services.debt.code_lists.domain import CODE_LISTS
from services.debt.deductions import service as deductions
from services.debt.inbox import INBOX
from services.debt.loans import service as loans
from services.debt.loans.feed import LOANS
from services.debt.loans.routes import router as loans_router
from services.debt.loans.schedules.routes import router as schedules_router
from services.debt.payments import service as payments
from services.debt.payments.feed import PAYMENTS
from services.debt.payments.routes import router as payments_router
from services.debt.plans import service as plans
from services.debt.plans.routes import router as plans_router
from shared.chassis.feeds.routes import feed_router
from shared.chassis.http.code_lists import code_list_router
from shared.chassis.jobs import job_router
from shared.chassis.service import Service
from shared.contracts.debt import EVENTS

FEED_KINDS = (LOANS, PAYMENTS)

SERVICE = Service(
    name="debt",
    title_en="Plodnee debt",
    title_th="หนี้สินและแผนชำระหนี้",
    routers=[
        schedules_router,  # asked most: a request's path is compared with one route after another
        loans_router,
        payments_router,
        closes_router,
        cases_router,
        plans_router,
        code_list_router(CODE_LISTS, "loan:read"),
        feed_router(FEED_KINDS),
        job_router(),
    ],
    inbox=INBOX,
    tasks=TASKS,
    feed_kinds=FEED_KINDS,
    events=EVENTS,
    tell_again=[
        loans.tell_again,
        cases.tell_again,
        plans.tell_again,
        payments.tell_again,
        deductions.tell_again,
        closing.tell_again,
    ],
)
