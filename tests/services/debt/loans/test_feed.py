"""Goal: a loan enters the ledger once, with its opening position; rows wait for members, and nothing is overwritten."""

from datetime import date
from typing import Any

import pytest

from services.debt.loans.domain import LOAN_PRINCIPAL_MAX
from shared.chassis.database import WriteSession
from shared.chassis.feeds.messages import ROW_MESSAGES
from shared.kernel.money import format_baht
from tests.conftest import ClientOf
from tests.services.debt.world import World, loan_row, payment_row


async def test_loan_row_of_known_member_becomes_loan_with_instalments_and_event(
    world: World, client_of: ClientOf
) -> None:
    await world.cooperative()
    (member_id,) = await world.members("C1", "1")
    client = await client_of("debt", scopes="feed:write", areas=["52"])

    delivery = await world.send(client, "loans", [loan_row()])

    assert (delivery["status"], delivery["accepted"], delivery["rejected"]) == ("completed", 1, 0), delivery
    (loan,) = await world.rows("select * from loan")
    assert loan["member_id"] == member_id
    assert (loan["outstanding_principal"], loan["overdue_principal"], loan["overdue_interest"]) == (
        11_000_00, 3_000_00, 150_00,
    )  # fmt: skip
    assert loan["oldest_unpaid_due_on"] == date(2022, 7, 15)
    instalments = await world.rows("select * from instalment order by number")
    assert sum(part["principal"] for part in instalments) == 11_000_00
    assert [part["overdue_from"] for part in instalments[:4]] == [date(2022, 9, 30)] * 3 + [date(2022, 10, 16)]
    (event,) = await world.spoken("loan.recorded")
    assert event["loan_id"] == str(loan["id"])
    assert event["overdue_principal"] == "3000.00"


async def test_loan_of_unknown_member_waits_and_applies_when_the_member_comes(
    world: World, client_of: ClientOf
) -> None:
    await world.cooperative()
    client = await client_of("debt", scopes="feed:write", areas=["52"])
    delivery = await world.send(client, "loans", [loan_row("1"), loan_row("2", "L2")])
    assert (delivery["accepted"], delivery["waiting"]) == (0, 2)

    await world.members("C1", "1", "2")
    await world.run_jobs()

    delivery = (await client.get(f"/debt/v1/feed-deliveries/{delivery['id']}")).json()
    assert (delivery["accepted"], delivery["waiting"]) == (2, 0)


async def test_same_file_twice_changes_nothing(world: World, client_of: ClientOf) -> None:
    await world.cooperative()
    await world.members("C1", "1")
    client = await client_of("debt", scopes="feed:write", areas=["52"])
    await world.send(client, "loans", [loan_row()])

    delivery = await world.send(client, "loans", [loan_row()])

    assert (delivery["accepted"], delivery["unchanged"]) == (0, 1)
    assert await world.value("select count(*) from loan") == 1
    assert await world.value("select count(*) from loan_difference") == 0
    assert len(await world.spoken("loan.recorded")) == 1


async def test_later_file_with_other_balance_is_listed_and_never_overwrites(world: World, client_of: ClientOf) -> None:
    await world.cooperative()
    await world.members("C1", "1")
    client = await client_of("debt", scopes="feed:write", areas=["52"])
    await world.send(client, "loans", [loan_row()])

    await world.send(client, "loans", [loan_row(opening_principal="10500.00")])

    (difference,) = await world.rows("select field, ours, theirs from loan_difference")
    assert dict(difference) == {"field": "opening_principal", "ours": "11000.00", "theirs": "10500.00"}
    assert await world.value("select outstanding_principal from loan") == 11_000_00


async def test_newer_telling_of_a_day_replaces_what_an_older_one_said_of_its_loans(
    world: World, client_of: ClientOf
) -> None:
    await world.cooperative()
    await world.members("C1", "1")
    client = await client_of("debt", scopes="feed:write", areas=["52"])
    await world.send(client, "loans", [loan_row(), loan_row(number="L2"), loan_row(number="L3")])
    wrong = {"opening_principal": "10500.00", "opening_interest": "140.00"}
    everything = "select loan_number, field from loan_difference join loan on loan.id = loan_id"
    of_day = f"{everything} where loan_difference.as_of = '2022-10-31'"
    rows = [loan_row(**wrong), loan_row(number="L2", **wrong), loan_row(number="L3", **wrong)]
    await world.send(client, "loans", rows, as_of="2022-10-30")
    await world.send(client, "loans", rows, as_of="2022-10-31")
    assert len(await world.rows(of_day)) == 6

    # L1 agrees now, L2 in one of the two; of L3 the corrected file says nothing.
    corrected = [loan_row(), loan_row(number="L2", opening_interest="140.00")]
    await world.send(client, "loans", corrected, as_of="2022-10-31")

    left = {(row["loan_number"], row["field"]) for row in await world.rows(of_day)}
    assert left == {("L2", "opening_interest"), ("L3", "opening_principal"), ("L3", "opening_interest")}
    assert len(await world.rows(everything)) == 3 + 6  # those of another day stand


