"""A second, independent reader of the feeds: it shares no code with the generator or with the services.

It knows the columns' kinds and nothing of what was planted, reads every row and says what is wrong with it.
"""

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")

CROPS = {"rice_wet", "rice_dry", "maize", "cassava", "sugarcane", "longan", "rubber", "vegetable"}
CHOICES = {
    "kind": {"cooperative", "farmer_group"},
    "cooperative_type": {
        "agricultural", "fishery", "settlement", "thrift", "store", "service", "credit_union",
        "rice", "field_crop", "orchard", "livestock",
    },
    "sex": {"M", "F"},
    "member_kind": {"ordinary", "associate"},
    "status": {"active", "suspended", "resigned", "expelled", "deceased"},
    "crop": CROPS,
    "loan_type": {"short", "medium", "long"},
    "method": {"equal_instalment", "equal_principal", "flat"},
    "frequency": {"monthly", "yearly", "harvest"},
    "day_count": {"30/360", "actual/365"},
    "channel": {"cash", "transfer", "savings_set_off"},
    "creditor": {"baac", "village_fund"},
    "category": {
        "farm_income", "farm_cost", "nonfarm_income", "food", "other_consumption", "debt_service", "saving",
    },
}  # fmt: skip
DATES = {
    "registered_on", "birth_date", "joined_on", "planted_on", "disbursed_on", "first_due_on", "cut_over_on",
    "opening_last_paid_on", "paid_on", "as_of", "delivered_on", "session_date",
}  # fmt: skip
MONEY = {
    "principal", "opening_principal", "opening_interest", "opening_fee", "opening_overdue_principal", "amount",
    "outstanding", "annual_payment", "price_per_kilogram",
}  # fmt: skip
NUMBERS = {
    "size", "area_rai", "annual_rate", "instalments", "kilograms", "savings_share", "pre_score", "post_score",
}  # fmt: skip
MAY_BE_EMPTY = {"strength_level", "phone", "household_number", "harvest_months", "opening_last_paid_on"}

KEYS = {
    "cooperatives.csv": ("cooperative_code",),
    "members.csv": ("cooperative_code", "member_number"),
    "farm_households.csv": ("household_number",),
    "plots.csv": ("household_number", "plot_number"),
    "loans.csv": ("cooperative_code", "loan_number"),
    "payments.csv": ("cooperative_code", "receipt_number"),
    "external_debts.csv": ("national_id", "creditor", "contract_number"),
    "produce.csv": ("cooperative_code", "delivery_number"),
    "training.csv": ("cooperative_code", "course_code", "session_date", "member_number"),
    "household_accounts.csv": ("cooperative_code", "member_number", "month", "category"),
}


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with the number that a spreadsheet shows, Thai digits and spaces made plain."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            yield number, {column: text.translate(THAI_DIGITS).strip() for column, text in row.items()}


def accepted_rows(path: Path, known_cooperatives: set[str]) -> Iterator[tuple[int, dict[str, str], str | None]]:
    """Every row with what is wrong with it, or None."""
    seen: set[tuple[str, ...]] = set()
    key_columns = KEYS[path.name]
    for number, row in read_rows(path):
        problem = problem_of(row)
        if problem is None and path.name in ("members.csv", "farm_households.csv"):
            problem = None if row["cooperative_code"] in known_cooperatives else "unknown_cooperative"
        if problem is None:
            key = tuple(normalised(column, row[column]) for column in key_columns)
            problem = "duplicate_in_file" if key in seen else None
            seen.add(key)
        yield number, row, problem


def problem_of(row: dict[str, str]) -> str | None:
    """The code of what makes a row unreadable."""
    for column, text in row.items():
        if not text:
            if column not in MAY_BE_EMPTY:
                return "missing_value"
            continue
        problem = problem_of_cell(column, text)
        if problem:
            return problem
    if "opening_principal" in row and money(row["opening_overdue_principal"]) > money(row["opening_principal"]):
        return "principal_mismatch"
    return None


def problem_of_cell(column: str, text: str) -> str | None:
    if column == "national_id":
        return None if has_right_check_digit(text.replace("-", "")) else "invalid_national_id"
    if column in DATES:
        return None if day(text) else "invalid_date"
    if column == "month":
        return None if day(f"{text}-01") else "invalid_month"
    if column in CHOICES and text not in CHOICES[column]:
        return "invalid_code"
    if column in MONEY or column in NUMBERS:
        try:
            number = Decimal(text.replace(",", ""))
        except InvalidOperation:
            return "invalid_number"
        if number < 0:
            return "negative_amount"
        if column in MONEY and number != round(number, 2):
            return "too_many_decimals"
    return None


def has_right_check_digit(digits: str) -> bool:
    weighted = sum(int(digit) * weight for digit, weight in zip(digits[:12], range(13, 1, -1), strict=True))
    return re.fullmatch(r"\d{13}", digits) is not None and (11 - weighted % 11) % 10 == int(digits[12])


def day(text: str) -> date | None:
    """A date in either era and either order, or None."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)|(\d\d)/(\d\d)/(\d{4})", text)
    if match is None:
        return None
    year, month, of_month = (int(match[place] or match[7 - place]) for place in (1, 2, 3)) if match[1] else (
        int(match[6]), int(match[5]), int(match[4])
    )  # fmt: skip
    if 2400 <= year <= 2700:
        year -= 543 - (1 if year < 2484 and month <= 3 else 0)
    try:
        return date(year, month, of_month) if year >= 1900 else None
    except ValueError:
        return None


def money(text: str) -> int:
    """Satang."""
    return int(Decimal(text.replace(",", "")) * 100)


def normalised(column: str, text: str) -> str:
    if column in DATES:
        return str(day(text))
    if column == "month":
        return str(day(f"{text}-01"))
    return text.replace("-", "") if column == "national_id" else text
