"""Goal: a file is taken in whole and once, whatever is wrong with it and wherever the work is cut; nothing of what its
rows say outlives the work or leaves by the reject file."""

import re
from collections.abc import AsyncIterator, Mapping
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import orjson
import pytest

from shared.chassis import feeds
from shared.chassis.database import WriteSession
from shared.chassis.feeds import delivery as engine
from shared.chassis.feeds.kinds import Delivery, FeedKind, FeedRow
from shared.chassis.feeds.readers import RECORD_CHARACTERS_MAX
from shared.chassis.jobs import SYSTEM, JobContext, enqueue
from tests.shared.chassis.bare_service import as_owner
from tests.shared.chassis.feeds.conftest import Sender, SenderOf
from tests.shared.chassis.feeds.example import HEADINGS, TOOLS, add_member, counts, rows_of


async def test_good_file_is_stored_typed(sender: Sender) -> None:
    delivery = await sender.send(
        rows_of(
            'C1, ๐๑ ,,"๐-๐๐๐๐-๐๐๐๐๐-๐๑-๙",PUMP,"๑,๒๓๔.5",30/9/2565,๒๕๖๕-๐๙,๑๒,0.2500,ค',
            "C1,2,,,,,,,,,NULL",
            "",
            "C2,3,,,plough,0.05,2022-01-31,2022-01,1,,",
        )
    )
    assert (delivery["status"], counts(delivery)) == ("completed", {"rows": 3, "accepted": 3})
    tools = await sender.tools()
    assert tools["C1/๐๑"]["data"] == {
        "cooperative_code": "C1", "number": "๐๑", "holder": "0000000000019", "sort": "Pump", "price": 123450,
        "bought_on": "2022-09-30", "season": "2022-09-01", "pieces": 12, "share": "0.2500", "note": "ค",
    }  # fmt: skip
    assert tools["C1/2"]["data"] == {"cooperative_code": "C1", "number": "2", "note": None}
    assert await sender.count("select count(*) from feed_row") == 0
    assert await sender.count("select count(*) from feed_file_part") == 0
    assert await sender.count("select count(*) from completion") == 1


async def test_every_defect_is_rejected_with_its_code_and_nothing_else_is(sender: Sender) -> None:
    delivery = await sender.send(
        rows_of(
            "C1,1,,,,,,,,,fine",
            ",,,,,,,,,,no key",
            "NULL,3,,,,,,,,,",
            "C1,4,,1234567890123,,,,,,,",
            "C1,5,,,axe,,,,,,",
            "C1,6,,,,12.345,,,,,",
            "C1,7,,,,-1.00,,,,,",
            'C1,8,,,,"1,23",,,,,',
            "C1,9,,,,,31/02/2565,,,,",
            "C1,10,,,,,01/01/66,,,,",
            "C1,11,,,,,2022-10-01,,,,",
            "C1,12,,,,,,2565-13,,,",
            "C1,13,,,,,,,1.5,,",
            "C1,14,,,,,,,100,,",
            "C1,15,,,,,,,,0.12345,",
            "C1,16,,,,,,,,1e3,",
            "C1,1,,,,,,,,,again",
            f"C1,{'9' * 21},,,,,,,,,",
            "C1,19,,,,,,,,,a\x01b",
            "C1,20,,,,,,,,,a,b",
            "C7,21,,,,,,,,,",
            "C9,22,,,,,,,,,",
            "C1,23,,,,,,,,,bad",
            "C1,24,,,,,,,,,refuse",
            "C1,25,,,axe,x,,,,,",
        )
    )
    assert delivery["status"] == "completed"
    assert counts(delivery) == {"rows": 25, "accepted": 1, "rejected": 24}
    assert await sender.rejects(delivery["id"]) == [
        "3,cooperative_code,missing_value",
        "3,number,missing_value",
        "4,cooperative_code,missing_value",
        "5,holder,invalid_national_id",
        "6,sort,invalid_code",
        "7,price,too_many_decimals",
        "8,price,negative_amount",
        "9,price,invalid_number",
        "10,bought_on,invalid_date",
        "11,bought_on,invalid_date",
        "12,bought_on,date_after_as_of",
        "13,season,invalid_month",
        "14,pieces,too_many_decimals",
        "15,pieces,out_of_range",
        "16,share,too_many_decimals",
        "17,share,invalid_number",
        "18,,duplicate_in_file",
        "19,number,too_long",
        "20,note,invalid_text",
        "21,,wrong_column_count",
        "22,cooperative_code,unknown_cooperative",
        "23,cooperative_code,out_of_reach",
        "24,note,principal_mismatch",
        "25,price,principal_mismatch",
        "26,price,invalid_number",
        "26,sort,invalid_code",
    ]
    assert list(await sender.tools()) == ["C1/1"]


