"""What a service says about a kind of file: its columns, its key, and what to do with its rows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from shared.chassis.crypto import member_number_hash
from shared.chassis.database import WriteSession
from shared.chassis.reach import Reach

ColumnKind: TypeAlias = Literal["text", "money", "date", "month", "integer", "decimal", "national_id", "code"]

ACCEPTED = "accepted"
UNCHANGED = "unchanged"
OLDER = "older"

Outcome: TypeAlias = str
"""``accepted``, ``unchanged``, ``older``, ``waiting:<name>``, ``rejected:<code>`` or ``rejected:<code>:<column>``."""


def waiting(name: str) -> Outcome:
    """The row waits for what `name` names, e.g. ``member:<hash>``."""
    return f"waiting:{name}"


def rejected(code: str, column: str = "") -> Outcome:
    """The row is refused."""
    return f"rejected:{code}:{column}" if column else f"rejected:{code}"


def member_named(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keyed hash of the member whom a row names by co-operative and number: what a feed often derives."""
    return {"member": member_number_hash(data["cooperative_code"], data["member_number"])}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    Attributes:
        name: the English heading, and the name of the value in a row's data.
        heading_th: the Thai heading, accepted as well.
        kind: how the text is read. In a row's data: text and code are text; money is an integer of satang; date and
            month are ISO text (a month its first day); integer is an integer; decimal is decimal text; national_id is
            13 digits.
        required: every row needs a value. A file may leave out a column that is not required.
        choices: the codes a code column takes, in the form to store; case does not matter in the file.
        negative: money, integer and decimal may be below zero.
        minimum: the smallest value; satang for money.
        maximum: the largest value; satang for money.
        places_max: decimal places a decimal may have.
        length_max: characters a text or code may have; the setting's bound when None.
        pattern: a regular expression that a text or code must match as a whole.
        not_after_as_of: a date or month must not lie after the day the file stands for.
    """

    name: str
    heading_th: str
    kind: ColumnKind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    negative: bool = False
    minimum: int | None = None
    maximum: int | None = None
    places_max: int = 6
    length_max: int | None = None
    pattern: str | None = None
    not_after_as_of: bool = False


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One row to apply. A value absent from `data` was an empty cell: leave what is stored. None clears it."""

    row_number: int
    data: Mapping[str, Any]


class Chunk(NamedTuple):
    """Rows of a file that are applied in one transaction: the numbers of the first and the last, and how many."""

    first: int
    last: int
    rows: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file that was sent."""

    id: UUID
    kind: str
    as_of: date
    requested_by: str
    reach: Reach


Validate: TypeAlias = Callable[[WriteSession, Delivery], Awaitable[object]]  # what it returns does not matter
Apply: TypeAlias = Callable[[WriteSession, Delivery, list[FeedRow]], Awaitable[Mapping[int, Outcome]]]
Completed: TypeAlias = Callable[[WriteSession, Delivery, Mapping[str, int]], Awaitable[None]]
Derive: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class FeedKind:
    """One kind of file.

    Attributes:
        name: in ``?kind=`` of the route.
        columns: in the order of a template.
        key: columns that together name a row; a second row of a file with the same values is refused.
        apply: takes at most `settings.feed_chunk_rows` rows in one transaction with the sender's reach, and says of
            every row what became of it. It may be called again for rows that waited.
        validate: marks rows by SQL before any is applied, with the helpers of this package (:func:`reject_where`,
            :func:`wait_where`, …). It sees all rows still to do (``feed_row`` of this delivery, status ``staged``),
            and runs again for rows that waited.
        derive: more values for a row's data, computed as it is read (keyed hashes, which SQL cannot compute). It is
            given the row's typed values.
        completed: called in the transaction that completes the delivery for the first time, with the counts.
        independent: no two rows of a file concern the same thing, so that two chunks may be applied side by side, each
            in a transaction of its own. `apply` must then take its locks in one order, whatever the rows.
    """

    name: str
    columns: Sequence[Column]
    key: Sequence[str]
    apply: Apply
    validate: Validate | None = None
    derive: Derive | None = None
    completed: Completed | None = None
    independent: bool = False
    by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})
        unknown = [name for name in self.key if name not in self.by_name or not self.by_name[name].required]
        if unknown or not self.key:
            raise ValueError(f"feed {self.name}: every key column must be a required column, not {unknown}")


def outcome_of(
    stored: Mapping[str, Any] | None, stored_as_of: date | None, incoming: Mapping[str, Any], as_of: date
) -> Outcome:
    """What becomes of a row that holds a state, by the rule of all feeds.

    Args:
        stored: the values now stored for its key, None when there are none.
        stored_as_of: the day those stand for.
        incoming: the values of the row, empty cells absent.
        as_of: the day the file stands for.

    Returns:
        ``older`` when what is stored stands for a later day; ``unchanged`` when nothing would change; else
        ``accepted``. A service keeps the later day for an unchanged row too, and publishes nothing.
    """
    if stored is None:
        return ACCEPTED
    if stored_as_of is not None and stored_as_of > as_of:
        return OLDER
    return UNCHANGED if all(stored.get(name) == value for name, value in incoming.items()) else ACCEPTED
