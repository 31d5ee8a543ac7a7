"""One engine for every file that partners send, whatever the service.

    LOANS = FeedKind(
        name="loans",
        columns=[
            Column("cooperative_code", "รหัสสหกรณ์", "code", required=True),
            Column("member_number", "เลขทะเบียนสมาชิก", required=True),
            Column("loan_number", "เลขที่สัญญา", required=True),
            Column("principal", "ต้นเงินกู้", "money", minimum=1),
            Column("disbursed_on", "วันที่จ่ายเงินกู้", "date", not_after_as_of=True),
        ],
        key=("cooperative_code", "loan_number"),
        derive=member_named,          # values worked out of others, here the hash that names the member
        validate=validate_loans,      # reject_unknown_cooperatives, reject_where, wait_where: SQL over all rows at once
        apply=apply_loans,            # some thousand rows in one transaction -> an outcome per row
    )

The routes are ``routes.feed_router(kinds)``; the worker finds the kinds in the service's ``feed_kinds``.
"""

from shared.chassis.feeds.delivery import Arrived, wake_arrived, wake_later, wake_waiting
from shared.chassis.feeds.kinds import (
    ACCEPTED,
    OLDER,
    UNCHANGED,
    Column,
    Delivery,
    FeedKind,
    FeedRow,
    Outcome,
    member_named,
    outcome_of,
    rejected,
    waiting,
)
from shared.chassis.feeds.marking import reject_out_of_reach, reject_unknown_cooperatives, reject_where, wait_where

__all__ = [
    "ACCEPTED",
    "OLDER",
    "UNCHANGED",
    "Arrived",
    "Column",
    "Delivery",
    "FeedKind",
    "FeedRow",
    "Outcome",
    "member_named",
    "outcome_of",
    "reject_out_of_reach",
    "reject_unknown_cooperatives",
    "reject_where",
    "rejected",
    "wait_where",
    "waiting",
    "wake_arrived",
    "wake_later",
    "wake_waiting",
]
