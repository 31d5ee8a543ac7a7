"""What goes out over HTTP about files."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.chassis.database import Row
from shared.chassis.feeds.kinds import Column, FeedKind
from shared.chassis.feeds.messages import FILE_MESSAGES


class DeliveryError(BaseModel):
    """Why a whole file was refused."""

    code: str
    message_en: str
    message_th: str


class DeliveryDocument(BaseModel):
    """A file that was sent. When it is completed, rows = accepted + unchanged + older + waiting + rejected."""

    id: UUID
    kind: str
    as_of: date
    status: Literal["received", "staging", "validating", "applying", "completed", "failed"]
    job_id: UUID | None = Field(description="Progress: GET /jobs/{job_id}.")
    file_format: Literal["csv", "xlsx", "ndjson"]
    file_bytes: int
    sha256: str
    rows: int
    accepted: int
    unchanged: int = Field(description="Rows that say what was known already.")
    older: int = Field(description="Rows about things for which a later day's figures are known.")
    waiting: int = Field(description="Rows about somebody who is not known yet; they apply when he is.")
    rejected: int
    waiting_until: datetime = Field(description="Rows that still wait then are rejected.")
    error: DeliveryError | None
    received_at: datetime
    completed_at: datetime | None


class WaitingRow(BaseModel):
    """A row that waits."""

    row: int = Field(description="As a spreadsheet counts: the headings are row 1. In NDJSON, the line.")
    waiting_for: str = Field(examples=["member"])
    waiting_until: datetime


class ColumnDocument(BaseModel):
    """A column of a kind of file."""

    name: str
    heading_th: str
    kind: str
    required: bool
    choices: list[str]


class KindDocument(BaseModel):
    """A kind of file this service takes."""

    kind: str
    key: list[str] = Field(description="Columns that together name a row; a file may hold each key once.")
    columns: list[ColumnDocument]


def document_of(row: Row) -> DeliveryDocument:
    """A delivery as it is shown; one whose job ended before its time is shown as failed."""
    status, error = row["status"], None
    if row["error_code"] is not None:
        error = DeliveryError(code=row["error_code"], message_en=row["error_en"], message_th=row["error_th"])
    elif status != "completed" and row["job_status"] in ("failed", "cancelled"):
        status = "failed"
        code = "cancelled" if row["job_status"] == "cancelled" else "internal"
        error = DeliveryError(code=code, message_en=FILE_MESSAGES[code].en, message_th=FILE_MESSAGES[code].th)
    taken = row["accepted"] + row["unchanged"] + row["older"] + row["rejected"]
    return DeliveryDocument(
        **{name: row[name] for name in DeliveryDocument.model_fields if name not in ("status", "error", "waiting")},
        status=status,
        error=error,
        waiting=row["rows"] - taken if status == "completed" else 0,
    )


def kind_document(kind: FeedKind) -> KindDocument:
    """The kind as the API shows it."""

    def column_document(column: Column) -> ColumnDocument:
        return ColumnDocument(
            name=column.name,
            heading_th=column.heading_th,
            kind=column.kind,
            required=column.required,
            choices=list(column.choices),
        )

    return KindDocument(kind=kind.name, key=list(kind.key), columns=[column_document(c) for c in kind.columns])