async def test_contradictory_opening_is_rejected_with_its_column(world: World, client_of: ClientOf) -> None:
    await world.cooperative()
    await world.members("C1", "1")
    client = await client_of("debt", scopes="feed:write", areas=["52"])

    delivery = await world.send(
        client,
        "loans",
        [
            loan_row(number="L1", opening_overdue_principal="99999999.00"),
            loan_row(number="L2", opening_principal="12000.01"),
        ],
    )

    rejects = (await client.get(f"/debt/v1/feed-deliveries/{delivery['id']}/rejects")).text
    assert [line.split(",")[:3] for line in rejects.strip().splitlines()[1:]] == [
        ["2", "opening_overdue_principal", "principal_mismatch"],
        ["3", "opening_principal", "principal_mismatch"],
    ]


async def test_terms_of_which_no_schedule_can_be_made_are_their_own_rows_fault(
    world: World, client_of: ClientOf
) -> None:
    await world.cooperative()
    await world.members("C1", "1")
    client = await client_of("debt", scopes="feed:write", areas=["52"])

    delivery = await world.send(
        client,
        "loans",
        [
            loan_row(number="L1", first_due_on="2020-01-15"),
            loan_row(number="L2", frequency="harvest", harvest_months=""),
            loan_row(number="L3"),
        ],
    )

    assert (delivery["status"], delivery["accepted"], delivery["rejected"]) == ("completed", 1, 2), delivery
    rejects = (await client.get(f"/debt/v1/feed-deliveries/{delivery['id']}/rejects")).text
    assert [line.split(",")[:3] for line in rejects.strip().splitlines()[1:]] == [
        ["2", "first_due_on", "out_of_order"],
        ["3", "harvest_months", "out_of_range"],
    ]


async def test_a_loan_whose_late_interest_could_not_be_stored_is_rejected_and_the_largest_is_paid(
    world: World, client_of: ClientOf
) -> None:
    await world.cooperative()
    await world.members("C1", "1")
    client = await client_of("debt", scopes="feed:write payment:write", areas=["52"])
    largest = format_baht(LOAN_PRINCIPAL_MAX)
    too_large = format_baht(LOAN_PRINCIPAL_MAX + 1)

    delivery = await world.send(
        client,
        "loans",
        [
            loan_row(number="L1", principal=too_large),
            loan_row(number="L2", annual_rate="0.15", cut_over_on="1995-01-31", disbursed_on="1990-01-15",
                     first_due_on="1990-02-15", principal=largest, opening_principal=largest,
                     opening_overdue_principal=largest, instalments="1", opening_last_paid_on=""),
        ],
    )  # fmt: skip

    assert (delivery["accepted"], delivery["rejected"]) == (1, 1), delivery
    rejects = (await client.get(f"/debt/v1/feed-deliveries/{delivery['id']}/rejects")).text
    assert rejects.strip().splitlines()[1].split(",")[:3] == ["2", "principal", "principal_too_large"]
    assert format_baht(LOAN_PRINCIPAL_MAX, thousands=True) in ROW_MESSAGES["principal_too_large"].en
    rows = [payment_row("R1", largest, "2026-10-01", loan="L2"), payment_row("R2", too_large, "2026-10-02", loan="L2")]
    paid = await world.send(
        client, "payments", [*rows, payment_row("R3", largest, "2026-10-02", loan="L2")], "2026-10-31"
    )
    assert (paid["status"], paid["accepted"]) == ("completed", 3), paid


async def test_loan_of_a_cooperative_outside_reach_is_rejected(world: World, client_of: ClientOf) -> None:
    await world.cooperative("C9", "9001")
    await world.members("C9", "1")
    client = await client_of("debt", scopes="feed:write", areas=["52"])

    delivery = await world.send(client, "loans", [loan_row(code="C9")])

    assert delivery["rejected"] == 1
    rejects = (await client.get(f"/debt/v1/feed-deliveries/{delivery['id']}/rejects")).text
    assert "out_of_reach" in rejects


async def test_rows_find_their_members_by_the_index(
    world: World, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under row-level security an expression over the row would compare every row of the file with every member."""
    cooperative_id = await world.cooperative()
    await world.rows(
        "insert into member (id, person_id, cooperative_id, member_number_hash, member_kind, status, epoch, version)"
        " select gen_random_uuid(), gen_random_uuid(), cast(:id as uuid), md5(cast(n as text)), 'ordinary', 'active',"
        " 1, 1 from generate_series(1, 20000) as n",
        id=cooperative_id,
    )
    plans: list[str] = []
    execute = WriteSession.execute

    async def explain(session: WriteSession, sql: str, /, **parameters: Any) -> int:
        if "set status = 'waiting'" in sql and "named" in sql:
            plans.append("\n".join(row["QUERY PLAN"] for row in await session.fetch(f"explain {sql}", **parameters)))
        return await execute(session, sql, **parameters)

    monkeypatch.setattr(WriteSession, "execute", explain)
    client = await client_of("debt", scopes="feed:write", areas=["52"])
    delivery = await world.send(client, "loans", [loan_row(str(number), f"L{number}") for number in range(20)])

    assert delivery["waiting"] == 20
    assert plans
    assert all("ix_member_member_number_hash" in plan for plan in plans), plans
