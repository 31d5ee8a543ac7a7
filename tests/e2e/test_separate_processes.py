"""Goal: services as separate processes lose nothing and double nothing while workers are killed, added and drained."""

import signal

import httpx2

from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from tests.e2e.conftest import Processes, query, wait_until

COOPERATIVES = 60


def _feed(number_from: int, number_to: int) -> bytes:
    heading = (
        "cooperative_code,kind,cooperative_type,name_th,name_en,province_code,district_code,registered_on,"
        "strength_level,status\n"
    )
    rows = (
        f"E{number:04},cooperative,agricultural,สหกรณ์ทดสอบที่ {number},,52,5201,2530-01-15,2,active\n"
        for number in range(number_from, number_to)
    )
    return (heading + "".join(rows)).encode()


def test_an_event_crosses_processes_while_workers_are_killed_and_a_second_member_joins(
    processes: Processes, settings: Settings, token_issuer: TokenIssuer
) -> None:
    registry = processes.start_api("registry")
    registry_worker = processes.start("worker", "registry")
    first_member = processes.start("worker", "livelihood", "--only", "consumer")
    token = token_issuer.token(scopes="feed:write cooperative:read job:read", areas=["TH"], subject="agency-feed")
    client = httpx2.Client(base_url=registry, headers={"authorization": f"Bearer {token}"}, timeout=30)

    def send(number_from: int, number_to: int) -> None:
        answer = client.post(
            "/registry/v1/feed-deliveries?kind=cooperatives&as_of=2022-09-30",
            content=_feed(number_from, number_to),
            headers={"content-type": "text/csv", "idempotency-key": f"{number_from}-{number_to}"},
        )
        assert answer.status_code == 202, answer.text
        wait_until(lambda: client.get(answer.headers["location"]).json()["status"] == "completed")

    def arrived() -> int:
        return query(settings, processes, "livelihood", "select count(*) from cooperative")

    send(0, COOPERATIVES // 3)
    wait_until(lambda: arrived() == COOPERATIVES // 3)

    first_member.kill()  # no drain: its part goes to whoever joins
    registry_worker.kill()
    processes.start("worker", "registry")
    second_member = processes.start("worker", "livelihood", "--only", "consumer")
    send(COOPERATIVES // 3, 2 * COOPERATIVES // 3)
    wait_until(lambda: arrived() == 2 * COOPERATIVES // 3)

    third_member = processes.start("worker", "livelihood", "--only", "consumer")
    send(2 * COOPERATIVES // 3, COOPERATIVES)
    wait_until(lambda: arrived() == COOPERATIVES)

    second_member.send_signal(signal.SIGTERM)
    assert second_member.wait(30) == 0, "a drain ends by itself, without an error"
    assert third_member.poll() is None
    versions = query(settings, processes, "livelihood", "select count(*) from cooperative where version <> 1")
    assert versions == 0, "the same file is one version of each co-operative"
    assert query(settings, processes, "registry", "select count(*) from outbox") == 0
    assert query(settings, processes, "livelihood", "select count(*) from dead_letter") == 0


def test_an_api_killed_at_once_after_its_answer_has_committed(
    processes: Processes, settings: Settings, token_issuer: TokenIssuer
) -> None:
    address = processes.start_api("registry")
    api = processes.newest
    token = token_issuer.token(scopes="cooperative:read cooperative:write feed:write", areas=["TH"])
    answer = httpx2.post(
        f"{address}/registry/v1/feed-deliveries?kind=cooperatives&as_of=2022-09-30",
        content=_feed(0, 1),
        headers={"content-type": "text/csv", "idempotency-key": "k", "authorization": f"Bearer {token}"},
    )
    api.kill()
    assert answer.status_code == 202
    assert query(settings, processes, "registry", "select count(*) from feed_delivery") == 1
