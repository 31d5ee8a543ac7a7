"""The published distributions that the feeds are drawn from, each with its source.

``Sxx`` is a public source of the list in the domain reference, section 12. ``ASSUMPTION`` marks a value for which no
public source was found: it was chosen so that the demonstration can work, and is not evidence about anybody.
"""

from random import Random

from demo.generator.randomness import Weighted, poisson

# --- Institutions ---------------------------------------------------------------------------------------------------

COOPERATIVES_BY_REGION = {"BKK": 8, "C": 576, "N": 895, "NE": 1378, "S": 736}
"""Agricultural co-operatives by region on 1 January 2011, n = 3,593 (S28)."""

MEMBERS_BY_REGION = {"BKK": 14_543, "C": 928_033, "N": 1_635_017, "NE": 2_814_785, "S": 720_433}
"""Members of those co-operatives (S28)."""

PROVINCES_OUTSIDE_PROGRAMME = frozenset({"10", "11", "12"})
"""Programme A reaches 74 of 77 provinces; which three are outside was not found. ASSUMPTION: these, the most urban."""

INSTITUTION_KINDS = Weighted({"cooperative": 75, "farmer_group": 25})
"""ASSUMPTION, near the operating institutions of the agricultural sector (S127: 3,982 co-ops, 4,145 groups), with more
weight on co-operatives because groups are small."""

COOPERATIVE_TYPES = Weighted(
    {"agricultural": 80, "settlement": 5, "fishery": 3, "thrift": 3, "store": 1, "service": 3, "credit_union": 5}
)
"""ASSUMPTION: the programmes are about farmers' debt, so types outside agriculture are rarer than registered (S30)."""

FARMER_GROUP_TYPES = Weighted({"rice": 45, "field_crop": 25, "orchard": 12, "livestock": 15, "fishery": 3})
"""The five types of the Royal Decree B.E. 2547 (S50, S51); the weights are an ASSUMPTION."""

STRENGTH_LEVELS = Weighted({"1": 22, "2": 52, "3": 22, "": 4})
"""ASSUMPTION. Empty: not assessed. Level 4 is only for institutions that stopped operating."""


def members_weight(random: Random, kind: str) -> float:
    """Members of an institution: lognormal(5.85, 1.59), one province 2566-67, n = 108 (S40).

    Clipped between the smallest reported (22) and the 90th percentile (2,375), or one institution would hold the
    province. Farmer groups are a quarter as large (ASSUMPTION).
    """
    weight = min(max(random.lognormvariate(5.85, 1.59), 22.0), 2375.0)
    return weight if kind == "cooperative" else max(weight / 4, 22.0)


def non_performing_share(random: Random) -> float:
    """Share of an institution's borrowers in long arrears: Beta(2, 6.4), mean 0.24 (mean S76, shape ASSUMPTION)."""
    return random.betavariate(2, 6.4)


# --- People ---------------------------------------------------------------------------------------------------------

FEMALE_SHARE = 0.357
ASSOCIATE_SHARE = 0.036
"""Women and associate members among members (S40)."""

AGE_BANDS = Weighted({(22, 24): 0.3, (25, 34): 2.7, (35, 44): 10, (45, 54): 24, (55, 64): 35, (65, 84): 28})
"""Holders' age in 2013 (S121) moved to a mean of 58 with 28 % over 64 in 2566 (ASSUMPTION)."""

MEMBER_STATUSES = Weighted({"active": 95, "suspended": 1, "resigned": 1.7, "expelled": 0.5, "deceased": 1.8})
"""ASSUMPTION."""

REPEAT_SHARE = 0.058
"""Members who are also members of the institution listed before theirs, drawn before the check that such a person
exists there; 2 to 3 % of the members remain. A person may belong to several co-ops (S03); the share: ASSUMPTION."""

REGISTERED_FARMER_SHARE = 0.88
"""ASSUMPTION: members with a farmer household number."""

HOUSEHOLD_SIZES = Weighted({1: 13, 2: 24, 3: 29, 4: 20, 5: 10, 6: 4})
"""Mean 3.0, from one to six; the mean is of the domain reference §8, the shape an ASSUMPTION."""

# --- Land and crops -------------------------------------------------------------------------------------------------

LAND_BANDS_RAI = Weighted({(1, 5): 23.3, (6, 9): 13.8, (10, 39): 50.7, (40, 139): 11.7, (140, 220): 0.5})
"""Holdings by size in 2013 (S122); the top of the last band is an ASSUMPTION."""

LAND_DOCUMENTS = Weighted({"โฉนด": 48, "น.ส.3ก": 12, "ส.ป.ก.4-01": 22, "สัญญาเช่า": 13, "ภ.บ.ท.5": 5})
"""ASSUMPTION. Tenure: 78.7 % own, 11.3 % not own, 10 % mixed (S122)."""

CROPS_BY_REGION = {
    "N": Weighted({"rice_wet": 44, "rice_dry": 9, "maize": 22, "cassava": 6, "sugarcane": 4, "longan": 10,
                   "rubber": 1, "vegetable": 4}),
    "NE": Weighted({"rice_wet": 54, "rice_dry": 4, "cassava": 18, "sugarcane": 13, "maize": 4, "rubber": 5,
                    "vegetable": 2}),
    "C": Weighted({"rice_wet": 40, "rice_dry": 20, "sugarcane": 15, "cassava": 10, "maize": 6, "longan": 2,
                   "vegetable": 7}),
    "S": Weighted({"rubber": 70, "rice_wet": 18, "vegetable": 12}),
    "BKK": Weighted({"rice_wet": 40, "rice_dry": 20, "vegetable": 40}),
}  # fmt: skip
"""Zones: second rice in the Central region and the North, cassava and sugarcane in the Northeast (S102). The weights
are an ASSUMPTION."""

