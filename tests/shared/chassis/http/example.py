"""A tiny service that only tests have: notes that belong to a co-operative, behind every device of the chassis."""

import asyncio
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, HTTPException, Request, Response, Security
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from shared.chassis.auth.caller import Caller, require
from shared.chassis.database import WriteSession
from shared.chassis.http.access_log import log_access
from shared.chassis.http.bulk import BulkResult, run_bulk
from shared.chassis.http.concurrency import IfMatch, etag_of, require_match
from shared.chassis.http.csv_stream import csv_stream
from shared.chassis.http.idempotency import IdempotentRoute
from shared.chassis.http.pagination import Page, PageParameters, page_of
from shared.chassis.http.problems import problem_responses
from shared.chassis.http.sessions import AuditedReading, Reading, SlowPlace, Writing
from shared.chassis.service import Service
from shared.kernel.errors import Conflict, NotFound

# The database of this service stands in for one of the five: the chassis knows no sixth name.
NAME = "literacy"

TABLES_SQL = f"""
    create table cooperative (id uuid primary key, province_code text not null, district_code text not null);
    create table note (
        id uuid primary key,
        cooperative_id uuid not null references cooperative (id),
        title text not null unique,
        version integer not null default 1,
        pages smallint not null default 1 check (pages > 0)
    );
    create table deferred_unique (title text unique deferrable initially deferred);
    grant select on cooperative to plodnee_{NAME}_api;
    grant select, insert, update on note, deferred_unique to plodnee_{NAME}_api;
    alter table cooperative enable row level security;
    create policy reach on cooperative for all to plodnee_{NAME}_api using (
        (select current_setting('plodnee.everything', true)) = 'on'
        or province_code = any ((select string_to_array(current_setting('plodnee.provinces', true), ','))::text[])
        or id = any ((select string_to_array(nullif(current_setting('plodnee.cooperatives', true), ''), ','))::uuid[])
    );
    alter table note enable row level security;
    create policy reach on note for all to plodnee_{NAME}_api
        using (exists (select 1 from cooperative reached where reached.id = note.cooperative_id));
"""

NoteReader = Annotated[Caller, Security(require("note:read"))]
NoteWriter = Annotated[Caller, Security(require("note:write"))]


class NewNote(BaseModel):
    """A note to write."""

    cooperative_id: UUID
    title: Annotated[str, Field(max_length=40)]
    pages: int = 1


class Note(BaseModel):
    """A note as shown."""

    id: UUID
    title: str
    version: int


class NoteClosed(Conflict):
    """The note takes no more changes."""

    type = "note-closed"
    title_en = "The note is closed"
    title_th = "บันทึกปิดแล้ว"


