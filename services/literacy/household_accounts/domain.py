"""The categories of a household account. They follow the tables of the Office of Agricultural Economics."""

CATEGORIES = (
    "farm_income",
    "farm_cost",
    "nonfarm_income",
    "food",
    "other_consumption",
    "debt_service",
    "saving",
)
