"""Five examples of schedule previews for the API pages and ``docs/schedules.md``; the engine itself works them."""

from typing import Any, NamedTuple


class Example(NamedTuple):
    """A body to send, and what it shows."""

    name: str
    title_en: str
    title_th: str
    shows_en: str
    body: dict[str, Any]


EXAMPLES: tuple[Example, ...] = (
    Example(
        "level_instalments",
        "Level instalments with a short first period",
        "ผ่อนเท่ากันทุกงวด งวดแรกสั้น",
        "From 15 January to 1 February is 17 of the 31 nights of a full period, so the first interest is 17/31 of a "
        "month's. The last row takes the residue.",
        {
            "principal": "60000.00", "annual_rate": "0.0750", "method": "equal_instalment", "day_count": "30/360",
            "disbursed_on": "2024-01-15", "first_due_on": "2024-02-01", "instalments": 6,
        },
    ),
    Example(
        "harvest_months",
        "Paid at harvest, by the income expected",
        "ชำระตามฤดูเก็บเกี่ยวตามรายได้ที่คาด",
        "Principal falls due at the end of April and of November, in the proportion 1 to 2.5. Nights are counted, and "
        "that of 31 December belongs to the later year.",
        {
            "principal": "84000.00", "annual_rate": "0.0600", "method": "equal_principal", "day_count": "actual/actual",
            "disbursed_on": "2023-09-10",
            "harvest_months": [{"month": 4, "weight": "1"}, {"month": 11, "weight": "2.5"}], "instalments": 4,
        },
    ),
    Example(
        "rate_change",
        "The rate falls inside a period",
        "ลดอัตราดอกเบี้ยระหว่างงวด",
        "The rate changes on 15 February: 14 nights of the period from 1 February to 1 March bear the old rate and 15 "
        "the new one. Past rows stay; the others are levelled again.",
        {
            "principal": "120000.00", "annual_rate": "0.0900", "method": "equal_instalment", "day_count": "30/360",
            "disbursed_on": "2024-01-01", "instalments": 8,
            "changes": [{"type": "rate_change", "from": "2024-02-15", "annual_rate": "0.0500"}],
        },
    ),
    Example(
        "late_payment",
        "A late payment, and the pay-off",
        "ชำระล่าช้า และยอดปิดบัญชี",
        "The instalment of 1 March comes 19 days late: until then its principal bears the contract's rate, never "
        "interest on interest. Instalments stay as they were; the last row takes what the lateness cost.",
        {
            "principal": "48000.00", "annual_rate": "0.0800", "method": "equal_instalment", "day_count": "actual/365",
            "disbursed_on": "2024-01-01", "instalments": 6,
            "payments": [{"on": "2024-02-01", "amount": "8190.00"}, {"on": "2024-03-20", "amount": "8190.00"}],
            "as_of": "2024-03-25",
        },
    ),
    Example(
        "re_age",
        "What is unpaid goes into new instalments",
        "จัดงวดชำระใหม่จากยอดค้าง",
        "After two missed instalments everything unpaid goes into ten new ones: principal, and the interest payable to "
        "date, each in equal shares. A partly paid row is due what was paid; rows that nobody paid become zero.",
        {
            "principal": "90000.00", "annual_rate": "0.0850", "method": "equal_instalment", "day_count": "30/360",
            "disbursed_on": "2024-01-01", "instalments": 6,
            "payments": [{"on": "2024-02-01", "amount": "15376.00"}, {"on": "2024-03-05", "amount": "5000.00"}],
            "changes": [
                {
                    "type": "re_age", "on": "2024-04-10", "start_on": "2024-05-01", "instalments": 10,
                    "every": {"count": 1, "unit": "month"}, "interest": "to_date",
                },
            ],
        },
    ),
)  # fmt: skip
