"""Literacy: how people learn, keep a household account, and save."""

from services.literacy.code_lists.domain import CODE_LISTS
from services.literacy.courses import service as courses
from services.literacy.courses.feed import TRAINING
from services.literacy.courses.routes import router as courses_router
from services.literacy.household_accounts import service as household_accounts
from services.literacy.household_accounts.feed import HOUSEHOLD_ACCOUNTS
from services.literacy.household_accounts.routes import router as household_accounts_router
from services.literacy.inbox import INBOX
from services.literacy.savings import service as savings
from services.literacy.savings.routes import router as savings_router
from shared.chassis.feeds.routes import feed_router
from shared.chassis.http.code_lists import code_list_router
from shared.chassis.jobs import job_router
from shared.chassis.service import Service
from shared.contracts.literacy import EVENTS

FEED_KINDS = (TRAINING, HOUSEHOLD_ACCOUNTS)

SERVICE = Service(
    name="literacy",
    title_en="Literacy: courses, household accounts, savings",
    title_th="ความรู้ทางการเงิน: หลักสูตร บัญชีครัวเรือน การออม",
    routers=[
        courses_router,
        household_accounts_router,
        savings_router,
        code_list_router(CODE_LISTS, "literacy:read"),
        feed_router(FEED_KINDS),
        job_router(),
    ],
    inbox=INBOX,
    feed_kinds=FEED_KINDS,
    events=EVENTS,
    tell_again=[courses.tell_again, household_accounts.tell_again, savings.tell_again],
)
