"""Goal: a file arrives once however often it is sent, within its bounds, and its job shows how far it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from shared.chassis.database import Database
from shared.chassis.feeds.service import PART_BYTES
from shared.chassis.http.app import create_app
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from tests.shared.chassis.feeds.conftest import SERVICE, Sender, SenderOf
from tests.shared.chassis.feeds.example import TOOLS

HEAD = "cooperative_code,number\n"


async def test_repeated_request_repeats_its_answer_and_stores_nothing(sender: Sender) -> None:
    first = await sender.post(HEAD + "C1,1\n", key="once")
    second = await sender.post(HEAD + "C1,1\n", key="once")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert (
        first.headers["location"] == second.headers["location"] == f"/registry/v1/feed-deliveries/{first.json()['id']}"
    )
    assert second.headers["idempotency-replayed"] == "true"
    assert await sender.count("select count(*) from feed_delivery") == 1
    assert await sender.count("select count(*) from feed_file_part") == 1
    assert await sender.count("select count(*) from job") == 1


@pytest.mark.parametrize("options", [{"body": HEAD + "C1,2\n"}, {"as_of": "2022-08-31"}])
async def test_key_used_for_another_file_is_refused(sender: Sender, options: dict[str, str]) -> None:
    await sender.post(HEAD + "C1,1\n", key="once")
    response = await sender.post(**{"body": HEAD + "C1,1\n", "key": "once", **options})
    assert response.status_code == 422
    assert response.json()["type"].endswith("idempotency-key-reused")
    assert await sender.count("select count(*) from feed_file_part") == 1


async def test_request_without_a_key_is_refused(sender: Sender) -> None:
    response = await sender.client.post(
        "/registry/v1/feed-deliveries?kind=tools&as_of=2022-09-30", content=HEAD, headers={"content-type": "text/csv"}
    )
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"kind": "spoons"}, 422),
        ({"as_of": "2999-01-01"}, 422),
        ({"as_of": "2565-09-30"}, 422),
        ({"as_of": "yesterday"}, 422),
        ({"content_type": "application/json"}, 415),
    ],
)
async def test_request_that_makes_no_sense_is_refused(sender: Sender, options: dict[str, str], status: int) -> None:
    assert (await sender.post(HEAD, **options)).status_code == status
    assert await sender.count("select count(*) from feed_file_part") == 0


async def test_sending_needs_its_scope(sender_of: SenderOf) -> None:
    reader = await sender_of("reader", scopes="job:read")
    assert (await reader.post(HEAD)).status_code == 403
    assert (await reader.client.get("/registry/v1/feed-deliveries")).status_code == 403


async def test_large_body_is_stored_in_parts_and_read_whole(sender: Sender) -> None:
    lines = [f"C1,{number:07d}\n" for number in range(3 * PART_BYTES // 11)]
    delivery = await sender.post(HEAD + "".join(lines))
    assert await sender.count("select count(*) from feed_file_part") == 4
    assert await sender.count("select max(octet_length(bytes)) from feed_file_part") == PART_BYTES
    assert delivery.json()["file_bytes"] == len(HEAD) + 11 * len(lines)


async def test_body_above_the_bound_is_refused_also_when_it_does_not_say_its_size(sender_of: SenderOf) -> None:
    sender = await sender_of()
    bound = sender.settings.upload_body_bytes_max
    sender.client._transport.app.state.runtime.settings.upload_body_bytes_max = PART_BYTES * 2  # type: ignore[attr-defined]

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * PART_BYTES

    try:
        for content in (b"x" * PART_BYTES * 3, endless()):
            response = await sender.client.post(
                "/registry/v1/feed-deliveries?kind=tools&as_of=2022-09-30",
                content=content,
                headers={"content-type": "text/csv", "idempotency-key": "large"},
            )
            assert response.status_code == 413
    finally:
        sender.client._transport.app.state.runtime.settings.upload_body_bytes_max = bound  # type: ignore[attr-defined]
    assert await sender.count("select count(*) from feed_file_part") == 0


@asynccontextmanager
async def sending(settings: Settings, token_issuer: TokenIssuer) -> AsyncIterator[httpx2.AsyncClient]:
    """A partner's system before an app with settings of its own."""
    app = create_app(SERVICE, settings=settings)
    token = token_issuer.token(subject="core", areas=["52"], scopes="feed:write job:read")
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        headers = {"authorization": f"Bearer {token}", "content-type": "text/csv"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            yield client


async def send_slowly(client: httpx2.AsyncClient, key: str, may_go_on: asyncio.Event) -> httpx2.Response:
    async def body() -> AsyncIterator[bytes]:
        yield HEAD.encode()
        await may_go_on.wait()
        yield b"C1,1\n"

    address = "/registry/v1/feed-deliveries?kind=tools&as_of=2022-09-30"
    return await client.post(address, content=body(), headers={"idempotency-key": key})


async def test_slow_uploads_leave_connections_to_other_requests(
    feed_settings: Settings, database: Database, token_issuer: TokenIssuer
) -> None:
    bounds = {"database_pool_size": 2, "database_pool_wait_seconds": 1.0}
    may_go_on = asyncio.Event()
    async with sending(feed_settings.model_copy(update=bounds), token_issuer) as client:
        uploads = {asyncio.create_task(send_slowly(client, key, may_go_on)) for key in ("one", "two")}
        refused, under_way = await asyncio.wait(uploads, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result().status_code for task in refused] == [503]
        assert (await client.get("/registry/v1/feed-deliveries")).status_code == 200
        may_go_on.set()
        assert [(await task).status_code for task in under_way] == [202]


async def test_upload_outlasts_the_pause_that_other_transactions_may_make(
    feed_settings: Settings, database: Database, token_issuer: TokenIssuer
) -> None:
    may_go_on = asyncio.Event()
    async with sending(
        feed_settings.model_copy(update={"idle_in_transaction_timeout_ms": 200}), token_issuer
    ) as client:
        upload = asyncio.create_task(send_slowly(client, "once", may_go_on))
        await asyncio.sleep(1)
        may_go_on.set()
        assert (await upload).status_code == 202


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_file"),
        (HEAD.encode(), "empty_file"),
        ("cooperative_code,number\nC1,ก\n".encode("cp874"), "wrong_encoding"),
        (b"cooperative_code;number\nC1;1\n", "wrong_delimiter"),
        (b"cooperative_code,colour\nC1,1\n", "unknown_column"),
        (b'cooperative_code,number\nC1,1\nC1,"2\n', "unreadable_csv"),
    ],
)
async def test_file_that_cannot_be_read_fails_with_its_reason_and_leaves_nothing(
    sender: Sender, body: bytes, code: str
) -> None:
    delivery = await sender.send(body)
    assert (delivery["status"], delivery["error"]["code"]) == ("failed", code)
    assert delivery["error"]["message_th"]
    for table in ("feed_file_part", "feed_row", "feed_reject", "tool"):
        assert await sender.count(f"select count(*) from {table}") == 0


