"""Courses with pre and post scores, and household accounts by month and category."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from demo.generator import distributions
from demo.generator.institutions import Institution
from demo.generator.people import Member
from demo.generator.randomness import rounded
from shared.kernel.calendar import add_months

TRAINING_COLUMNS = (
    "cooperative_code", "course_code", "course_title", "session_date", "member_number", "pre_score", "post_score",
)  # fmt: skip
ACCOUNT_COLUMNS = ("cooperative_code", "member_number", "month", "category", "amount")

COURSES = (
    ("ACC", "บัญชีครัวเรือนและการออม", 2),
    ("DEBT", "ดอกเบี้ย ดอกเบี้ยผิดนัด และการตัดชำระหนี้", 4),
)
"""Course, title, and the month of the fiscal year in which its first session is held (0 is October)."""
SESSIONS_A_COURSE = 2
TRAINED_SHARE_OVERDUE, TRAINED_SHARE_OTHERS = 0.55, 0.10
"""ASSUMPTION."""


def draw_training(random: Random, member: Member, first: date, *, overdue: bool) -> Iterator[list[str]]:
    """The rows of training.csv of one member: at most one session of each course."""
    institution = member.institution
    share = TRAINED_SHARE_OVERDUE if overdue else TRAINED_SHARE_OTHERS
    for code, title, month in COURSES:
        if random.random() >= share:
            continue
        session = random.randrange(SESSIONS_A_COURSE)
        pre = min(max(random.gauss(distributions.LITERACY_MEAN, distributions.LITERACY_DEVIATION), 20), 96)
        gain = random.gauss(distributions.GAIN_MEAN, distributions.GAIN_DEVIATION)
        yield [
            institution.code,
            code,
            institution.style.text(title, random),
            institution.style.date(session_date(institution, first, month, session)),
            member.number,
            str(round(pre)),
            str(round(min(max(pre + gain, 0), 100))),
        ]


def session_date(institution: Institution, first: date, month: int, session: int) -> date:
    """When an institution holds a session: the same day for everybody who attends it."""
    return add_months(first, month + 4 * session) + timedelta(days=(institution.ordinal * 5 + session * 3) % 26)


def draw_account_months(
    random: Random, member: Member, first: date, harvest_months: frozenset[int], *, overdue: bool
) -> Iterator[list[str]]:
    """The rows of household_accounts.csv of one member: consecutive months, one row a category that has an amount."""
    share = distributions.KEEPER_SHARE_OVERDUE if overdue else distributions.KEEPER_SHARE_OTHERS
    if random.random() >= share:
        return
    low, high = distributions.KEPT_MONTHS.pick(random)
    kept = random.randint(low, high)
    start = random.randint(1, 12 - kept)
    scale = random.lognormvariate(0, 0.4)
    for offset in range(start, start + kept):
        month = add_months(first, offset)
        harvest = month.month in harvest_months
        for category, amount in _month_amounts(random, member.institution.region, scale, harvest, len(harvest_months)):
            style = member.institution.style
            yield [member.institution.code, member.number, style.month(month), category, style.money(amount)]


def _month_amounts(
    random: Random, region: str, scale: float, harvest: bool, harvests: int
) -> Iterator[tuple[str, int]]:
    """One month's amounts in satang: income in the harvest months, costs and living spread over the year."""
    farm_income, farm_cost, nonfarm, food, other = distributions.HOUSEHOLD_ECONOMY_BAHT[region]
    yearly = {
        "farm_income": farm_income / max(harvests, 1) * 12 if harvest else 0,
        "farm_cost": 0 if harvest else farm_cost,
        "nonfarm_income": nonfarm,
        "food": food,
        "other_consumption": other,
        "debt_service": 0 if not harvest and random.random() < 0.6 else farm_income / 6,
        "saving": 0 if random.random() < 0.35 else nonfarm / 20,
    }
    for category, baht in yearly.items():
        if baht > 0:
            yield category, rounded(baht * 100 / 12 * scale * random.uniform(0.6, 1.4), 1)
