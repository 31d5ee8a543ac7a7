"""The roll-call file of a training: who came, and the scores before and after."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.literacy.courses import repository
from services.literacy.courses.service import Attendee, Scored, record_attendance, record_scores
from services.literacy.projections.repository import find_members_by_number
from shared.chassis.database import Row, WriteSession
from shared.chassis.feeds import (
    ACCEPTED,
    OLDER,
    UNCHANGED,
    Column,
    Delivery,
    FeedKind,
    FeedRow,
    Outcome,
    member_named,
    reject_out_of_reach,
    waiting,
)
from shared.kernel.identifiers import uuid7


async def _apply(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    members = await find_members_by_number(session, [row.data["member"] for row in rows])
    known = [row for row in rows if row.data["member"] in members]
    attendees = await _attendees(session, known, members)
    new = await record_attendance(session, list(attendees.values()))
    scores = {row.row_number: _scores(row, attendees[row.row_number], delivery.as_of) for row in known}
    stated = [score for row in known for score in scores[row.row_number]]
    revised = await record_scores(session, stated, newest_wins=True)
    rescored = {(row["course_id"], row["member_id"], row["scored_on"]) for row in revised}
    kept = await repository.kept_scores(session, [_key(score) for score in stated])
    outcomes: dict[int, Outcome] = {}
    for row in rows:
        attendee = attendees.get(row.row_number)
        if attendee is None:
            outcomes[row.row_number] = waiting(f"member:{row.data['member']}")
        else:
            is_changed = attendee in new or (attendee.course_id, attendee.member_id, attendee.held_on) in rescored
            # Of another session the later score counts; of this session a file stated since has corrected it.
            is_older = any(
                kept[_key(score)][1] == score.scored_on and kept[_key(score)][0] != score.score
                for score in scores[row.row_number]
            )
            outcomes[row.row_number] = ACCEPTED if is_changed else OLDER if is_older else UNCHANGED
    return outcomes


def _key(score: Scored) -> tuple[UUID, UUID, str]:
    return score.course_id, score.member_id, score.phase


async def _attendees(session: WriteSession, rows: Sequence[FeedRow], members: Mapping[str, Row]) -> dict[int, Attendee]:
    """Each row's member at its session; courses and sessions that are new are made."""
    courses = {(members[row.data["member"]]["cooperative_id"], row.data["course_code"]): row for row in rows}
    await repository.insert_courses(
        session,
        [
            {
                "id": uuid7(),
                "cooperative_id": cooperative_id,
                "code": code,
                "title": row.data.get("course_title") or code,
                "topic": "household_account",
                "version": 1,
            }
            for (cooperative_id, code), row in courses.items()
        ],
    )
    course_ids = await repository.course_ids(session, list(courses))
    places = {}
    for row in rows:
        cooperative_id = members[row.data["member"]]["cooperative_id"]
        day = date.fromisoformat(row.data["session_date"])
        places[row.row_number] = (cooperative_id, course_ids[cooperative_id, row.data["course_code"]], day)
    await repository.insert_sessions(
        session,
        [
            {"id": uuid7(), "course_id": course_id, "cooperative_id": cooperative_id, "held_on": day}
            for cooperative_id, course_id, day in set(places.values())
        ],
    )
    session_ids = await repository.session_ids(session, [place[1:] for place in set(places.values())])
    attendees = {}
    for row in rows:
        cooperative_id, course_id, day = places[row.row_number]
        member_id = members[row.data["member"]]["id"]
        attendees[row.row_number] = Attendee(session_ids[course_id, day], course_id, cooperative_id, member_id, day)
    return attendees


def _scores(row: FeedRow, attendee: Attendee, as_of: date) -> list[Scored]:
    scores = []
    for phase in ("pre", "post"):
        score = row.data.get(f"{phase}_score")
        if score is not None:
            scores.append(
                Scored(
                    course_id=attendee.course_id,
                    cooperative_id=attendee.cooperative_id,
                    member_id=attendee.member_id,
                    phase=phase,
                    score=Decimal(score),
                    scored_on=attendee.held_on,
                    as_of=as_of,
                )
            )
    return scores


TRAINING = FeedKind(
    name="training",
    columns=[
        Column("cooperative_code", "รหัสสหกรณ์", "code", required=True, length_max=40),
        Column("course_code", "รหัสหลักสูตร", "code", required=True, length_max=40),
        Column("course_title", "ชื่อหลักสูตร", length_max=200),
        Column("session_date", "วันที่อบรม", "date", required=True, not_after_as_of=True),
        Column("member_number", "เลขทะเบียนสมาชิก", "code", required=True, length_max=40),
        Column("pre_score", "คะแนนก่อนอบรม", "decimal", places_max=2, minimum=0, maximum=100),
        Column("post_score", "คะแนนหลังอบรม", "decimal", places_max=2, minimum=0, maximum=100),
    ],
    key=("cooperative_code", "course_code", "session_date", "member_number"),
    derive=member_named,
    validate=reject_out_of_reach,
    apply=_apply,
)
