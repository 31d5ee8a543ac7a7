"""The categories of a household account. They follow the tables of the Office of Agricultural Economics."""

from services.literacy.code_lists.domain import CODE_LISTS

CATEGORIES = tuple(CODE_LISTS["category"])