async def test_reject_file_has_both_languages_and_no_value_of_the_file(sender: Sender) -> None:
    delivery = await sender.send(rows_of("C1,1,,1234567890123,secret-sort,,,,,,secret-note"))
    response = await sender.client.get(f"/registry/v1/feed-deliveries/{delivery['id']}/rejects")
    text = response.content.decode("utf-8-sig")
    assert "A national id has 13 digits" in text
    assert "เลขประจำตัวประชาชนต้องมี 13 หลัก" in text
    assert "1234567890123" not in text
    assert "secret" not in text


async def test_row_with_a_defect_does_not_make_a_later_good_one_a_duplicate(sender: Sender) -> None:
    delivery = await sender.send(rows_of("C1,1,,,axe,,,,,,", "C1,1,,,plough,,,,,,"))
    assert await sender.rejects(delivery["id"]) == ["2,sort,invalid_code"]
    assert counts(delivery) == {"rows": 2, "accepted": 1, "rejected": 1}


async def test_same_file_twice_changes_nothing(sender: Sender) -> None:
    body = rows_of(*(f"C1,{number},,,,{number}.00,,,,,x" for number in range(10)))
    first = await sender.send(body)
    second = await sender.send(body)
    assert first["id"] != second["id"]
    assert counts(second) == {"rows": 10, "unchanged": 10}
    assert {tool["writes"] for tool in (await sender.tools()).values()} == {1}


async def test_older_file_never_overwrites_a_newer(sender: Sender) -> None:
    await sender.send(rows_of("C1,1,,,,9.00,,,,,new"), as_of="2022-09-30")
    delivery = await sender.send(rows_of("C1,1,,,,1.00,,,,,old", "C1,2,,,,1.00,,,,,"), as_of="2022-08-31")
    assert counts(delivery) == {"rows": 2, "accepted": 1, "older": 1}
    assert (await sender.tools())["C1/1"]["data"]["note"] == "new"


async def test_empty_cell_leaves_the_stored_value_and_null_clears_it(sender: Sender) -> None:
    await sender.send(rows_of("C1,1,,,,9.00,,,5,,first"))
    delivery = await sender.send(rows_of("C1,1,,,,NULL,,,,,"))
    assert counts(delivery) == {"rows": 1, "accepted": 1}
    data = (await sender.tools())["C1/1"]["data"]
    assert (data["price"], data["pieces"], data["note"]) == (None, 5, "first")


async def test_waiting_row_is_applied_when_what_it_waits_for_arrives(sender: Sender) -> None:
    delivery = await sender.send(rows_of("C1,1,M7,,,,,,,,", "C1,2,M8,,,,,,,,", "C1,3,,,,,,,,,wait", "C1,4,,,,,,,,,"))
    assert delivery["status"] == "completed"
    assert counts(delivery) == {"rows": 4, "accepted": 1, "waiting": 3}
    response = await sender.client.get(f"/registry/v1/feed-deliveries/{delivery['id']}/rows?status=waiting&limit=2")
    page = response.json()
    assert [(row["row"], row["waiting_for"]) for row in page["items"]] == [(2, "member"), (3, "member")]
    assert page["items"][0]["waiting_until"] == delivery["waiting_until"]
    response = await sender.client.get(
        f"/registry/v1/feed-deliveries/{delivery['id']}/rows?cursor={page['next_cursor']}&limit=2"
    )
    assert [(row["row"], row["waiting_for"]) for row in response.json()["items"]] == [(4, "loan")]

    async with sender.database.unscoped() as session:
        await add_member(session, "C1", "M7")
    await sender.run_jobs()
    delivery = await sender.delivery(delivery["id"])
    assert counts(delivery) == {"rows": 4, "accepted": 2, "waiting": 2}
    assert set(await sender.tools()) == {"C1/1", "C1/4"}
    assert await sender.count("select count(*) from completion") == 1


async def test_row_that_waited_does_not_overwrite_a_newer_file(sender: Sender) -> None:
    delivery = await sender.send(rows_of("C1,1,M7,,,1.00,,,,,"), as_of="2022-08-31")
    await sender.send(rows_of("C1,1,,,,9.00,,,,,"), as_of="2022-09-30")
    async with sender.database.unscoped() as session:
        await add_member(session, "C1", "M7")
    await sender.run_jobs()
    assert counts(await sender.delivery(delivery["id"])) == {"rows": 1, "older": 1}


