"""Livelihood: how income grows, and how produce sold through the co-operative pays the debt."""

from services.livelihood.code_lists.domain import CODE_LISTS
from services.livelihood.crops.routes import router as crops_router
from services.livelihood.deliveries import service as deliveries
from services.livelihood.deliveries.feed import PRODUCE
from services.livelihood.deliveries.routes import router as deliveries_router
from services.livelihood.inbox import INBOX
from services.livelihood.incomes import service as incomes
from services.livelihood.incomes.jobs import TASKS
from services.livelihood.incomes.routes import router as incomes_router
from shared.chassis.feeds.routes import feed_router
from shared.chassis.http.code_lists import code_list_router
from shared.chassis.jobs import job_router
from shared.chassis.service import Service
from shared.contracts.livelihood import EVENTS

FEED_KINDS = (PRODUCE,)

SERVICE = Service(
    name="livelihood",
    title_en="Livelihood: expected income, produce and its deduction",
    title_th="อาชีพและรายได้: รายได้ที่คาด ผลผลิต และการหักชำระหนี้",
    routers=[
        crops_router,
        incomes_router,
        deliveries_router,
        code_list_router(CODE_LISTS, "livelihood:read"),
        feed_router(FEED_KINDS),
        job_router(),
    ],
    inbox=INBOX,
    tasks=TASKS,
    feed_kinds=FEED_KINDS,
    events=EVENTS,
    tell_again=[incomes.tell_again, deliveries.tell_again],
)
