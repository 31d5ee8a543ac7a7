"""Goal: a caller does what his scopes say and sees what his reach says: areas, or today's assignments, never more."""

from collections.abc import AsyncIterator
from datetime import date
from typing import NamedTuple
from uuid import UUID

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter, FastAPI

from shared.chassis.auth.assignments import AssignedReach, Assignment, store_assignments
from shared.chassis.auth.caller import CurrentCaller, areas_reach
from shared.chassis.database import Database
from shared.chassis.events import Catalogue
from shared.chassis.http.app import create_app
from shared.chassis.http.problems import Unauthenticated, Unavailable
from shared.chassis.inbox import Inbox
from shared.chassis.reach import Reach
from shared.chassis.service import Service
from shared.chassis.settings import Settings
from shared.chassis.testing.tokens import TokenIssuer
from tests.shared.chassis.http.conftest import FAR, NEAR, ClientOf, key, note
from tests.shared.chassis.http.example import NAME

TODAY = date(2022, 10, 1)


class Held(NamedTuple):
    """One assignment, as an event would say it."""

    cooperative_id: UUID
    valid_from: date
    valid_to: date | None
    delegate_of: str | None = None


async def test_no_token_is_told_apart_from_a_bad_one(client: httpx2.AsyncClient) -> None:
    for headers, challenge in (
        ({"authorization": ""}, 'Bearer realm="plodnee"'),
        ({"authorization": "Basic dTpw"}, 'Bearer realm="plodnee"'),
        ({"authorization": "Bearer x.y.z"}, 'Bearer realm="plodnee", error="invalid_token"'),
    ):
        answer = await client.get("/notes", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == challenge


async def test_missing_scope_is_403_and_says_which(client_of: ClientOf) -> None:
    answer = await client_of(scopes="note:read").post("/notes", json=note("x"), headers=key())
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:plodnee:problem:insufficient-scope"
    assert 'error="insufficient_scope", scope="note:write"' in answer.headers["www-authenticate"]


async def test_token_of_another_service_is_401(client_of: ClientOf) -> None:
    assert (await client_of(aud=["plodnee-debt"]).get("/notes")).status_code == 401


@pytest.mark.parametrize(
    ("areas", "seen"), [(["TH"], 2), (["52"], 1), (["10"], 1), ([], 0), (["99"], 0), (["5"], 0), (["๕๒"], 0)]
)
async def test_reach_by_areas(client_of: ClientOf, areas: list[str], seen: int) -> None:
    await client_of(areas=["52"]).post("/notes", json=note("near"), headers=key())
    await client_of(areas=["10"]).post("/notes", json=note("far", FAR), headers=key())
    answer = await client_of(areas=areas).get("/notes")
    assert len(answer.json()["items"]) == seen


@pytest.mark.parametrize("areas", ["TH", {"TH": 1}, [52], None])
def test_malformed_areas_let_nobody_in(areas: object) -> None:
    with pytest.raises(Unauthenticated):
        areas_reach({"areas": areas})


def test_every_area_counts_and_none_of_another_token() -> None:
    """What is remembered of one token is never another's."""
    both = Reach(provinces=frozenset({"52"}), districts=frozenset({"5001"}))
    for areas, reach in ((["52", "5001"], both), (["52"], Reach(provinces=frozenset({"52"}))), (["52", "5001"], both)):
        assert areas_reach({"areas": areas}) == reach


def test_empty_areas_never_fall_back_to_assignments() -> None:
    reach = areas_reach({"areas": []})
    assert reach is not None
    assert not reach.everything
    assert areas_reach({}) is None


class Listening:
    """The example as a service that learns assignments by event, with a reach whose clocks the test holds."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self.clock = 0.0
        self.today = TODAY
        runtime = app.state.runtime
        self.assigned = AssignedReach(
            runtime.database, NAME, settings.assignment_age_max_seconds, lambda: self.today, lambda: self.clock
        )
        runtime.assigned = self.assigned


@pytest.fixture
def listening(app: FastAPI, example_settings: Settings) -> Listening:
    return Listening(app, example_settings)


@pytest_asyncio.fixture
async def worker(example_settings: Settings, owner: asyncpg.Connection) -> AsyncIterator[Database]:
    database = Database(example_settings, NAME, "worker", "test")
    yield database
    await database.close()


async def beat(owner: asyncpg.Connection, seconds_ago: float = 0, lag_seconds: float = 0) -> None:
    await owner.execute(
        """
        insert into consumer_heartbeat values ($1, now() - make_interval(secs => $2), 0, $3)
        on conflict (consumer) do update set polled_at = excluded.polled_at, lag_seconds = excluded.lag_seconds
        """,
        NAME,
        seconds_ago,
        lag_seconds,
    )


async def assign(worker: Database, version: int, *assignments: Assignment) -> bool:
    async with worker.unscoped() as session:
        return await store_assignments(session, "officer-1", (1, version), assignments)


async def test_reach_by_assignment_holds_on_its_days_only(
    listening: Listening, worker: Database, owner: asyncpg.Connection
) -> None:
    await beat(owner)
    await assign(
        worker,
        1,
        Held(NEAR, date(2022, 9, 1), date(2022, 10, 1)),
        Held(FAR, date(2022, 10, 2), None, delegate_of="officer-2"),
    )
    reach = await listening.assigned.of("officer-1")
    assert (reach.cooperatives, reach.everything, reach.provinces) == (frozenset({NEAR}), False, frozenset())
    listening.clock, listening.today = 6.0, date(2022, 10, 2)
    assert (await listening.assigned.of("officer-1")).cooperatives == frozenset({FAR})
    assert (await listening.assigned.of("nobody")).cooperatives == frozenset()


async def test_change_of_assignment_is_seen_within_five_seconds(
    listening: Listening, worker: Database, owner: asyncpg.Connection
) -> None:
    await beat(owner)
    await assign(worker, 1, Held(NEAR, TODAY, None))
    assert (await listening.assigned.of("officer-1")).cooperatives == frozenset({NEAR})
    await assign(worker, 2)
    listening.clock = 5.0
    assert (await listening.assigned.of("officer-1")).cooperatives == frozenset()


async def test_older_assignment_changes_nothing(worker: Database, owner: asyncpg.Connection) -> None:
    assert await assign(worker, 2, Held(NEAR, TODAY, None))
    assert not await assign(worker, 1, Held(FAR, TODAY, None))
    assert not await assign(worker, 2, Held(FAR, TODAY, None))
    assert [row["cooperative_id"] for row in await owner.fetch("select * from officer_cooperative")] == [NEAR]


@pytest.mark.parametrize(("seconds_ago", "lag_seconds"), [(901, 0), (1, 900), (500, 500)])
async def test_old_knowledge_of_assignments_refuses_access(
    listening: Listening, worker: Database, owner: asyncpg.Connection, seconds_ago: float, lag_seconds: float
) -> None:
    await assign(worker, 1, Held(NEAR, TODAY, None))
    with pytest.raises(Unavailable):
        await listening.assigned.of("officer-1")  # no heartbeat at all
    await beat(owner, seconds_ago, lag_seconds)
    with pytest.raises(Unavailable):
        await listening.assigned.of("officer-1")
    await beat(owner)
    assert (await listening.assigned.of("officer-1")).cooperatives == frozenset({NEAR})


async def test_old_knowledge_is_told_as_503_and_areas_are_not_affected(
    listening: Listening, client_of: ClientOf
) -> None:
    answer = await client_of(areas=None, subject="officer-1").get("/notes")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert (await client_of(areas=["52"]).get("/notes")).status_code == 200


async def test_officer_reads_and_writes_only_in_assigned_cooperatives(
    listening: Listening, worker: Database, owner: asyncpg.Connection, client_of: ClientOf
) -> None:
    await beat(owner)
    await assign(worker, 1, Held(NEAR, TODAY, None))
    await client_of(areas=["10"]).post("/notes", json=note("far", FAR), headers=key())
    officer = client_of(areas=None, subject="officer-1")
    assert (await officer.post("/notes", json=note("mine"), headers=key())).status_code == 201
    assert (await officer.post("/notes", json=note("not mine", FAR), headers=key())).status_code == 409
    assert [item["title"] for item in (await officer.get("/notes")).json()["items"]] == ["mine"]


@pytest.mark.parametrize(
    ("owns", "heard", "checked"), [(True, True, False), (False, True, True), (False, False, False)]
)
def test_only_a_service_that_hears_assignments_checks_their_age(
    example_settings: Settings, owns: bool, heard: bool, checked: bool
) -> None:
    inbox = Inbox(NAME, Catalogue([])) if heard else None
    service = Service(NAME, "Notes", "บันทึก", inbox=inbox, owns_assignments=owns, migrated=False)
    app = create_app(service, settings=example_settings)
    assert (app.state.runtime.assigned._consumer is not None) is checked


async def test_caller_is_known_by_client_and_position(
    example_settings: Settings, owner: asyncpg.Connection, token_issuer: TokenIssuer
) -> None:
    router = APIRouter()

    @router.get("/me")
    async def me(caller: CurrentCaller) -> dict[str, object]:
        return {"subject": caller.subject, "client": caller.client_id, "name": caller.name, "roles": list(caller.roles)}

    app = create_app(Service(NAME, "Me", "ฉัน", [router], migrated=False), settings=example_settings)
    text = token_issuer.token(subject="s", client_id="c", areas=["TH"], name="Chief", roles=["chief", 7])
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as client,
    ):
        answer = await client.get(f"/{NAME}/v1/me", headers={"authorization": f"bearer {text}"})
    assert answer.json() == {"subject": "s", "client": "c", "name": "Chief", "roles": ["chief"]}