async def test_row_that_waits_too_long_is_rejected(sender: Sender) -> None:
    delivery = await sender.send(rows_of("C1,1,M7,,,,,,,,", "C1,2,,,,,,,,,wait"))
    await as_owner(sender.settings, "update feed_delivery set received_at = received_at - interval '15 days'")
    async with sender.database.unscoped() as session:
        await enqueue(session, engine.WAITING_JOB_KIND, {}, requested_by=SYSTEM)
    await sender.run_jobs()
    assert counts(await sender.delivery(delivery["id"])) == {"rows": 2, "rejected": 2}
    assert await sender.rejects(delivery["id"]) == ["2,,unknown_member", "3,,unknown_loan"]
    assert await sender.count("select count(*) from feed_row") == 0


async def test_row_whose_second_try_broke_off_is_not_kept_beyond_the_bound(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = await sender.send(rows_of("C1,1,M7,,,,,,,,"))
    monkeypatch.setattr(engine, "_apply_chunk", AsyncMock(side_effect=ZeroDivisionError))
    async with sender.database.unscoped() as session:
        await add_member(session, "C1", "M7")
    await sender.run_jobs()
    assert await sender.count("select count(*) from feed_row where status = 'staged'") == 1
    await as_owner(sender.settings, "update feed_delivery set received_at = received_at - interval '15 days'")
    async with sender.database.unscoped() as session:
        await enqueue(session, engine.WAITING_JOB_KIND, {}, requested_by=SYSTEM)
    await sender.run_jobs()
    assert counts(await sender.delivery(delivery["id"])) == {"rows": 1, "rejected": 1}
    assert await sender.count("select count(*) from feed_row") == 0


async def test_night_tries_waiting_rows_again(sender: Sender) -> None:
    delivery = await sender.send(rows_of("C1,1,M7,,,,,,,,"))
    async with sender.database.unscoped() as session:
        await session.execute("insert into member (cooperative_code, number) values ('C1', 'M7')")
        await enqueue(session, engine.WAITING_JOB_KIND, {}, requested_by=SYSTEM)
    await sender.run_jobs()
    assert counts(await sender.delivery(delivery["id"])) == {"rows": 1, "accepted": 1}


async def test_the_planner_knows_the_rows_of_this_file_and_not_of_the_last(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the statistics of an earlier file it would expect none of them, and compare each row with each."""
    rows = 300
    await as_owner(
        sender.settings,
        f"""
        insert into feed_row (delivery_id, row_number, data)
        select '{uuid4()}', number, '{{}}' from generate_series(1, {rows}) number;
        analyze feed_row;
        delete from feed_row;
        """,
    )
    expected: list[int] = []
    validate = engine._validate

    async def look(context: JobContext, kind: FeedKind, delivery: Delivery) -> None:
        async with context.database.unscoped() as session:
            plan = await session.scalar(
                f"explain select from feed_row where delivery_id = '{delivery.id}' and status = 'staged'"
            )
        expected.append(int(re.findall(r"rows=(\d+)", plan)[0]))
        await validate(context, kind, delivery)

    monkeypatch.setattr(engine, "_validate", look)
    delivery = await sender.send("cooperative_code,number\n" + "".join(f"C1,{number}\n" for number in range(rows)))
    assert delivery["accepted"] == rows
    assert rows / 2 < expected[0] < rows * 2


@pytest.mark.parametrize("outcomes", [{}, {2: "accepted"}, {2: "accepted", 3: "perhaps"}, {2: "waiting:", 3: "older"}])
async def test_kind_that_forgets_a_row_fails_the_delivery(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, outcomes: Mapping[int, str]
) -> None:
    async def forgetful(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, str]:
        return outcomes

    response = await sender.post(rows_of("C1,1,,,,,,,,,", "C1,2,,,,,,,,,"))
    object.__setattr__(TOOLS, "apply", forgetful)
    try:
        await sender.run_jobs()
    finally:
        from tests.shared.chassis.feeds import example

        object.__setattr__(TOOLS, "apply", example.apply)
    delivery = await sender.delivery(response.json()["id"])
    assert (delivery["status"], delivery["error"]["code"], delivery["accepted"]) == ("failed", "internal", 0)
    assert await sender.count("select count(*) from feed_row") == 0


async def test_two_senders_do_not_see_each_others_deliveries(sender: Sender, sender_of: SenderOf) -> None:
    delivery = await sender.send(rows_of("C1,1,M7,,,,,,,,", ",2,,,,,,,,,"))
    stranger = await sender_of("stranger", areas=["52"])
    for path in ("", "/rejects", "/rows"):
        address = f"/registry/v1/feed-deliveries/{delivery['id']}{path}"
        assert (await stranger.client.get(address)).status_code == 404
        assert (await sender.client.get(address)).status_code == 200
    assert (await stranger.client.get("/registry/v1/feed-deliveries")).json()["items"] == []
    nation = await sender_of("agency", areas=["TH"])
    assert (await nation.delivery(delivery["id"]))["waiting"] == 1
    assert await nation.rejects(delivery["id"]) == ["3,cooperative_code,missing_value"]
    assert [item["id"] for item in (await nation.client.get("/registry/v1/feed-deliveries")).json()["items"]] == [
        delivery["id"]
    ]


def test_key_must_be_of_required_columns() -> None:
    with pytest.raises(ValueError, match="key column"):
        feeds.FeedKind(name="x", columns=TOOLS.columns, key=("note",), apply=TOOLS.apply)


async def test_ndjson_is_taken_in_as_the_same_rows_of_csv_are(sender: Sender) -> None:
    """Applied, unchanged, waiting and refused rows are the same; only the numbers differ, for want of headings."""
    rows = [
        {"cooperative_code": "C1", "number": "1", "price": "1,250.50", "bought_on": "30/09/2565", "pieces": "๓"},
        {"cooperative_code": "C1", "number": "2", "member_number": "9"},
        {"cooperative_code": "C1", "number": "3", "price": "-1.00"},
        {"cooperative_code": "C1", "price": "1.00"},
        {"cooperative_code": "ZZ", "number": "5"},
        {"cooperative_code": "C1", "number": "6", "note": "bad"},
        {"cooperative_code": "C1", "number": "7"},
        {"cooperative_code": "C1", "number": "7"},
    ]
    ndjson = "\n".join(orjson.dumps(row).decode() for row in rows)
    headings = list(dict.fromkeys(name for row in rows for name in row))
    csv_rows = [",".join(f'"{row.get(name, "")}"' for name in headings) for row in rows]
    first = await sender.send(ndjson, content_type="application/x-ndjson")
    assert first["status"] == "completed", first
    assert (first["file_format"], first["accepted"], first["waiting"], first["rejected"]) == ("ndjson", 2, 1, 5)
    second = await sender.send("\n".join([",".join(headings), *csv_rows]))
    assert (second["unchanged"], second["waiting"], second["rejected"]) == (2, 1, 5)
    stored = await sender.tools()
    assert {name: tool["writes"] for name, tool in stored.items()} == {"C1/1": 1, "C1/7": 1}
    refused = [line.split(",") for line in await sender.rejects(first["id"])]
    refused_of_csv = [line.split(",") for line in await sender.rejects(second["id"])]
    assert [[str(int(row) + 1), column, code] for row, column, code in refused] == refused_of_csv


async def test_the_first_line_of_ndjson_is_a_row(sender: Sender) -> None:
    sent = await sender.send('{"cooperative_code": "C1", "number": 17}', content_type="application/x-ndjson")
    assert (sent["rows"], sent["accepted"]) == (1, 1)
    assert list(await sender.tools()) == ["C1/17"]


async def test_ndjson_that_breaks_off_leaves_nothing(sender: Sender) -> None:
    sent = await sender.send(
        '{"cooperative_code": "C1", "number": "1"}\n{"cooperative_code": "C1"', content_type="application/x-ndjson"
    )
    assert sent["status"] == "failed"
    assert sent["error"]["code"] == "unreadable_ndjson"
    assert "row 2" in sent["error"]["message_en"]
    assert await sender.tools() == {}


async def test_rows_of_many_cells_are_not_gathered_by_the_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a megabyte of short cells weighs fifteen in memory: two thousand such rows would end the worker."""
    wide = ("aa," * 100_000 + "\n").encode()

    async def parts(_session: WriteSession, _delivery_id: UUID) -> AsyncIterator[bytes]:
        yield ",".join(HEADINGS).encode() + b"\n"
        for _ in range(20):
            yield wide

    monkeypatch.setattr(engine, "_parts", parts)
    sizes = [len(batch) async for batch in engine._batches(AsyncMock(), AsyncMock(), TOOLS, uuid4(), "csv")]
    assert sum(sizes) == 21
    assert max(sizes) * len(wide) <= engine.STAGE_BATCH_BYTES + 2 * RECORD_CHARACTERS_MAX