async def test_file_with_too_many_rows_is_refused(sender: Sender) -> None:
    sender.settings.feed_rows_max = 5
    delivery = await sender.send(HEAD + "".join(f"C1,{number}\n" for number in range(6)))
    assert delivery["error"]["code"] == "too_many_rows"


async def test_job_of_a_delivery_is_shown_to_its_sender(sender: Sender, sender_of: SenderOf) -> None:
    delivery = await sender.send(HEAD + "C1,1\n")
    address = f"/registry/v1/jobs/{delivery['job_id']}"
    job = (await sender.client.get(address)).json()
    assert (job["kind"], job["status"], job["done"], job["total"], job["phase"]) == (
        "feed",
        "succeeded",
        1,
        1,
        "applying",
    )
    assert job["result"] == {"rows": 1, "accepted": 1, "unchanged": 0, "older": 0, "rejected": 0, "waiting": 0}
    stranger = await sender_of("stranger", areas=["57"])
    assert (await stranger.client.get(address)).status_code == 404
    neighbour = await sender_of("chief", areas=["52"])
    assert (await neighbour.client.get(address)).status_code == 200
    cancel = await neighbour.client.post(f"{address}/cancel", headers={"idempotency-key": "x"})
    assert cancel.status_code == 403


async def test_list_of_deliveries_is_paged_the_newest_first(sender: Sender) -> None:
    ids = [(await sender.post(f"{HEAD}C1,{number}\n")).json()["id"] for number in range(5)]
    first = (await sender.client.get("/registry/v1/feed-deliveries?limit=3&kind=tools")).json()
    second = (
        await sender.client.get(f"/registry/v1/feed-deliveries?limit=3&kind=tools&cursor={first['next_cursor']}")
    ).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None
    assert (await sender.client.get("/registry/v1/feed-deliveries?kind=spoons")).json()["items"] == []


async def test_kinds_are_described(sender: Sender) -> None:
    kind, loose = (await sender.client.get("/registry/v1/feed-kinds")).json()
    assert (kind["kind"], loose["kind"]) == ("tools", "loose-tools")
    assert kind["key"] == ["cooperative_code", "number"]
    assert [column["name"] for column in kind["columns"]] == [column.name for column in TOOLS.columns]
    assert kind["columns"][4]["choices"] == ["plough", "Pump"]


async def test_api_pages_describe_the_upload(sender: Sender) -> None:
    document = (await sender.client.get("/registry/openapi.json")).json()
    operation = document["paths"]["/registry/v1/feed-deliveries"]["post"]
    assert set(operation["requestBody"]["content"]) >= {"text/csv"}
    assert {parameter["name"] for parameter in operation["parameters"]} >= {"kind", "as_of", "Idempotency-Key"}