class Gate:
    """Lets a test hold a request inside its transaction."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.may_leave = asyncio.Event()


gates: dict[str, Gate] = {}
effects: list[str] = []

router = APIRouter(route_class=IdempotentRoute)


async def _insert(session: WriteSession, note: NewNote) -> Note:
    note_id = uuid4()
    await session.execute(
        "insert into note (id, cooperative_id, title, pages) values (:id, :cooperative_id, :title, :pages)",
        id=note_id,
        cooperative_id=note.cooperative_id,
        title=note.title,
        pages=note.pages,
    )
    if note.title.startswith("closed"):
        raise NoteClosed("Closed in September", "ปิดเมื่อเดือนกันยายน")
    return Note(id=note_id, title=note.title, version=1)


@router.post("/notes", status_code=201, responses=problem_responses(409, NoteClosed))
async def write_note(note: NewNote, caller: NoteWriter, session: Writing, response: Response) -> Note:
    """Write a note."""
    effects.append(note.title)
    written = await _insert(session, note)
    if note.title in gates:
        gates[note.title].entered.set()
        await gates[note.title].may_leave.wait()
    response.headers["ETag"] = etag_of(written.version)
    response.headers["Location"] = f"/{NAME}/v1/notes/{written.id}"
    return written


@router.post("/notes/bulk", status_code=207)
async def write_notes(notes: list[NewNote], caller: NoteWriter, session: Writing) -> BulkResult[Note]:
    """Write many notes."""
    return await run_bulk(session, notes, lambda note: _insert(session, note), key=lambda note: note.title)


@router.get("/notes")
@router.get("/kept-notes")
async def list_notes(caller: NoteReader, session: Reading, page: PageParameters) -> Page[Note]:
    """List notes."""
    after = page.after(str, UUID)
    rows = await session.fetch(
        """
        select id, title, version from note
         where cast(:title as text) is null or (title, id) > (cast(:title as text), cast(:id as uuid))
         order by title, id limit :limit
        """,
        title=after[0] if after else None,
        id=after[1] if after else None,
        limit=page.fetch_limit,
    )
    return page_of(rows, page, lambda row: (row["title"], row["id"]), Note.model_validate)


@router.get("/notes.csv")
async def export_notes(
    request: Request, caller: NoteReader, _place: SlowPlace, rows: int = 3, pause_seconds: float = 0
) -> StreamingResponse:
    """Export notes."""
    sql = "select n as number, 'บันทึก ' || n as title, 100 / (case when n = 250000 then 0 else 1 end) as share"
    source = "generate_series(1, $1::integer) n, (select pg_sleep($2::float8)) paused"
    return csv_stream(request, caller.reach, f"{sql} from {source}", rows, pause_seconds, filename="notes.csv")


@router.get("/notes/{note_id}", responses=problem_responses(404))
async def read_note(note_id: UUID, caller: NoteReader, session: AuditedReading, response: Response) -> Note:
    """Read a note."""
    row = await session.fetch_one("select id, title, version from note where id = :id", id=note_id)
    if row is None:
        raise NotFound
    await log_access(session, caller, "note-read", [note_id], "test")
    response.headers["ETag"] = etag_of(row["version"])
    return Note.model_validate(row)


@router.patch("/notes/{note_id}", responses=problem_responses(404, 412, 428))
async def change_note(
    note_id: UUID, note: NewNote, caller: NoteWriter, session: Writing, if_match: IfMatch = None
) -> Note:
    """Change a note."""
    row = await session.fetch_one("select version from note where id = :id for update", id=note_id)
    if row is None:
        raise NotFound
    require_match(if_match, row["version"])
    await session.execute(
        "update note set title = :title, version = version + 1 where id = :id", title=note.title, id=note_id
    )
    return Note(id=note_id, title=note.title, version=row["version"] + 1)


@router.post("/notes/{note_id}/touch", responses=problem_responses(404, 412, 428))
async def touch_note(note_id: UUID, caller: NoteWriter, session: Writing, if_match: IfMatch = None) -> Note:
    """Raise the version of a note."""
    row = await session.fetch_one("select title, version from note where id = :id for update", id=note_id)
    if row is None:
        raise NotFound
    require_match(if_match, row["version"])
    await session.execute("update note set version = version + 1 where id = :id", id=note_id)
    return Note(id=note_id, title=row["title"], version=row["version"] + 1)


@router.post("/note-searches")
async def search_notes(note: NewNote, caller: NoteReader, session: AuditedReading) -> list[Note]:
    """Search notes: a POST that changes nothing, so it takes no key."""
    return [Note.model_validate(row) for row in await session.fetch("select id, title, version from note")]


@router.post("/deferred")
async def break_at_commit(caller: NoteWriter, session: Writing) -> dict[str, str]:
    """Write what the database refuses only at the commit."""
    await session.execute("insert into deferred_unique (title) values ('same'), ('same')")
    return {"told": "too early"}


@router.post("/failures/{kind}")
async def fail(kind: str, caller: NoteWriter, session: Writing) -> dict[str, str]:
    """Fail in a way of the test's choosing."""
    if kind == "secret":
        raise RuntimeError("national id 1234567890121 of สมชาย is wrong")
    if kind == "slow":
        await session.execute("set local statement_timeout = 50")
        await session.execute("select pg_sleep(5)")
    if kind == "lock":
        await session.execute("do $$ begin raise exception 'x' using errcode = '55P03'; end $$")
    if kind == "serialization":
        await session.execute("do $$ begin raise exception 'x' using errcode = '40001'; end $$")
    if kind == "teapot":
        raise HTTPException(418)
    return {}


@router.get("/slow-answer")
async def slow_answer(caller: NoteReader, session: Reading) -> dict[str, str]:
    """Hold the only connection until the gate opens."""
    await session.scalar("select 1")
    gates["slow"].entered.set()
    await gates["slow"].may_leave.wait()
    return {}


SERVICE = Service(NAME, "Notes", "บันทึก", [router], migrated=False)