# --- Loans ----------------------------------------------------------------------------------------------------------

BORROWER_SHARE = 0.711
"""Holders' households with debt, census 2566 (S114)."""

LOAN_TYPES = Weighted({"short": 45, "medium": 38, "long": 17})
"""ASSUMPTION."""

LOAN_FREQUENCIES = Weighted({"harvest": 50, "yearly": 34, "monthly": 16})
"""ASSUMPTION: farm loans mostly mature once a year (domain reference §4.5)."""

LOAN_METHODS = Weighted({"equal_principal": 62, "equal_instalment": 28, "flat": 10})
DAY_COUNTS = Weighted({"actual/365": 80, "30/360": 20})
"""ASSUMPTION."""

INSTALMENTS = {
    ("short", "monthly"): (6, 12), ("short", "yearly"): (1, 1),
    ("medium", "monthly"): (18, 36), ("medium", "yearly"): (2, 4),
    ("long", "monthly"): (48, 84), ("long", "yearly"): (5, 12),
}  # fmt: skip
"""Short up to one crop year, medium to three to five years, long to fifteen (domain reference §4.2, ASSUMPTION)."""

LATE_PERFORMING = Weighted({"on_time": 65, "month": 10, "quarter": 8})
"""Payment delay: on time 65 %, 1-30 days 10 %, 31-90 days 8 %; the rest is the non-performing share
(domain reference §8, ASSUMPTION)."""

MISSED_MORE_SHARE = 0.42
"""ASSUMPTION: a non-performing borrower who missed n seasons missed one more with this share."""

NEWLY_DISTRESSED_SHARE = 0.012
"""ASSUMPTION: performing loans that stop being paid in the year."""

NON_PERFORMING_BEHAVIOURS = Weighted({"cured": 6, "recovering": 32, "serving": 28, "stuck": 34})
"""ASSUMPTION, set so that the overdue debt of the cohort falls by roughly 10 to 20 % in the year, produce included:
the programme's target is 10 %."""

RECOVERED_PERCENT = (20, 55)
"""ASSUMPTION: what recovering borrowers pay of what was past due."""

PAYMENT_CHANNELS = Weighted({"cash": 62, "transfer": 31, "savings_set_off": 7})
"""ASSUMPTION."""


def principal_baht(random: Random) -> float:
    """Principal of a loan: lognormal(10.92, 1.12), median 55,400 baht, fitted to the co-operative lender column of
    the Khon Kaen census (S117) and the mean of 2018 (S78). Clipped to 3,000 and 1,500,000 baht."""
    return min(max(random.lognormvariate(10.92, 1.12), 3_000.0), 1_500_000.0)


def rate_basis_points(random: Random) -> int:
    """Contract rate: 6 to 12 % a year, mode 8.5 %, in quarters of a point (domain reference §4.2, ASSUMPTION)."""
    return round(random.triangular(600, 1200, 850) / 25) * 25


def loans_of_borrower(random: Random) -> int:
    """Loans of one borrowing member: 1 + Poisson(0.6), five at most (ASSUMPTION)."""
    return min(1 + poisson(random, 0.6), 5)


# --- Debts to others ------------------------------------------------------------------------------------------------

EXTERNAL_SHARES = {"baac": 0.528, "village_fund": 0.28}
"""Lenders of indebted holders, census 2566 (S114)."""


def external_outstanding_baht(random: Random, creditor: str) -> float:
    """Farm debt by lender, Khon Kaen census (S117): BAAC near lognormal(10.75, 1.15), village fund near
    lognormal(9.65, 0.75); the fits are DERIVED from the bands."""
    if creditor == "baac":
        return min(max(random.lognormvariate(10.95, 1.15), 2_000.0), 2_000_000.0)
    return min(max(random.lognormvariate(9.65, 0.75), 1_000.0), 75_000.0)


# --- Learning -------------------------------------------------------------------------------------------------------

LITERACY_MEAN, LITERACY_DEVIATION = 71.0, 12.0
"""Financial literacy 2020: 71.0 % (S108, S109); the deviation is an ASSUMPTION."""

GAIN_MEAN, GAIN_DEVIATION = 8.0, 6.0
"""ASSUMPTION: points gained in a course."""

KEEPER_SHARE_OVERDUE, KEEPER_SHARE_OTHERS = 0.30, 0.08
"""ASSUMPTION: members who keep a household account."""

KEPT_MONTHS = Weighted({(1, 2): 15, (3, 5): 30, (6, 8): 35, (9, 11): 20})
"""ASSUMPTION: most keepers close three months or more."""

HOUSEHOLD_ECONOMY_BAHT = {
    "N": (209_000, 137_000, 172_000, 36_456, 81_880),
    "NE": (113_000, 76_000, 206_000, 29_668, 88_873),
    "C": (372_000, 242_000, 254_000, 60_852, 110_688),
    "S": (236_000, 131_000, 220_000, 55_239, 92_737),
    "BKK": (372_000, 242_000, 254_000, 60_852, 110_688),
}
"""Farm income, farm cost, non-farm income, food, other consumption, baht per household and year: the survey of 2559/60
(S26), the farm side times 1.25 and the non-farm income times 1.4 (ASSUMPTION). Bangkok takes the Central region's."""
