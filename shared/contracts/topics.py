"""The topic catalogue: what is spoken of between services, by whom, to whom, and under which key.

All topics are kept for ever and never compacted. A topic stands here from its first producer on.
"""

from typing import Final

from shared.chassis.events import Topic

COOPERATIVE: Final = Topic(
    name="plodnee.registry.cooperative",
    kind="state",
    key="co-operative",
    description="A co-operative or farmer group, whole.",
    producer="registry",
    consumers=("debt", "livelihood", "literacy", "reporting"),
)
MEMBER: Final = Topic(
    name="plodnee.registry.member",
    kind="state",
    key="member",
    description="A person's membership of one co-operative: status, household, merged into.",
    producer="registry",
    consumers=("debt", "livelihood", "literacy", "reporting"),
)
HOUSEHOLD: Final = Topic(
    name="plodnee.registry.household",
    kind="state",
    key="household",
    description="A farm household: size, plots and their crops.",
    producer="registry",
    consumers=("livelihood", "reporting"),
)
ASSIGNMENT: Final = Topic(
    name="plodnee.registry.assignment",
    kind="state",
    key="officer",
    description="All co-operatives an officer is assigned to, with dates: the officer's reach.",
    producer="registry",
    consumers=("debt", "livelihood", "literacy", "reporting"),
)
PROGRAMME: Final = Topic(
    name="plodnee.registry.programme",
    kind="state",
    key="programme",
    description="A programme with its phases and targets.",
    producer="registry",
    consumers=("reporting",),
)
ENROLMENT: Final = Topic(
    name="plodnee.registry.enrolment",
    kind="state",
    key="enrolment",
    description="A co-operative's part in a programme's phase.",
    producer="registry",
    consumers=("debt", "reporting"),
)
EXTERNAL_DEBT: Final = Topic(
    name="plodnee.registry.external-debt",
    kind="state",
    key="debt",
    description="A debt to another lender, resolved to a person.",
    producer="registry",
    consumers=("debt",),
)
LOAN: Final = Topic(
    name="plodnee.debt.loan",
    kind="state",
    key="loan",
    description="A loan's balances, class and oldest unpaid due date; sent when a transaction or a due date alters it.",
    producer="debt",
    consumers=("reporting",),
)
CASE: Final = Topic(
    name="plodnee.debt.case",
    kind="state",
    key="case",
    description="A debt case: stage, segment, capacity ratios.",
    producer="debt",
    consumers=("reporting",),
)
PLAN: Final = Topic(
    name="plodnee.debt.plan",
    kind="state",
    key="plan",
    description="A repayment plan: measures, deduction share, standing.",
    producer="debt",
    consumers=("livelihood", "reporting"),
)
PAYMENT: Final = Topic(
    name="plodnee.debt.payment",
    kind="fact",
    key="loan",
    description="Payments, reversals and waivers as they were posted.",
    producer="debt",
    consumers=("reporting",),
)
DEDUCTION: Final = Topic(
    name="plodnee.debt.deduction",
    kind="fact",
    key="delivery",
    description="What became of a deduction from produce that livelihood asked for.",
    producer="debt",
    consumers=("livelihood", "reporting"),
)
CLOSE: Final = Topic(
    name="plodnee.debt.close",
    kind="fact",
    key="co-operative",
    description="Baselines frozen and business dates closed, with stocks, cohorts and control totals.",
    producer="debt",
    consumers=("reporting",),
)
OCCUPATION: Final = Topic(
    name="plodnee.livelihood.occupation",
    kind="state",
    key="occupation plan",
    description="Expected income and cost by month.",
    producer="livelihood",
    consumers=("debt", "reporting"),
)
PRODUCE: Final = Topic(
    name="plodnee.livelihood.produce",
    kind="fact",
    key="delivery",
    description="Produce delivered through the co-operative, the deduction asked for, and its end.",
    producer="livelihood",
    consumers=("debt", "reporting"),
)
LEARNING: Final = Topic(
    name="plodnee.literacy.learning",
    kind="fact",
    key="member",
    description="Sessions attended and tests scored.",
    producer="literacy",
    consumers=("reporting",),
)
LEDGER_MONTH: Final = Topic(
    name="plodnee.literacy.ledger-month",
    kind="state",
    key="household account month",
    description="One month of a household account: totals by category.",
    producer="literacy",
    consumers=("reporting",),
)
SAVINGS: Final = Topic(
    name="plodnee.literacy.savings",
    kind="state",
    key="pledge",
    description="A savings pledge.",
    producer="literacy",
    consumers=("reporting",),
)
